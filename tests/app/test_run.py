"""A run lasts until its clean end: a life that was cut off is followed by one of the same run."""

import pytest

from fleet.app.coordinator import Coordinator, Order
from fleet.app.run import STARTED, Run, run_of
from fleet.domain.errors import EngineDownError, TransientError
from fleet.ports import Log
from tests.builders import NOW, an_event
from tests.memory_world import World, a_tenure

ONE = Run(id="one", parallel=None)


@pytest.fixture
def world():
    return World()


def started(world, run):
    data = {"run": run} if run else {}
    world.ledger.commit([Log(event=an_event(STARTED, task=None, data=data))])


def life(world, run, *, tenure=None, **order):
    """Let a coordinator with nothing to do begin and end."""
    world.run = run
    coordinator = Coordinator(
        world.tools,
        Order(**order),
        tenure=tenure or a_tenure(world),
        room=lambda: "",
        seen=lambda snapshot, plan: None,
    )
    coordinator.run()


def test_nothing_is_taken_over_where_nobody_ever_began(world):
    assert run_of(world.ledger) is None


def test_a_run_without_an_end_goes_on(world):
    started(world, "one")
    started(world, "one")

    assert run_of(world.ledger) == ONE


def test_a_run_that_ended_is_not_gone_on_with(world):
    started(world, "one")

    life(world, "one")

    assert run_of(world.ledger) is None


def test_the_end_of_a_run_is_written_though_the_ledger_is_busy(world):
    started(world, "one")
    tenure, commit = a_tenure(world), world.ledger.commit

    def busy(writes):
        world.ledger.commit = commit
        raise TransientError("the ledger is locked")

    world.ledger.commit = busy

    life(world, "one", tenure=tenure)

    assert run_of(world.ledger) is None


def test_a_life_that_breaks_off_ends_no_run(world):
    started(world, "one")
    world.faults.plan("ping", EngineDownError("no answer"))

    with pytest.raises(EngineDownError):
        life(world, "one")

    assert run_of(world.ledger) == ONE


def test_who_only_merges_neither_begins_nor_ends_a_run(world):
    started(world, "one")
    started(world, None)

    life(world, "one", merges_only=True)

    assert run_of(world.ledger) == ONE


@pytest.mark.parametrize("between", [0, 999, 1000, 9000])
def test_a_run_is_found_however_much_happened_since(world, between):
    started(world, "one")
    world.ledger.commit([Log(event=an_event("task.added", at=NOW)) for _ in range(between)])

    assert run_of(world.ledger) == ONE


@pytest.mark.parametrize(("told", "known"), [(7, 7), (None, None), ("many", None)])
def test_a_run_says_how_many_attempts_at_once_it_was_ordered(world, told, known):
    data = {"run": "one", "parallel": told}
    world.ledger.commit([Log(event=an_event(STARTED, task=None, data=data))])

    assert run_of(world.ledger) == Run(id="one", parallel=known)
