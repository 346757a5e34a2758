"""What people stop is ended on a full disk too, and written down once there is room."""

from datetime import timedelta

import pytest

from fleet.adapters.memory import MemoryLedger
from fleet.app.coordinator import Order
from fleet.app.stations import halting
from fleet.domain.attempt import Outcome, State
from fleet.domain.errors import FleetError, StaleLeaseError, TransientError
from tests.app.pooled import FIRST, HANGS, a_pen, add, ends, happened, plays, rest
from tests.builders import a_profile
from tests.memory_world import Life, World, green
from tests.twins import WatchedClock

PATIENT = a_profile(heartbeat_lost_after=1e6, stall_after=1e6, attempt_timeout=1e6)
STOP = "stopped by the file STOP in the home"
SAID = f"everything is {STOP} (`fleet resume` removes it)"
SECOND_TASK = FIRST.replace("app-1-", "app-2-")
BRAKE, CONTAINER = f"brake {FIRST}", f"fleet-{FIRST}"


class FullLedger(MemoryLedger):
    """Refuses so many writes; each try takes a second."""

    _clock: WatchedClock
    refusals = 0
    error: FleetError = TransientError("the ledger: database or disk is full")

    def commit(self, writes):
        if self.refusals:
            self.refusals -= 1
            self._clock.advance(timedelta(seconds=1))
            raise self.error
        super().commit(writes)


def a_world():
    world = World(profiles={"local": PATIENT})
    world.ledger = FullLedger(clock=world.clock)
    plays(world, HANGS)
    add(world)
    return world


def a_life(world):
    life = Life(world, Order(parallel=2, service=True))
    rest(life)
    return life


def full(world, *, refusals=10**6):
    world.ledger.refusals = refusals


def braked(world, life):
    """Let the container be ended while the disk is full."""
    full(world)
    life.tick()
    life.crew.perform(BRAKE)
    assert world.runtime.running[CONTAINER].exit is not None


def only_cancelled(world):
    (attempt,) = world.ledger.attempts("APP-1")
    assert (attempt.state, attempt.outcome) == (State.CANCELLED, Outcome.CANCELLED)
    assert attempt.reason == SAID
    assert world.worktrees.files(attempt.head)["half.txt"] == "half"
    assert world.ledger.receipts() == ()


def test_the_brake_ends_what_runs_though_the_disk_is_full():
    world = a_world()
    life = a_life(world)
    world.brake.said = STOP

    braked(world, life)
    life.tick()

    (attempt,) = world.ledger.attempts("APP-1")
    assert (attempt.state, attempt.stopping) == (State.RUNNING, None)
    full(world, refusals=0)
    rest(life)
    only_cancelled(world)


def test_a_stop_that_the_ledger_holds_ends_what_runs_though_the_disk_is_full_by_then():
    world = a_world()
    life = a_life(world)
    halting.stop_all(a_pen(world), reason="fire")

    braked(world, life)

    full(world, refusals=0)
    rest(life)
    assert ends(world) == [(State.CANCELLED, "local")]


def test_the_brake_is_heeded_while_what_agents_said_cannot_be_written_down():
    world = a_world()
    life = Life(world, Order(parallel=2, service=True))
    life.tick()
    life.tick()
    life.crew.perform(f"launch {FIRST}")
    world.brake.said = STOP
    full(world, refusals=3)

    life.tick()

    assert BRAKE in life.crew.ready
    rest(life)
    only_cancelled(world)


def just_launched(world):
    """Answer a life on whose tray lies that the container runs."""
    life = Life(world, Order(parallel=2, service=True))
    life.tick()
    life.tick()
    life.crew.perform(f"launch {FIRST}")
    return life


@pytest.mark.parametrize("begun", [a_life, just_launched])
def test_a_coordinator_that_is_told_to_end_ends_though_the_disk_stays_full(begun):
    world = a_world()
    life = begun(world)
    full(world)

    life.coordinator.stop()
    life.coordinator._go_on()
    assert world.runtime.running[CONTAINER].exit is None

    full(world, refusals=0)
    successor = a_life(world)
    successor.coordinator.stop()
    rest(successor)
    assert ends(world) == [(State.CANCELLED, "local")]
    assert world.runtime.starts == {CONTAINER: 1}


def test_a_stop_that_was_lifted_before_there_was_room_is_not_held_against_the_agent():
    world = a_world()
    life = a_life(world)
    world.brake.said = STOP
    braked(world, life)

    world.brake.release()
    full(world, refusals=0)
    rest(life)

    (attempt, _) = world.ledger.attempts("APP-1")
    assert attempt.reason == SAID
    assert ends(world) == [(State.CANCELLED, "local"), (State.MERGED, "local")]
    assert world.ledger.receipts() == ()


def test_a_coordinator_that_was_killed_before_there_was_room_leaves_a_stopped_attempt():
    world = a_world()
    life = a_life(world)
    world.brake.said = STOP
    braked(world, life)

    full(world, refusals=0)
    rest(a_life(world))

    only_cancelled(world)


def test_a_stop_that_does_not_arrive_is_sent_again_though_the_disk_is_full():
    world = a_world()
    life = a_life(world)
    world.brake.said = STOP
    world.faults.plan("stop", TransientError("the engine is busy"))
    full(world)
    life.tick()
    life.crew.perform(BRAKE)
    assert world.runtime.running[CONTAINER].exit is None

    world.clock.advance(timedelta(seconds=15))
    life.tick()
    life.crew.perform(BRAKE)

    assert world.runtime.running[CONTAINER].exit is not None


def test_what_ended_by_itself_before_is_judged_by_how_it_did():
    world = a_world()
    add(world)
    world.runtime.agent = lambda packet: HANGS if packet["task_id"] == "APP-2" else green(packet)
    life = Life(world, Order(parallel=2, service=True))
    while f"collect {FIRST}" not in life.crew.ready:
        life.tick()
        for key in life.crew.ready:
            if not key.startswith("collect"):
                life.crew.perform(key)
    world.brake.said = STOP
    full(world)

    life.tick()

    assert life.crew.ready == ["brake " + SECOND_TASK, f"collect {FIRST}"]
    full(world, refusals=0)
    world.brake.release()
    rest(life)
    assert ends(world) == [(State.MERGED, "local")]


def test_without_a_coordinator_what_runs_is_ended_though_the_disk_is_full():
    world = a_world()
    a_life(world)
    full(world)

    (stopped,) = halting.stop_unattended(a_pen(world), world.runtime, halted=STOP)

    assert stopped.id == FIRST
    assert world.runtime.running[CONTAINER].exit is not None
    full(world, refusals=0)
    world.brake.said = STOP
    rest(a_life(world))
    only_cancelled(world)


def test_a_stop_that_somebody_was_faster_than_is_written_down_before_it_is_sent():
    world = a_world()
    life = a_life(world)
    halting.stop_all(a_pen(world), reason="fire")
    world.ledger.error = StaleLeaseError("somebody was faster")
    full(world, refusals=1)

    life.tick()

    assert life.crew.ready == []
    rest(life)
    assert ends(world) == [(State.CANCELLED, "local")]


def test_while_the_ledger_can_be_written_no_stop_is_sent_before_it_is_written_down():
    world = a_world()
    life = a_life(world)
    halting.stop_all(a_pen(world), reason="fire")

    life.tick()

    assert life.crew.ready == [f"stop {FIRST}"]
    (attempt,) = world.ledger.attempts("APP-1")
    assert attempt.stopping is Outcome.CANCELLED
    assert [event.attempt for event in happened(world, "attempt.stopping")] == [FIRST]
