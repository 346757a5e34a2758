"""Keeps a CLI's session between two attempts of a task: one pauses for a yes, the next goes on.

The folder is the container's own, no runner and no coordinator believes what lies in it further
than the CLI itself does.
"""

import json
import re
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from fleet_agent.clis.usage import Usage
from fleet_agent.fields import FieldError, Fields, fields_of
from fleet_agent.files import UnfitFileError, read_plain_file, remove_folder, write_below

# it becomes an argument of the next start: nothing that could be taken for an option or a path
SESSION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,199}")
_NOTE = "session.json"
_LARGEST_NOTE = 64 * 1024
# folders within folders may go deeper than the interpreter
_UNFIT = (OSError, RecursionError)


@dataclass(frozen=True)
class Continued:
    """The CLI's session as the next start finds it, and what was used in it so far."""

    session: str | None = None
    used: Usage | None = None


@dataclass(frozen=True)
class Shelf:
    """Where sessions lie between attempts, and for which agent; a shelf may be absent."""

    folder: Path
    agent: str
    kept: tuple[str, ...]

    def take(self, home: Path) -> Continued:
        """Bring a session that was kept back into the home; answer an empty one where none was.

        What is taken is gone from the shelf: a session is continued once.
        """
        try:
            note = fields_of(read_plain_file(self.folder / _NOTE, _LARGEST_NOTE), _NOTE)
            continued = _continued(note)
            if note.text("agent") != self.agent:
                continued = Continued()
            for path in self.kept if continued.session else ():
                _copy(self.folder / "home" / path, home / path)
        except (*_UNFIT, UnfitFileError, FieldError):
            continued = Continued()
        self._clear()
        return continued

    def put(self, home: Path, continued: Continued) -> None:
        """Keep the session for the next attempt; without a shelf nothing is kept."""
        if continued.session is None or not self.folder.is_dir():
            return
        self._clear()
        used = asdict(continued.used) if continued.used else None
        note = {"agent": self.agent, "session": continued.session, "used": used}
        with suppress(*_UNFIT):  # a full disk costs the session, not the work
            for path in self.kept:
                _copy(home / path, self.folder / "home" / path)
            write_below(self.folder, _NOTE, json.dumps(note))

    def _clear(self) -> None:
        with suppress(OSError):
            (self.folder / _NOTE).unlink(missing_ok=True)
        remove_folder(self.folder / "home")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    elif source.is_file() and not source.is_symlink():
        shutil.copyfile(source, target)


def _continued(note: Fields) -> Continued:
    used = note.within("used")
    names = ("input_tokens", "cached_tokens", "output_tokens", "turns")
    fresh, cached, output, turns = (used.count(name) or 0 for name in names)
    usage = Usage(fresh, cached, output, turns, used.count("cost_micros"))
    session = note.text("session")
    if not SESSION_ID.fullmatch(session):
        raise note.refuse("session", "an id of a session")
    return Continued(session, usage if used.values else None)
