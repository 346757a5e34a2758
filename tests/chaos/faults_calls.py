"""Faults between fleet and its engine: answers lost, late or wrong; lines late, doubled or cut."""

import re
import struct
from collections.abc import Iterator
from random import Random  # noqa: TID251 - a fault is given a seeded one
from threading import Lock

from tests.chaos.go_between import GoBetween, Meddling, pause
from tests.chaos.stage import Fault, Stage

_FRAME = struct.Struct(">BxxxL")
# what has an effect, and is asked for often enough that some of it may go wrong
_EFFECTS = re.compile(r"/containers/(create|[^/]+/(start|stop|kill|wait))|/networks/create")
_SPARED = (8, 24)  # calls with an effect between two that go wrong: a check is five of them


class Between(Fault):
    """A fault that a go-between plays: it stands there from before a life until after it."""

    during = False

    def __init__(self, name: str, kind: "type[_Dice]") -> None:
        self.name = name
        self._kind = kind
        self._meddling: _Dice | None = None
        self._open: GoBetween | None = None

    def able(self, stage: Stage) -> str:
        return ""

    def begin(self, stage: Stage) -> None:
        self._meddling = self._kind(Random(stage.random.random()))
        self._open = GoBetween(stage.engine, self._meddling)
        stage.variables["DOCKER_HOST"] = self._open.url

    def end(self, stage: Stage) -> None:
        if self._open is None or self._meddling is None:
            return
        self._open.close()
        self._open = None
        if self._meddling.times:
            stage.note(f"{self.name}: {self._meddling.times} times")
        stage.variables["DOCKER_HOST"] = stage.engine


class _Dice(Meddling):
    """Meddles with nothing; knows how to draw from many threads, and counts its deeds."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._lock = Lock()
        self.times = 0
        self._left = random.randint(*_SPARED)

    def answer(self, method: str, path: str) -> int | None:
        return None

    def stream(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        return blocks

    def _strikes(self, method: str, path: str) -> bool:
        """Tell whether this call is the one that goes wrong: now and then one with an effect."""
        if method != "DELETE" and not (method == "POST" and _EFFECTS.search(path)):
            return False
        with self._lock:
            self._left -= 1
            if self._left > 0:
                return False
            self._left = self._random.randint(*_SPARED)
            self.times += 1
            return True

    def _counted(self) -> None:
        with self._lock:
            self.times += 1

    def _seconds(self, least: float, most: float) -> float:
        with self._lock:
            return self._random.uniform(least, most)


class AnswersLost(_Dice):
    """The engine did it, and the connection broke before it said so."""

    def answer(self, method: str, path: str) -> int | None:
        return 0 if self._strikes(method, path) else None


class AnswersTimedOut(_Dice):
    """The engine did it, and says that it took too long."""

    def answer(self, method: str, path: str) -> int | None:
        return 500 if self._strikes(method, path) else None


class AnswersLate(_Dice):
    """The engine did it, and says so seconds later."""

    def answer(self, method: str, path: str) -> int | None:
        if self._strikes(method, path):
            pause(self._seconds(1, 4))
        return None


class LinesLate(_Dice):
    """Each piece of a log comes seconds later, in pieces of few bytes."""

    def stream(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._counted()
            pause(self._seconds(0.1, 1.5))
            for start in range(0, len(block), 7):
                yield block[start : start + 7]


class LinesDoubled(_Dice):
    """Each piece of a log comes twice."""

    def stream(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for frame in _frames(blocks):
            self._counted()
            yield frame * 2


class LinesCut(_Dice):
    """A log breaks off after some bytes, in the middle of a line; who asks again hears more."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._most = 100.0

    def stream(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        self._most *= 1.5
        left = int(self._seconds(1, self._most))
        for block in blocks:
            yield block[:left]
            left -= len(block)
            if left <= 0:
                self._counted()
                return


def _frames(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Cut a log into whole frames, as the engine made them."""
    rest = b""
    for block in blocks:
        rest += block
        while len(rest) >= _FRAME.size:
            size = _FRAME.size + _FRAME.unpack_from(rest)[1]
            if len(rest) < size:
                break
            yield rest[:size]
            rest = rest[size:]


CALLS: tuple[Fault, ...] = (
    Between("answers lost", AnswersLost),
    Between("calls time out though they succeed", AnswersTimedOut),
    Between("answers late", AnswersLate),
    Between("lines late and in pieces", LinesLate),
    Between("lines doubled", LinesDoubled),
    Between("lines cut off", LinesCut),
)
