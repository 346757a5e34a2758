"""What the agent committed by itself, for the message alone: its own word, read as plain text."""

from pathlib import Path

from fleet.adapters.git.command import text
from fleet.adapters.plain_files import first_bytes, folder_below

_BYTES = 256 * 1024
_SUBJECTS = 50
_LENGTH = 200


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
        with folder_below(private.parent, (private.name, "logs")) as logs:
            return first_bytes("HEAD", _BYTES, folder=logs)
    except OSError:
        return b""


def _printable(subject: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in subject).strip()
