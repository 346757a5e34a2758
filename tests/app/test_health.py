"""What an attempt shows of its account and the vendor: who cools, who is closed, until when."""

from datetime import timedelta

import pytest

from fleet.app import health
from fleet.app.coordinator import Order
from fleet.domain.attempt import State
from fleet.domain.errors import FleetError, NotFoundError
from fleet.ports import Save
from tests.app.pooled import (
    FIRST,
    HANGS,
    STARTED,
    a_pen,
    a_world,
    add,
    ends,
    failing,
    happened,
    plays,
    rest,
    runs,
    sleep,
)
from tests.builders import NOW, a_health, an_account
from tests.memory_world import Life, Play, line, result


def test_a_limited_account_cools_until_the_told_reset_while_another_goes_on():
    world = a_world(an_account("alice", agent="claude"), an_account("carol", agent="claude"))
    plays(world, failing("rate_limit", message="slow down", retry_after_seconds=1200))
    add(world)

    Life(world).run()

    assert ends(world) == [(State.SWAPPED, "alice"), (State.MERGED, "carol")]
    (row,) = world.ledger.snapshot().health
    told = world.clock.now() + timedelta(seconds=1200)
    assert (row.subject, row.kind, row.reason) == ("account alice", "rate_limit", "slow down")
    assert told - timedelta(seconds=60) < row.until <= told
    (event,) = happened(world, "account.cooling")
    assert (event.task, event.data["attempt"]) == (None, FIRST)
    assert event.data["until"] == row.until.isoformat()


def test_a_task_whose_accounts_all_cool_goes_on_when_the_first_is_back():
    world = a_world(an_account("alice", agent="claude"))
    plays(world, failing("rate_limit", retry_after_seconds=1200))
    add(world)
    life = Life(world, Order(until=NOW + timedelta(hours=2)))
    rest(life)
    (wait,) = life.plan.waits
    assert wait.until == world.alarm.at == world.ledger.snapshot().health[0].until
    assert "alice" in wait.reason

    woken = sleep(life)

    second = world.ledger.attempts("APP-1")[1]
    assert (second.created, second.account) == (woken, "alice")


def test_a_storm_is_told_once():
    world = a_world(an_account("alice", agent="claude"))
    plays(world, *[failing("rate_limit", retry_after_seconds=1200)] * 2)
    add(world)
    life = Life(world, Order(until=NOW + timedelta(hours=2)))
    rest(life)
    for _ in range(5):
        life.tick()
    assert len(happened(world, "pool.storm")) == 1
    assert "stands still" in happened(world, "pool.storm")[0].what

    sleep(life)

    assert len(happened(world, "pool.storm")) == 2


def test_a_refused_account_is_closed_until_a_human_opens_it():
    world = a_world(an_account("alice", agent="claude"))
    plays(world, failing("auth", message="bad key"))
    add(world)
    life = Life(world)
    life.run()
    assert "fleet pool open alice" in life.plan.waits[0].reason
    assert [e.what for e in happened(world, "account.blocked")] == ["account alice: auth: bad key"]
    world.clock.advance(timedelta(days=3))
    Life(world).run()
    assert ends(world) == [(State.SWAPPED, "alice")]

    health.open_account("alice", world.fleet, a_pen(world))
    Life(world).run()

    assert ends(world) == [(State.SWAPPED, "alice"), (State.MERGED, "alice")]
    assert [e.who for e in happened(world, "account.opened")] == ["ann"]


def test_a_human_ends_the_cooldown_of_the_vendor_too():
    world = a_world(an_account("alice", agent="claude"))
    well = a_health("account alice", strikes=0, until=None)
    world.ledger.commit([Save(row=well)])
    plays(world, failing("overloaded"), HANGS)
    add(world)
    life = Life(world, Order(until=NOW + timedelta(hours=2)))
    rest(life)
    assert not runs(world)

    health.open_account("alice", world.fleet, a_pen(world))
    rest(life)

    assert runs(world)
    told = happened(world, "account.opened", "vendor.opened")
    assert [(event.kind, event.who) for event in told] == [("vendor.opened", "ann")]
    with pytest.raises(FleetError, match="alice is open already"):
        health.open_account("alice", world.fleet, a_pen(world))


