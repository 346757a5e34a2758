"""What the agent committed by itself, for the message alone: its own word, read as plain text."""

import os
import stat
from pathlib import Path

from fleet.adapters.git.command import text

_BYTES = 256 * 1024
_SUBJECTS = 50
_LENGTH = 200
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def agent_commits(private: Path) -> tuple[str, ...]:
    """Answer the subjects in the private git directory's log of HEAD, oldest first.

    Git is never asked: the agent owns that directory's configuration. What looks odd is
    no commit.
    """
    subjects = []
    for line in text(_log(private)).splitlines():
        _, _, said = line.partition("\t")
        kind, _, subject = said.partition(": ")
        if kind.split(" ")[0] == "commit" and subject:
            subjects.append(_printable(subject)[:_LENGTH])
    return tuple(subjects[:_SUBJECTS])


def _log(private: Path) -> bytes:
    try:
        folder = os.open(private, _FOLDER)
    except OSError:
        return b""
    try:
        logs = os.open("logs", _FOLDER, dir_fd=folder)
        os.close(folder)
        folder = logs
        with open(os.open("HEAD", _FILE, dir_fd=folder), "rb") as log:  # noqa: PTH123
            regular = stat.S_ISREG(os.fstat(log.fileno()).st_mode)
            return log.read(_BYTES) if regular else b""
    except OSError:
        return b""
    finally:
        os.close(folder)


def _printable(subject: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in subject).strip()
