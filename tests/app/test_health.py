"""What an attempt shows of its account and the vendor: who cools, who is closed, until when."""

from datetime import timedelta

import pytest

from fleet.app import health
from fleet.app.coordinator import Order
from fleet.domain.attempt import State
from fleet.domain.errors import FleetError, NotFoundError
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
from tests.builders import NOW, an_account
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
