"""A clean-up: what fleet left in the world is listed, judged by the ledger and removed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from fleet.app.desk import Pen
from fleet.domain.clearing import Fate, Known, Leftover, LeftoverKind, Wish, fate, fates
from fleet.domain.errors import FleetError, NotFoundError
from fleet.domain.events import Event
from fleet.domain.task import Task
from fleet.ports import Leftovers, Log

_REFERENCES = frozenset({LeftoverKind.BRANCH, LeftoverKind.KEPT})
_OF_HOME = frozenset({LeftoverKind.PROXY, LeftoverKind.IMAGE})
_OF_CHECKS = frozenset({LeftoverKind.CHECK, LeftoverKind.CHECKOUT})
# there may be thousands of these: no more is read than they are judged by
_OF_TASK = frozenset(
    {LeftoverKind.SHELF, LeftoverKind.BRANCH, LeftoverKind.TRACE, LeftoverKind.LOG}
)


@dataclass(frozen=True, kw_only=True)
class Broom:
    """With what is cleaned; `coordinated` tells whether anybody coordinates the home now.

    `forced` are the kept references that are to go, by their full names.
    """

    stores: Sequence[Leftovers]
    pen: Pen
    keep: timedelta
    coordinated: Callable[[], bool]
    forced: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What a clean-up would do: all fates in their order, and the store each leftover is in."""

    fates: tuple[Fate, ...]
    stores: Mapping[Leftover, Leftovers]

    @property
    def going(self) -> tuple[Fate, ...]:
        """Answer what goes, in the order in which it does."""
        return tuple(each for each in self.fates if each.goes)

    @property
    def staying(self) -> tuple[Fate, ...]:
        """Answer what stays."""
        return tuple(each for each in self.fates if not each.goes)


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What came of one removal: `trouble` says why it stays after all, "" where it went."""

    fate: Fate
    trouble: str = ""


def foreseen(broom: Broom) -> Foreseen:
    """Answer what a clean-up would do now; nothing is changed.

    Raises EngineDownError where the engine cannot be asked: nobody knows then who still writes.
    """
    stores = {leftover: store for store in broom.stores for leftover in store.found()}
    # the ledger last: whoever makes a thing has written its row before
    return Foreseen(fates=fates(stores, _all_known(broom), _wish(broom)), stores=stores)


def carried_out(plan: Foreseen, broom: Broom) -> Iterator[Swept]:
    """Remove what goes, each after another look into the ledger; yield what came of it."""
    writing: set[str] = set()
    for each in plan.going:
        trouble = _trouble(each.leftover, plan, broom, writing)
        if trouble and each.leftover.kind is LeftoverKind.CONTAINER:
            writing.add(each.leftover.attempt)
        yield Swept(fate=each, trouble=trouble)


def _trouble(leftover: Leftover, plan: Foreseen, broom: Broom, writing: set[str]) -> str:
    """Remove one; answer why it stays after all, "" where it went."""
    if leftover.attempt in writing:
        return "its container is still there"
    now = fate(leftover, _known_of(leftover, broom), _wish(broom))
    if not now.goes:
        return now.why
    try:
        if leftover.kind in _REFERENCES:
            _write_down(leftover, broom)
        plan.stores[leftover].remove(leftover)
    except FleetError as error:
        return str(error)
    return ""


def _write_down(leftover: Leftover, broom: Broom) -> None:
    """Log where a reference stood: as long as git has its commits somebody may want them back."""
    pen = broom.pen
    task = _task(leftover.task, broom)
    event = Event(
        kind="reference.removed",
        at=pen.clock.now(),
        who=pen.who,
        task=task.key if task else None,
        what=f"{leftover.name} was at {leftover.sha}",
    )
    pen.ledger.commit([Log(event=event)])


def _all_known(broom: Broom) -> Known:
    ledger = broom.pen.ledger
    attempts = {attempt.id: attempt for attempt in ledger.attempts()}
    return Known(
        attempts=attempts,
        tasks={task.key: task for task in ledger.tasks()},
        coordinated=broom.coordinated(),
        running=any(attempt.holds_slot for attempt in attempts.values()),
    )


def _known_of(leftover: Leftover, broom: Broom) -> Known:
    """Answer what the ledger says of one leftover by now."""
    if leftover.kind in _OF_HOME:
        return _all_known(broom)
    task = _task(leftover.task, broom)
    asked = task is not None and leftover.kind not in _OF_TASK
    attempts = broom.pen.ledger.attempts(leftover.task) if asked else ()
    return Known(
        attempts={attempt.id: attempt for attempt in attempts},
        tasks={task.key: task} if task else {},
        coordinated=leftover.kind in _OF_CHECKS and broom.coordinated(),
    )


def _task(key: str, broom: Broom) -> Task | None:
    if not key:
        return None
    try:
        return broom.pen.ledger.task(key)
    except NotFoundError:
        return None


def _wish(broom: Broom) -> Wish:
    return Wish(now=broom.pen.clock.now(), keep=broom.keep, forced=broom.forced)
