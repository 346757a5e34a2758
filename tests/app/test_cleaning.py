"""A clean-up does what it said it would, and looks again before each removal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.app.cleaning import Broom, carried_out, foreseen
from fleet.app.desk import Pen
from fleet.domain.attempt import State
from fleet.domain.clearing import KEPT_REFS, Leftover, LeftoverKind
from fleet.domain.errors import FleetError
from fleet.domain.task import Resolution
from fleet.ports import Leftovers, Save
from tests.builders import NOW, a_task, an_attempt

MINE = an_attempt().id
REF = f"{KEPT_REFS}{MINE}"


@dataclass
class Heap(Leftovers):
    """Leftovers in memory; `before` is called before each removal, `stuck` cannot be removed."""

    there: list[Leftover]
    before: Callable[[Leftover], None] = lambda _: None
    stuck: frozenset[str] = frozenset()
    removed: list[str] = field(default_factory=list)

    def found(self) -> Sequence[Leftover]:
        return tuple(self.there)

    def remove(self, leftover: Leftover) -> None:
        self.before(leftover)
        if leftover.name in self.stuck:
            raise FleetError(f"{leftover.name} is stuck", remedy="pull")
        self.removed.append(leftover.name)
        self.there = [each for each in self.there if each != leftover]


@pytest.fixture
def ledger():
    return MemoryLedger(clock=ManualClock(NOW))


def left(kind: LeftoverKind, name: str = MINE, **fields: Any) -> Leftover:
    defaults: dict[str, Any] = {"where": "/there", "attempt": MINE, "task": "APP-1", "at": NOW}
    return Leftover(kind=kind, name=name, **(defaults | fields))


def a_broom(ledger: MemoryLedger, *heaps: Heap, **fields: Any) -> Broom:
    pen = Pen(ledger=ledger, clock=ManualClock(NOW), who="ann")
    defaults: dict[str, Any] = {"keep": timedelta(days=30), "coordinated": lambda: False}
    return Broom(stores=heaps, pen=pen, **(defaults | fields))


def swept(broom):
    """Carry out what is foreseen; answer what came of each removal, by name."""
    return {s.fate.leftover.name: s.trouble for s in carried_out(foreseen(broom), broom)}


def test_what_is_foreseen_is_what_is_done_in_the_same_order(ledger):
    kinds = [LeftoverKind.WORKTREE, LeftoverKind.CONTAINER, LeftoverKind.PACKET]
    heap = Heap([left(kind, name=f"{kind}-{n}") for kind in kinds for n in (2, 1)])
    broom = a_broom(ledger, heap)

    plan = foreseen(broom)
    assert heap.removed == []
    assert list(swept(broom)) == [each.leftover.name for each in plan.going] == heap.removed


def test_nothing_is_left_to_do_the_second_time(ledger):
    broom = a_broom(ledger, Heap([left(LeftoverKind.PACKET)]))

    assert swept(broom) == {MINE: ""}
    assert foreseen(broom).fates == ()


def test_an_attempt_that_the_ledger_has_learnt_of_meanwhile_is_not_touched(ledger):
    def begins(_):
        if not ledger.tasks():
            ledger.commit([Save(row=a_task()), Save(row=an_attempt())])

    heap = Heap([left(LeftoverKind.NETWORK, name="first"), left(LeftoverKind.WORKTREE)], begins)

    assert swept(a_broom(ledger, heap)) == {"first": "", MINE: "its attempt is leased"}
    assert heap.removed == ["first"]


def test_what_is_made_while_it_looks_has_its_row_when_it_judges(ledger):
    class Busy(Heap):
        def found(self):
            ledger.commit([Save(row=a_task()), Save(row=an_attempt(state=State.PREPARING))])
            return super().found()

    plan = foreseen(a_broom(ledger, Busy([left(LeftoverKind.WORKTREE)])))

    assert plan.going == ()


def test_a_worktree_stays_as_long_as_its_container_cannot_be_removed(ledger):
    there = [left(LeftoverKind.CONTAINER, name="fleet-1"), left(LeftoverKind.WORKTREE)]
    heap = Heap([*there, left(LeftoverKind.PACKET, name="other", attempt="app-2-1-0badcafe")])
    heap.stuck = frozenset({"fleet-1"})

    assert swept(a_broom(ledger, heap)) == {
        "fleet-1": "fleet-1 is stuck (pull)",
        MINE: "its container is still there",
        "other": "",
    }


def test_a_coordinator_that_has_begun_meanwhile_keeps_its_checks(ledger):
    began: list[Leftover] = []
    there = [left(LeftoverKind.PACKET, attempt="app-2-1-0badcafe")]
    checks = [left(LeftoverKind.CHECK, name="one"), left(LeftoverKind.CHECK, name="two")]
    heap = Heap([*there, *checks], began.append)

    said = swept(a_broom(ledger, heap, coordinated=lambda: bool(began)))

    assert said["one"] == ""
    assert said["two"] == "a check or a build may be at work with it"


def test_where_a_reference_stood_is_written_down_before_it_goes(ledger):
    ledger.commit([Save(row=a_task(resolution=Resolution.MERGED))])
    told = []
    heap = Heap([left(LeftoverKind.KEPT, name=REF, sha="a" * 40)])
    heap.before = lambda _: told.extend(ledger.events(task="APP-1"))

    assert swept(a_broom(ledger, heap, forced=frozenset({REF}))) == {REF: ""}
    (event,) = told
    assert (event.who, event.what) == ("ann", f"{REF} was at {'a' * 40}")


def test_what_is_kept_is_not_even_looked_at_without_its_name(ledger):
    heap = Heap([left(LeftoverKind.KEPT, name=REF)])

    assert swept(a_broom(ledger, heap)) == {}
    assert swept(a_broom(ledger, heap, forced=frozenset({f"{REF}-before"}))) == {}
    assert heap.removed == []


def test_the_proxy_stays_when_an_attempt_has_got_a_slot_meanwhile(ledger):
    def begins(_):
        if not ledger.tasks():
            ledger.commit([Save(row=a_task()), Save(row=an_attempt())])

    other = left(LeftoverKind.NETWORK, name="net", attempt="app-2-1-0badcafe", task="APP-2")
    heap = Heap([other, left(LeftoverKind.PROXY, name="proxy", attempt="", task="")], begins)

    said = swept(a_broom(ledger, heap))

    assert said["proxy"] == "who coordinates, or an attempt that runs, may need it"
