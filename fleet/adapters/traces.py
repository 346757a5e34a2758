"""Traces: one JSON-lines file an attempt, bounded, redacted, never through a link."""

import json
import math
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from fleet.adapters.plain_files import folder_made
from fleet.adapters.redaction import Redaction
from fleet.domain.errors import FleetError
from fleet.ports import Traces

LONGEST_LINE = 64 * 1024

_ATTEMPT = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
# characters of one text that are looked at; a secret cut in two there is cut off later for sure
_LOOKED_AT = 2 * LONGEST_LINE
_DEEPEST = 32
_APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class JsonlTraces(Traces):
    """Traces in a folder; the redaction knows secrets by value. Safe to use from many threads."""

    def __init__(self, folder: Path, redaction: Redaction) -> None:
        self._folder = folder
        self._redaction = redaction
        self._lock = Lock()

    def write(self, attempt: str, entries: Sequence[Mapping[str, Any]]) -> None:
        """Append entries; raises FleetError when the file cannot be written or is no plain file."""
        name = _file_name(attempt)
        text = b"".join(self._line(entry) for entry in entries)
        if not text:
            return
        with self._lock:
            try:
                self._append(name, text)
            except OSError as error:
                raise FleetError(
                    f"trace {self._folder / name} cannot be written: {error.strerror}",
                    remedy="it must be a plain file in a plain folder, on a disk with room",
                ) from error

    def _append(self, name: str, text: bytes) -> None:
        with (
            folder_made(self._folder.parent, (self._folder.name,)) as folder,
            _opened(name, folder) as file,
        ):
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                raise OSError(0, "it is a device, a pipe or a second name of a file")
            # a coordinator killed while writing leaves half a line: it must not spoil the next
            if found.st_size and os.pread(file, 1, found.st_size - 1) != b"\n":
                text = b"\n" + text
            while text:
                text = text[os.write(file, text) :]

    def _line(self, entry: Mapping[str, Any]) -> bytes:
        whole = self._clean(entry, depth=0)
        longest = LONGEST_LINE
        line = _encoded(whole)
        while len(line) > LONGEST_LINE and longest > 1:
            longest //= 2
            line = _encoded(_cut(whole, longest))
        if len(line) > LONGEST_LINE:
            line = _encoded(
                {"kind": str(entry.get("kind", ""))[:100], "cut": "the entry was too long"}
            )
        return line

    def _clean(self, value: object, *, depth: int) -> object:
        if depth > _DEEPEST:
            return "[nested too deeply]"
        match value:
            case Mapping():
                pairs = value.items()
                return {self._text(k): self._clean(v, depth=depth + 1) for k, v in pairs}
            case list() | tuple():
                return [self._clean(item, depth=depth + 1) for item in value]
            case _ if value is None or isinstance(value, int) or _finite(value):
                return value
            case _:
                return self._text(value)

    def _text(self, value: object) -> str:
        return self._redaction.clean(str(value)[:_LOOKED_AT])


def _file_name(attempt: str) -> str:
    if not _ATTEMPT.fullmatch(attempt):
        raise FleetError(f"{attempt!r} is no attempt id", remedy="ids look like app-12-3-0123abcd")
    return f"{attempt}.jsonl"


def _finite(value: object) -> bool:
    # JSON has no word for the others
    return isinstance(value, float) and math.isfinite(value)


def _encoded(value: object) -> bytes:
    # lone surrogates, which JSON may carry and UTF-8 may not, become question marks
    return json.dumps(value, ensure_ascii=False).encode(errors="replace") + b"\n"


def _cut(value: object, longest: int) -> object:
    match value:
        case dict():
            return {key[:longest]: _cut(item, longest) for key, item in value.items()}
        case list():
            return [_cut(item, longest) for item in value]
        case str() if len(value) > longest:
            return f"{value[:longest]}... (cut, {len(value)} characters)"
        case _:
            return value


@contextmanager
def _opened(name: str, folder: int) -> Iterator[int]:
    descriptor = os.open(name, _APPEND, 0o600, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
