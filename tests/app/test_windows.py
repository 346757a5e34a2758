"""Time moves the fleet: windows open and close, and the alarm wakes whoever waits for it."""

from datetime import UTC, datetime, time, timedelta

import pytest

from fleet.app.coordinator import Order
from fleet.app.stations import intake
from fleet.domain.attempt import State
from fleet.domain.profile import OnClose
from fleet.domain.swap import Cause
from fleet.domain.window import Window
from tests.app.pooled import (
    HANGS,
    a_pen,
    a_world,
    add,
    ends,
    failing,
    plays,
    rest,
    sleep,
)
from tests.builders import NOW, an_account
from tests.memory_world import Life, line

TOMORROW = Order(until=NOW + timedelta(days=1))


def a_window(opens, closes):
    return Window(opens=time.fromisoformat(opens), closes=time.fromisoformat(closes), timezone=UTC)


def at(clock):
    return datetime.combine(NOW.date(), time.fromisoformat(clock), tzinfo=UTC)


def beats(life, *lines):
    """Let the running container say that, so that it counts as alive now."""
    (attempt,) = life.world.ledger.attempts("APP-1")
    life.world.runtime.says(attempt.container, *lines)
    rest(life)


def test_a_task_outside_its_window_starts_at_the_very_minute():
    world = a_world(an_account("alice", agent="claude", window=a_window("11:30", "12:00")))
    add(world)
    life = Life(world, TOMORROW)
    rest(life)
    assert ends(world) == []
    assert "open 11:30-12:00" in life.plan.waits[0].reason

    woken = sleep(life)

    (attempt,) = world.ledger.attempts("APP-1")
    assert woken == attempt.created == at("11:30")
    assert attempt.state is State.MERGED


def a_closing(how, **fields):
    """Answer a life in which an agent works when its window closes at ten, in 33 minutes."""
    window = a_window("09:00", "10:00")
    alice = an_account("alice", agent="claude", window=window, on_window_close=how)
    patient = {"heartbeat_lost_after": 4000.0, "stall_after": 4000.0}
    world = a_world(alice, an_account("bob", agent="codex"), **patient)
    plays(world, HANGS)
    add(world)
    life = Life(world, TOMORROW)
    rest(life)
    return life


def test_an_agent_that_may_finish_goes_on_after_its_window_closed():
    life = a_closing(OnClose.FINISH)
    assert life.world.alarm.at is None

    life.world.clock.advance(at("10:00") - NOW)
    beats(life, line(2, "activity"))

    assert ends(life.world) == [(State.RUNNING, "alice")]


def test_an_agent_is_stopped_at_once_where_the_account_says_so():
    life = a_closing(OnClose.NOW)
    beats(life, line(2, "activity"))

    assert sleep(life) == at("10:00")

    first = life.world.ledger.attempts("APP-1")[0]
    assert first.cause is Cause.WINDOW_CLOSED
    assert first.reason == "the window of account alice closed at 2026-03-14 10:00 UTC"
    assert ends(life.world) == [(State.SWAPPED, "alice"), (State.MERGED, "bob")]


def test_an_agent_may_end_its_turn_where_the_account_says_so():
    life = a_closing(OnClose.NEXT_TURN)
    beats(life, line(2, "usage", turns=1))
    life.world.clock.advance(at("10:00") - NOW - timedelta(seconds=1))
    beats(life, line(3, "activity"))
    life.world.clock.advance(timedelta(seconds=2))
    beats(life, line(4, "usage", turns=1, output_tokens=9))
    assert ends(life.world) == [(State.RUNNING, "alice")]

    beats(life, line(5, "usage", turns=2))

    assert ends(life.world)[0] == (State.SWAPPED, "alice")


def a_limited(seconds):
    world = a_world(an_account("alice", agent="claude"))
    plays(world, failing("rate_limit", retry_after_seconds=seconds))
    add(world)
    return world


@pytest.mark.parametrize(("seconds", "waited"), [(59, True), (61, False)])
def test_a_run_that_ends_when_idle_waits_for_a_minute_at_most(seconds, waited):
    world = a_limited(seconds)
    life = Life(world)

    life.run()

    assert len(ends(world)) == (2 if waited else 1)
    assert bool(life.plan.waits) is not waited


def test_a_run_until_some_time_waits_for_what_comes_before():
    world = a_limited(3600)
    life = Life(world, TOMORROW)

    rest(life)

    assert not life.done


def test_the_alarm_is_set_anew_only_for_another_instant():
    world = a_limited(3600)
    life = Life(world, TOMORROW)
    rest(life)
    instants: list[datetime | None] = []
    world.alarm.set = instants.append

    life.tick()
    life.tick()
    assert instants == []
    intake.cancel("APP-1", a_pen(world))
    rest(life)
    assert instants == [None]


def test_a_clock_set_forward_is_noticed_though_no_alarm_rings():
    world = a_limited(3600)
    life = Life(world)
    rest(life)
    latest = world.ledger.latest_event()
    world.alarm.close()
    world.clock.advance(timedelta(hours=2))

    life.coordinator._wait(latest)

    rest(life)
    assert ends(world)[-1] == (State.MERGED, "alice")
