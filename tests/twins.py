"""Twins of ports that no product is run with: a clock that wakes an alarm, vectors of words."""

import hashlib
import math
import struct
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from fleet.adapters.memory import ManualClock
from fleet.domain.errors import EmbeddingError
from fleet.domain.lesson import Vector
from fleet.memory_ports import Embedder
from fleet.ports import Alarm

_DIRECTIONS = 512


class WatchedClock(ManualClock):
    """A clock moved by hand that tells who watches it."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._watchers: list[Callable[[], None]] = []

    def set_by(self, by: timedelta) -> None:
        super().set_by(by)
        for told in tuple(self._watchers):
            told()

    def watch(self, told: Callable[[], None]) -> None:
        """Call that whenever the clock has moved."""
        self._watchers.append(told)


class MemoryAlarm(Alarm):
    """An alarm that rings while the clock is moved."""

    def __init__(self, clock: WatchedClock) -> None:
        """Go by that clock."""
        self.at: datetime | None = None
        self._clock = clock
        self._wake: Callable[[], None] | None = None
        clock.watch(self._look)

    def ready(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._look()

    def set(self, at: datetime | None) -> None:
        self.at = at
        self._look()

    def close(self) -> None:
        self._wake = None

    def _look(self) -> None:
        if self._wake is not None and self.at is not None and self._clock.now() >= self.at:
            self.at = None
            self._wake()


class TwinEmbedder(Embedder):
    """Vectors of a text's words, each word in one of many directions; fails while `down`."""

    def __init__(self) -> None:
        self.down = False
        self.asked = 0

    def space(self) -> str:
        return "words"

    def embed(self, texts: Sequence[str]) -> tuple[Vector, ...]:
        if self.down:
            raise EmbeddingError("the provider of vectors does not answer", remedy="wait")
        self.asked += len(texts)
        return tuple(map(_of_words, texts))


def _of_words(text: str) -> Vector:
    counts = [0.0] * _DIRECTIONS
    for word in text.casefold().split():
        digest = hashlib.sha256(word.encode(errors="replace")).digest()
        counts[int.from_bytes(digest[:4]) % _DIRECTIONS] += 1.0
    length = math.sqrt(sum(count * count for count in counts)) or 1.0
    return struct.pack(f"<{_DIRECTIONS}f", *(count / length for count in counts))
