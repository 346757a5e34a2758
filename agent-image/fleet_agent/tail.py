"""Follows files that a CLI writes beside its output, such as its own record of a session."""

import os
from collections.abc import Iterator
from pathlib import Path

from fleet_agent.files import UnfitFileError, open_plain_file

_AT_ONCE = 1024 * 1024
_LONGEST_LINE = 1024 * 1024


class Tail:
    """The lines appended to files below a folder that match a pattern, since it was made."""

    def __init__(self, folder: Path, pattern: str) -> None:
        """Take note of what stands already: only what is appended from now on is told."""
        self._folder = folder
        self._pattern = pattern
        self._read = {path: path.stat().st_size for path in self._matching()}
        self._rest: dict[Path, bytes] = {}

    def lines(self) -> Iterator[bytes]:
        """Yield the lines that were finished since the last call."""
        for path in self._matching():
            data = self._appended(path)
            *lines, rest = (self._rest.get(path, b"") + data).split(b"\n")
            self._rest[path] = rest[-_LONGEST_LINE:]
            yield from lines

    def _matching(self) -> list[Path]:
        try:
            return sorted(p for p in self._folder.glob(self._pattern) if not p.is_symlink())
        except OSError:
            return []  # a folder went while it was looked through

    def _appended(self, path: Path) -> bytes:
        try:
            descriptor = open_plain_file(path)
        except (OSError, UnfitFileError):
            return b""
        try:
            data = os.pread(descriptor, _AT_ONCE, self._read.get(path, 0))
        finally:
            os.close(descriptor)
        self._read[path] = self._read.get(path, 0) + len(data)
        return data
