"""Reads a document that a CLI writes anew while it works."""

from collections.abc import Callable
from pathlib import Path

from fleet_agent.clis.model import Answered, Called, Heard
from fleet_agent.clis.usage import Spent
from fleet_agent.files import UnfitFileError, read_plain_file

_LARGEST = 16 * 1024 * 1024


class Document:
    """One file of a CLI's home and its reader; the agent may have put anything in its place."""

    def __init__(self, path: Path, read: Callable[[bytes], tuple[Heard, ...]]) -> None:
        self._path = path
        self._read = read
        self._seen: tuple[int, int] | None = None
        self._steps = 0

    def news(self) -> tuple[Heard, ...]:
        """Return what was used, and the calls that were not told before, where it changed."""
        now = self._state()
        if now is None or now == self._seen:
            return ()
        self._seen = now
        return tuple(e for e in self._told() if isinstance(e, Spent | Called | Answered))

    def last_words(self) -> tuple[Heard, ...]:
        """Return all that it says now that the CLI has ended, but calls that were told before."""
        return self._told()

    def _told(self) -> tuple[Heard, ...]:
        try:
            told = self._read(read_plain_file(self._path, _LARGEST))
        except (OSError, UnfitFileError):
            return ()
        steps = [event for event in told if isinstance(event, Called | Answered)]
        fresh, self._steps = steps[self._steps :], max(self._steps, len(steps))
        return (*fresh, *(event for event in told if not isinstance(event, Called | Answered)))

    def _state(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat(follow_symlinks=False)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size
