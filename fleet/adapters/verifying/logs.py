"""The logs of checks as files of the home: bounded, redacted, fit to be shown on a terminal."""

import logging
import os
import re
from contextlib import suppress
from pathlib import Path

from fleet.adapters.plain_files import folder_made
from fleet.adapters.redaction import Redaction
from fleet.adapters.verifying.transcript import Transcript

_FOLDER = ("traces", "checks")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# all that could move a cursor, colour a line or turn its direction; a line feed and a tab may stay
_CONTROL = re.compile(r"[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")

log = logging.getLogger(__name__)


class CheckLogs:
    """The folder `traces/checks` of a home; the redaction knows secrets by value."""

    def __init__(self, home: Path, redaction: Redaction) -> None:
        self._home = home
        self._redaction = redaction

    def redacted(self, text: str) -> str:
        """Answer the text without secrets."""
        return self._redaction.clean(text)

    def keep(self, name: str, transcript: Transcript) -> str:
        """Write the check's log anew; answer its path below the home, "" where it was not possible.

        A full disk costs the log, never the verdict.
        """
        file = f"{name}.log"
        try:
            with folder_made(self._home, _FOLDER) as place:
                self._write(file, transcript, place=place)
        except OSError as error:
            log.warning("log of a check lost", extra={"check": name, "reason": str(error)})
            return ""
        return "/".join((*_FOLDER, file))

    def _write(self, file: str, transcript: Transcript, *, place: int) -> None:
        aside = f".{file}"
        with suppress(FileNotFoundError):
            os.unlink(aside, dir_fd=place)  # what a killed one left
        with os.fdopen(os.open(aside, _NEW, 0o600, dir_fd=place), "w", encoding="utf-8") as stream:
            for piece in transcript.pieces():
                stream.write(self.redacted(_plain(piece)))
        os.replace(aside, file, src_dir_fd=place, dst_dir_fd=place)


def _plain(text: str) -> str:
    return _CONTROL.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
