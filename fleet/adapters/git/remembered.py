"""What was asked of commits before: they never change, so neither does the answer."""

from collections.abc import Callable, Hashable, Sized
from threading import Lock
from typing import Any, TypeVar

_MOST = 200
# an answer about a larger change is asked for again
_LENGTH = 1000
_A = TypeVar("_A")


class Remembered:
    """The last answers by what was asked, in memory alone."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}
        self._lock = Lock()

    def answer(self, asked: Hashable, find: Callable[[], _A]) -> _A:
        """Answer what was found before, else find it."""
        with self._lock:
            if asked in self._known:
                known: _A = self._known[asked]
                return known
        found = find()
        self.keep(asked, found)
        return found

    def found(self, asked: Hashable) -> object:
        """Answer what was found before, None where nothing was."""
        with self._lock:
            return self._known.get(asked)

    def keep(self, asked: Hashable, found: object) -> None:
        """Remember what will be asked for."""
        if isinstance(found, Sized) and len(found) > _LENGTH:
            return
        with self._lock:
            self._known[asked] = found
            for oldest in list(self._known)[:-_MOST]:
                del self._known[oldest]