def test_a_cooldown_does_not_last_for_hours_because_the_clock_was_set_back():
    world = a_world(an_account("alice", agent="claude"))
    plays(world, failing("overloaded"), failing("overloaded"), HANGS)
    add(world)
    life = Life(world, Order(until=NOW + timedelta(hours=2)))
    rest(life)

    world.clock.set_by(-timedelta(hours=3))
    rest(life)

    (row,) = world.ledger.snapshot().health
    assert (row.strikes, row.until) == (2, world.clock.now() + timedelta(seconds=60))
    world.clock.advance(timedelta(seconds=60))
    rest(life)
    assert runs(world)


@pytest.mark.parametrize("told", [(), (line(2, "usage", turns=1),)])
def test_a_limit_that_lets_a_call_through_each_time_still_cools_twice_as_long(told):
    world = a_world(an_account("alice", agent="claude"))
    limited = Play(says=(STARTED, *told, result(3, "rate_limit")), code=1)
    plays(world, limited, limited, limited)
    add(world)
    life = Life(world, Order(until=NOW + timedelta(hours=2)))
    rest(life)
    waits = []
    for _ in range(3):
        (row,) = world.ledger.snapshot().health
        waits.append((row.until - row.since).total_seconds())
        sleep(life)

    assert waits == [300, 600, 1200]


@pytest.mark.parametrize("kind", ["rate_limit", "overloaded"])
def test_usage_told_within_a_failure_is_no_recovery(kind):
    world = a_world(an_account("alice", agent="claude"))
    spent = result(2, kind, usage={"turns": 1, "input_tokens": 5})
    limited = Play(says=(STARTED, spent), code=1)
    plays(world, limited, limited)
    add(world)
    life = Life(world, Order(until=NOW + timedelta(hours=2)))
    rest(life)

    sleep(life)

    assert [row.strikes for row in world.ledger.snapshot().health] == [2]
    assert not happened(world, "account.recovered", "vendor.recovered")


def test_only_an_account_that_is_closed_or_cools_can_be_opened():
    world = a_world()

    with pytest.raises(FleetError, match="alice is open already"):
        health.open_account("alice", world.fleet, a_pen(world))
    with pytest.raises(NotFoundError, match="no account nobody"):
        health.open_account("nobody", world.fleet, a_pen(world))


def test_an_overloaded_vendor_is_probed_by_one_attempt_alone():
    world = a_world(an_account("alice", agent="claude"), an_account("carol", agent="claude"))
    plays(world, failing("overloaded"), HANGS)
    add(world)
    life = Life(world, Order(until=NOW + timedelta(hours=2)))
    rest(life)
    assert [e.what.split(":")[0] for e in happened(world, "vendor.cooling")] == ["vendor claude"]
    add(world)
    world.runtime.agent = lambda packet: HANGS

    sleep(life)

    assert [len(runs(world)), len(runs(world, "APP-2"))] == [1, 0]
    assert "one attempt probes" in life.plan.waits[0].reason


def test_the_first_answer_to_the_probe_lets_the_others_go_on():
    world = a_world(an_account("alice", agent="claude"), an_account("carol", agent="claude"))
    answered = Play(says=(STARTED, line(2, "usage", turns=1)), code=None)
    plays(world, failing("overloaded"), answered)
    add(world)
    life = Life(world, Order(until=NOW + timedelta(hours=2)))
    rest(life)
    add(world)

    sleep(life)
    rest(life)

    assert [e.kind for e in happened(world, "vendor.recovered")] == ["vendor.recovered"]
    assert runs(world)
    assert world.ledger.attempts("APP-2")


def test_a_vendor_that_answered_the_probe_is_used_by_all():
    world = a_world(an_account("alice", agent="claude"))
    plays(world, failing("overloaded"))
    add(world)
    add(world)
    life = Life(world, Order(until=NOW + timedelta(hours=2)))
    rest(life)

    sleep(life)

    assert [e.kind for e in happened(world, "vendor.recovered")] == ["vendor.recovered"]
    assert ends(world)[-1][0] is ends(world, "APP-2")[-1][0] is State.MERGED


@pytest.mark.parametrize(("says", "strikes"), [((), 1), ((line(2, "usage", turns=1),), 0)])
def test_an_account_is_well_again_once_its_model_was_used(says, strikes):
    world = a_world(an_account("alice", agent="claude"))
    crash = Play(says=(STARTED, *says, result(3, "crash")), code=1)
    plays(world, failing("rate_limit", retry_after_seconds=1200), crash, HANGS)
    add(world)
    life = Life(world, Order(until=NOW + timedelta(hours=2)))
    rest(life)

    sleep(life)

    (row,) = world.ledger.snapshot().health
    assert (row.strikes, len(happened(world, "account.recovered"))) == (strikes, 1 - strikes)
