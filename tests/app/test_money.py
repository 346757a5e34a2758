"""Money: what reaches its limit is stopped, and what was used is settled once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from fleet.domain.attempt import State
from fleet.domain.swap import Cause
from tests.app.pooled import (
    DOLLAR,
    FIRST,
    PRICE,
    STARTED,
    a_spender,
    a_world,
    add,
    ends,
    happened,
    plays,
    spent,
)
from tests.builders import a_profile, an_account
from tests.memory_world import Life, Play, World, line, result


def test_who_reaches_his_reservation_is_stopped_and_what_he_used_is_settled():
    bob = an_account("bob", agent="codex", unmetered=True)
    world = a_world(a_spender(), bob, max_cost_micros=DOLLAR)
    plays(world, Play(edits={"half.txt": "half"}, says=(STARTED, spent(1.2)), code=None))
    add(world)

    Life(world).run()

    assert ends(world) == [(State.SWAPPED, "alice"), (State.MERGED, "bob")]
    first = world.ledger.attempts("APP-1")[0]
    assert (first.cause, first.reason) == (
        Cause.RESERVATION,
        "used 1.2000 of 1.0000 USD of its reservation",
    )
    settled = {row.attempt: row for row in world.ledger.settlements()}[FIRST]
    assert settled.micros == 1_200_000
    (event,) = happened(world, "attempt.overspent")
    assert event.data == {
        "reserved_micros": DOLLAR,
        "spent_micros": 1_200_000,
        "meter": "live",
    }
    assert "at most one call beyond" in event.what


def test_a_settlement_belongs_to_the_days_of_account_and_fleet_and_to_its_run():
    tokyo = ZoneInfo("Asia/Tokyo")
    world = a_world(a_spender(timezone=tokyo), max_cost_micros=DOLLAR)
    world.clock.advance(timedelta(hours=7))
    says = (STARTED, spent(0.5, turns=3), result(3))
    plays(world, Play(edits={"a": "b"}, says=says))
    add(world)

    Life(world).run()

    (row,) = world.ledger.settlements()
    assert (row.day, row.project_day) == (date(2026, 3, 15), date(2026, 3, 14))
    assert (row.run, row.requests, row.micros) == ("run-1", 3, DOLLAR // 2)


def test_a_changed_timezone_renews_no_budget():
    tokyo = ZoneInfo("Asia/Tokyo")
    world = a_world(a_spender(timezone=tokyo, daily_budget_micros=DOLLAR), max_cost_micros=DOLLAR)
    world.clock.advance(timedelta(hours=7))
    says = (STARTED, spent(1.0, turns=3), result(3))
    plays(world, Play(edits={"a": "b"}, says=says))
    add(world)
    Life(world).run()
    alice = world.fleet.accounts["alice"]
    world.fleet = replace(world.fleet, accounts={"alice": replace(alice, timezone=None)})

    Life(world).run()

    assert len(ends(world)) == 1


def test_where_all_money_is_spent_its_tasks_wait_for_tomorrow():
    world = a_world(a_spender(daily_budget_micros=DOLLAR), max_cost_micros=DOLLAR)
    plays(world, Play(edits={"half.txt": "half"}, says=(STARTED, spent(1.0)), code=None))
    add(world)
    life = Life(world)

    life.run()

    (wait,) = life.plan.waits
    assert wait.until == datetime(2026, 3, 15, tzinfo=UTC)
    assert "today's budget is spent or reserved" in wait.reason


def test_a_crash_does_not_renew_the_money_of_a_run():
    world = a_world(a_spender(), max_cost_micros=DOLLAR)
    world.fleet = replace(world.fleet, run_budget_micros=3 * DOLLAR // 2)
    says = (STARTED, spent(0.9), result(3))
    world.runtime.agent = lambda packet: Play(edits={packet["task_id"]: "x"}, says=says)
    add(world)
    Life(world).run()
    add(world)

    after_a_crash = Life(world)
    after_a_crash.run()
    assert ends(world, "APP-2") == []
    assert "budget of this run" in after_a_crash.plan.waits[0].reason

    world.run = "run-2"
    Life(world).run()
    assert ends(world, "APP-2") == [(State.MERGED, "alice")]


def test_attempts_that_told_of_nothing_use_up_the_requests_of_a_day():
    world = a_world(an_account("alice", agent="claude", daily_requests=3))
    world.runtime.agent = lambda packet: Play(says=(STARTED,), code=1)
    for _ in range(4):
        add(world)

    Life(world).run()

    assert [row.requests for row in world.ledger.settlements()] == [1, 1, 1]


def test_an_end_meter_that_was_refused_in_its_second_round_costs_its_reservation():
    qwen = a_profile("qwen-dev", agent="qwen", price=PRICE, max_cost_micros=3 * DOLLAR)
    world = World(profiles={"qwen-dev": qwen}, accounts={"alice": a_spender(agent="qwen")})
    first_round = (STARTED, spent(0.1, turns=3), line(3, "check", round=1, exit_code=1))
    plays(world, Play(says=(*first_round, result(4, "rate_limit")), code=1))
    add(world)

    Life(world).run()

    settled = {row.attempt: row for row in world.ledger.settlements()}[FIRST]
    assert (settled.micros, settled.estimated) == (3 * DOLLAR, True)
