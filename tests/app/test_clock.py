"""Nobody is ended by a clock that was set, nor by an engine that did not answer."""

from datetime import timedelta

import pytest

from fleet.app.coordinator import Order
from fleet.domain.errors import TransientError
from fleet.domain.swap import Cause
from tests.app.pooled import HANGS, a_world, add, happened, plays, rest, runs
from tests.builders import NOW
from tests.memory_world import Life, line

NIGHT = Order(until=NOW + timedelta(days=2))
BROKEN = TransientError("the engine restarts")


@pytest.fixture
def world():
    return a_world()


@pytest.fixture
def life(world):
    """A life whose one attempt beat once, and hangs."""
    plays(world, HANGS)
    add(world)
    life = Life(world, NIGHT)
    rest(life)
    return life


def attempt(world):
    # they are sorted by a clock that may have been set
    return next(one for one in world.ledger.attempts("APP-1") if one.number == 1)


def pass_by(life, *, seconds, step=4):
    for _ in range(seconds // step):
        life.world.clock.advance(timedelta(seconds=step))
        rest(life)


def break_off(life):
    """Let the engine end every reader, and refuse new ones."""
    world = life.world
    life.crew.lose(f"follow {attempt(world).id}", BROKEN)
    world.faults.plan("follow", *[BROKEN] * 1000)


def busy_once(world):
    commit = world.ledger.commit

    def busy(writes):
        world.ledger.commit = commit
        raise TransientError("the ledger is locked")

    world.ledger.commit = busy


def test_the_silence_of_an_engine_is_not_the_agents(world, life):
    break_off(life)
    pass_by(life, seconds=120)
    assert attempt(world).stopping is None

    world.faults.clear()
    pass_by(life, seconds=56)
    assert attempt(world).stopping is None
    world.runtime.says(attempt(world).container, line(2, "beat"), line(3, "activity"))
    pass_by(life, seconds=56)

    assert runs(world)


def test_silence_does_not_go_on_while_nobody_can_hear(world, life):
    pass_by(life, seconds=60)
    break_off(life)

    for _ in range(2):
        world.clock.advance(timedelta(seconds=1))
        rest(life)

    assert attempt(world).stopping is None


def test_who_is_silent_though_the_engine_answers_again_is_ended(world, life):
    break_off(life)
    pass_by(life, seconds=120)
    world.faults.clear()

    pass_by(life, seconds=72)

    assert attempt(world).cause is Cause.HEARTBEAT_LOST


@pytest.mark.parametrize("hours", [3, -3])
def test_a_clock_that_was_set_ends_nobody(world, life, hours):
    world.clock.set_by(timedelta(hours=hours))
    life.tick()
    pass_by(life, seconds=56)

    assert runs(world)
    (event,) = happened(world, "clock.set")
    assert event.data == {"seconds": hours * 3600.0}


@pytest.mark.parametrize("hours", [3, -3])
def test_a_hang_is_noticed_though_the_clock_was_set(world, life, hours):
    world.clock.set_by(timedelta(hours=hours))

    pass_by(life, seconds=72)

    assert attempt(world).cause is Cause.HEARTBEAT_LOST


@pytest.mark.parametrize("hours", [3, -3])
def test_the_time_of_an_attempt_is_what_passed_whatever_the_clock_says(world, life, hours):
    began = world.clock.monotonic()
    for _ in range(2):
        world.clock.set_by(timedelta(hours=hours))
        life.tick()

    while not attempt(world).stopping:
        world.runtime.says(attempt(world).container, line(attempt(world).last_seq + 1, "activity"))
        pass_by(life, seconds=20)

    assert attempt(world).cause is Cause.OVERTIME
    assert 3630 < world.clock.monotonic() - began <= 3650


def test_a_clock_that_goes_a_little_wrong_was_not_set(world, life):
    world.clock.set_by(timedelta(seconds=5))
    life.tick()
    assert not happened(world, "clock.set")

    world.clock.set_by(timedelta(seconds=1))
    life.tick()

    assert [event.data for event in happened(world, "clock.set")] == [{"seconds": 6.0}]


def test_that_the_clock_was_set_is_written_down_though_the_ledger_is_busy(world, life):
    world.clock.set_by(timedelta(hours=1))
    busy_once(world)

    life.tick()

    assert len(happened(world, "clock.set")) == 1
