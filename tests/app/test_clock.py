"""Nobody is ended by a clock that was set, nor by an engine that did not answer."""

from collections import Counter
from datetime import date, timedelta

import pytest

from fleet.app.coordinator import Order
from fleet.domain.errors import TransientError
from fleet.domain.swap import Cause
from tests.app.pooled import DOLLAR, HANGS, a_spender, a_world, add, happened, plays, rest, runs
from tests.builders import NOW
from tests.memory_world import Life, Play, line, result

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


def beats(world, **told):
    """Let the attempt beat as its runner does, which goes by a clock that nobody sets."""
    one, ran = attempt(world), world.clock.monotonic()
    beat = line(one.last_seq + 1, "beat", phase="agent", ran_seconds=ran, **told)
    world.runtime.says(one.container, beat)


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


@pytest.mark.parametrize("hours", [3, -3])
def test_a_silent_build_lives_and_is_ended_in_the_end_whatever_the_clock_says(world, life, hours):
    def builds(*, minutes):
        for _ in range(minutes * 3):
            if runs(world):
                beats(world, working=True)
                pass_by(life, seconds=20, step=20)

    builds(minutes=5)
    world.clock.set_by(timedelta(hours=hours))
    life.tick()

    builds(minutes=20)
    assert runs(world)
    builds(minutes=11)

    assert attempt(world).cause is Cause.STALLED
    assert "while it works" in attempt(world).reason


@pytest.mark.parametrize("hours", [3, -3])
def test_a_lease_outlives_its_coordinator_and_a_clock_set_meanwhile(world, life, hours):
    pass_by(life, seconds=40)
    beats(world)
    rest(life)
    world.clock.set_by(timedelta(hours=hours))
    after = Life(world, NIGHT)
    rest(after)

    pass_by(after, seconds=56)
    assert runs(world)
    pass_by(after, seconds=8)

    assert attempt(world).cause is Cause.HEARTBEAT_LOST


@pytest.mark.parametrize("hours", [15, -10])
def test_a_clock_set_over_midnight_and_back_doubles_no_days_budget(hours):
    world = a_world(a_spender(daily_budget_micros=2 * DOLLAR), max_cost_micros=DOLLAR)
    world.runtime.agent = spends_a_dollar
    for _ in range(8):
        add(world)
    life = Life(world, NIGHT)
    rest(life)
    assert sum(days(world).values()) == 2 * DOLLAR

    for by in (hours, -hours, hours, -hours):
        world.clock.set_by(timedelta(hours=by))
        rest(life)
    world.clock.advance(timedelta(hours=15))
    rest(life)

    tomorrow = NOW.date() + timedelta(days=1)
    assert days(world) == {NOW.date(): 2 * DOLLAR, tomorrow: 2 * DOLLAR}


def spends_a_dollar(packet):
    said = (line(1, "started"), line(2, "usage", cost_usd=1, turns=1), result(3))
    return Play(edits={f"{packet['task_id']}.txt": "done"}, says=said)


def days(world):
    """Answer what was settled on each day."""
    found: Counter[date] = Counter()
    for row in world.ledger.settlements():
        found[row.day] += row.micros
    return dict(found)


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
