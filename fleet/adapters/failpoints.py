"""Failpoints: where a test lets fleet die, fail or dawdle, before and after each of its effects.

Armed by the environment, for the tests in tests/chaos alone:

    FLEET_FAILPOINTS=runtime.start:after=kill@3;worktrees.collect:before=fail;git.update-ref:after=slow
    FLEET_FAILPOINTS_SEEN=FILE

A point is `PORT.METHOD:before` or `:after`; within the ports there are `git.COMMAND` and
`engine.REQUEST`. `kill` is a SIGKILL of this very process, `fail` says that it did not work (at
`after` although it did), `slow` takes a while; `@3` means the third time, and each strikes once.
SEEN is given the name of every point when it is first passed. Unarmed, no port is wrapped.

What is armed belongs to the process, as its environment does: a kill ends all of it.
"""

import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Event, Lock
from typing import ParamSpec, TypeVar, cast

from fleet.domain.errors import ConfigError, TransientError

ARMED_BY = "FLEET_FAILPOINTS"
SEEN_BY = "FLEET_FAILPOINTS_SEEN"
SLOWNESS = 2.0  # seconds that a slow step takes longer
_ORDER = re.compile(r"([\w.-]+:(?:before|after))=(kill|fail|slow)(?:@([1-9]\d{0,6}))?")
P = ParamSpec("P")
T = TypeVar("T")


class Blow(StrEnum):
    """What happens at a point."""

    KILL = "kill"
    FAIL = "fail"
    SLOW = "slow"


@dataclass(frozen=True, kw_only=True)
class _Armed:
    """What is to happen where, and what was passed so far: `passed` counts under the lock."""

    blows: Mapping[tuple[str, int], Blow]
    seen: Path | None
    passed: Counter[str] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    def reach(self, point: str) -> None:
        with self.lock:
            self.passed[point] += 1
            times = self.passed[point]
            if times == 1 and self.seen is not None:
                with self.seen.open("a") as file:
                    file.write(f"{point}\n")
        blow = self.blows.get((point, times))
        if blow is not None:
            _strike(blow, point)


def _strike(blow: Blow, point: str) -> None:
    match blow:
        case Blow.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case Blow.FAIL:
            raise TransientError(f"failpoint {point}: said to have failed")
        case Blow.SLOW:
            Event().wait(SLOWNESS)


class _Process:
    """The one thing that changes: what this process is armed with, None for all but tests."""

    armed: _Armed | None = None


def arm(variables: Mapping[str, str]) -> None:
    """Arm this process by its environment; raises ConfigError for what is no list of points."""
    orders, seen = variables.get(ARMED_BY, ""), variables.get(SEEN_BY, "")
    _Process.armed = (
        _Armed(blows=dict(_blows(orders)), seen=Path(seen) if seen else None)
        if orders or seen
        else None
    )


def _blows(orders: str) -> Iterator[tuple[tuple[str, int], Blow]]:
    for order in filter(None, orders.split(";")):
        found = _ORDER.fullmatch(order)
        if found is None:
            remedy = "like runtime.start:after=kill@3, with kill, fail or slow"
            raise ConfigError(f"{ARMED_BY}: {order[:80]!r} is no failpoint", remedy=remedy)
        yield (found[1], int(found[3] or 1)), Blow(found[2])


@contextmanager
def around(name: str) -> Iterator[None]:
    """Pass the points before and, where nothing was raised, after the block."""
    armed = _Process.armed
    if armed is None:
        yield
        return
    armed.reach(f"{name}:before")
    yield
    armed.reach(f"{name}:after")


def watched(name: str, port: T) -> T:
    """Answer a port whose methods pass points of that name; the port itself while unarmed."""
    return port if _Process.armed is None else cast("T", _Watched(name, port))


class _Watched:
    """A port as it is, but for the points."""

    def __init__(self, name: str, port: object) -> None:
        self._name = name
        self._port = port

    def __getattr__(self, method: str) -> object:
        found = getattr(self._port, method)
        return _pointed(f"{self._name}.{method}", found) if callable(found) else found


def _pointed(name: str, call: Callable[P, object]) -> Callable[P, object]:
    def pointed(*arguments: P.args, **named: P.kwargs) -> object:
        with around(name):
            answer = call(*arguments, **named)
        return _drawn(name, answer) if isinstance(answer, Iterator) else answer

    return pointed


def _drawn(name: str, answer: Iterator[object]) -> Iterator[object]:
    """Yield what a method tells bit by bit; what comes of it is known at its end alone."""
    with around(f"{name}.told"):
        yield from answer
