"""The pool: what accounts have left, what keeps them from use, and when that ends."""

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from fleet.domain.attempt import State
from fleet.domain.budget import Price, Tally
from fleet.domain.health import account_subject, vendor_subject
from fleet.domain.hindrance import AccountState
from fleet.domain.plan import Snapshot
from fleet.domain.pool import pool_of, standing_of, taken
from fleet.domain.result import Usage
from fleet.domain.slot import Slot
from fleet.domain.window import Window
from tests.builders import NOW, TODAY, a_fleet, a_health, a_profile, an_account, an_attempt

DAY = timedelta(days=1)
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
LIMA = ZoneInfo("America/Lima")  # five hours behind, all year
NIGHTS = Window(opens=time(22), closes=time(6), timezone=LIMA, days=frozenset({5, 6}))


def a_pool(*accounts, now=NOW, unfit=(), profiles=None, timezone=None, run_settled=0, **snapshot):
    fleet = a_fleet(
        accounts={account.name: account for account in accounts},
        profiles=profiles or {"local": a_profile(max_cost_micros=100)},
        **({"timezone": timezone} if timezone else {}),
    )
    seen = Snapshot(run_settled=run_settled, **snapshot)
    return pool_of(seen, fleet, now=now, unfit=dict(unfit))


def standing(account, *others, **pool):
    return standing_of(account, a_pool(account, *others, **pool))


def running(account="alice", number=1, **fields):
    defaults = {"state": State.RUNNING, "account": account, "reserved_micros": 100}
    return an_attempt(f"APP-{number}", **(defaults | fields))


def spent_by(account="alice", day=TODAY, **tally):
    return {(account, day): Tally(**tally)}


# --- states ---------------------------------------------------------------------------------

ALICE = an_account("alice")
METERED = an_account("alice", unmetered=False, daily_budget_micros=1_000)
ASKING = an_account("alice", daily_requests=10)
COOLING = a_health(account_subject("alice"), reason="429", until=NOW + timedelta(minutes=5))
OVERLOADED = a_health(
    vendor_subject(ALICE), kind="overloaded", reason="529", until=NOW + timedelta(minutes=2)
)


@pytest.mark.parametrize(
    ("account", "pool", "state", "reason", "until"),
    [
        (ALICE, {}, "ready", "", None),
        (ALICE, {"unfit": {"alice": "A is not set"}}, "blocked", "A is not set", None),
        (
            ALICE,
            {"health": (a_health(account_subject("alice"), kind="auth", blocked=True),)},
            "blocked",
            "auth: 429: slow down (mend it, then `fleet pool open alice`)",
            None,
        ),
        (
            an_account("alice", expires=TODAY - DAY),
            {},
            "blocked",
            f"its credential expired on {TODAY - DAY}",
            None,
        ),
        (an_account("alice", expires=TODAY), {}, "ready", "", None),
        (
            an_account("alice", window=NIGHTS),
            {},
            "closed",
            "open 22:00-06:00 America/Lima on Sat, Sun only",
            MIDNIGHT + timedelta(hours=3),
        ),
        (an_account("alice", window=NIGHTS), {"now": NOW + DAY}, "ready", "", None),
        (ALICE, {"health": (COOLING,)}, "cooling", "rate_limit: 429", COOLING.until),
        (ALICE, {"health": (COOLING,), "now": COOLING.until}, "ready", "", None),
        (
            ALICE,
            {"health": (OVERLOADED,)},
            "cooling",
            "vendor command: overloaded: 529",
            OVERLOADED.until,
        ),
        (
            METERED,
            {"account_days": spent_by(micros=1_000)},
            "spent",
            "today's budget is spent or reserved",
            MIDNIGHT,
        ),
        (METERED, {"account_days": spent_by(micros=999)}, "ready", "", None),
        (METERED, {"account_days": spent_by(day=TODAY - DAY, micros=1_000)}, "ready", "", None),
        (
            ASKING,
            {"account_days": spent_by(requests=10)},
            "spent",
            "today's 10 requests are used or reserved",
            MIDNIGHT,
        ),
        (ASKING, {"account_days": spent_by(requests=9)}, "ready", "", None),
        (
            an_account("alice", parallel=1),
            {"attempts": (running(),)},
            "full",
            "1 attempts run already",
            None,
        ),
        (an_account("alice", parallel=2), {"attempts": (running(),)}, "ready", "", None),
        (an_account("alice", parallel=0), {}, "full", "0 attempts run already", None),
    ],
)
def test_an_account_says_what_keeps_it_from_use_and_until_when(account, pool, state, reason, until):
    found = standing(account, **pool)

    assert (found.state.value, found.reason, found.until) == (state, reason, until)


def test_of_several_hindrances_the_one_that_lasts_longest_is_told():
    late = a_health(account_subject("alice"), reason="week", until=NOW + 6 * DAY)
    spent = {"account_days": spent_by(micros=1_000)}

    assert standing(METERED, health=(COOLING,), **spent).state is AccountState.SPENT
    assert standing(METERED, health=(late,), **spent).until == late.until
    assert standing(METERED, health=(COOLING, OVERLOADED)).until == COOLING.until
    shut = an_account("alice", window=NIGHTS, daily_requests=1)
    assert standing(shut, account_days=spent_by(requests=1)).state is AccountState.CLOSED
    assert standing(shut, health=(late,)).until == late.until
    assert standing(shut, unfit={"alice": "gone"}, health=(late,)).reason == "gone"


def test_an_account_whose_window_never_opens_is_closed_for_good():
    never = an_account("alice", window=Window(**(vars(NIGHTS) | {"days": frozenset()})))

    found = standing(never, health=(COOLING,))

    assert (found.state, found.until) == (AccountState.CLOSED, None)
    assert "on no day" in found.reason


# --- what is counted ------------------------------------------------------------------------


def test_running_attempts_hold_their_reservation_or_what_they_used_beyond_it():
    price = {"local": a_profile(price=Price(input=0, cached_input=0, output=1_000_000))}
    told = {"usage": Usage(output_tokens=250, turns=3)}
    attempts = (running(number=1), running(number=2, **told))

    found = standing(METERED, attempts=attempts, profiles=price, account_days=spent_by(micros=7))

    assert (found.spent, found.requests, found.running) == (7 + 100 + 250, 3, 2)


@pytest.mark.parametrize(
    ("state", "held"),
    [
        (State.LEASED, 1),
        (State.PREPARING, 1),
        (State.RUNNING, 1),
        (State.COLLECTED, 0),
        (State.VERIFYING, 0),
        (State.SWAPPED, 0),
    ],
)
def test_an_attempt_holds_slot_and_money_until_it_is_collected(state, held):
    pool = a_pool(an_account("alice", owner="ann"), attempts=(running(state=state),))

    assert pool.running.get("alice", 0) == held
    assert pool.owners.get("ann", 0) == held
    assert pool.spent["alice"] == pool.projects["APP"] == pool.run_spent == 100 * held


def test_who_has_just_begun_counts_as_one_request():
    two, three = (an_account("alice", daily_requests=most) for most in (2, 3))
    begun, at_work = running(number=1), running(number=2, usage=Usage(turns=1))

    assert standing(two, attempts=(begun,)).state is AccountState.READY
    assert standing(three, attempts=(begun, at_work)).state is AccountState.READY
    assert standing(two, attempts=(begun, at_work)).state is AccountState.SPENT
    assert standing(two, attempts=(begun, at_work)).requests == 1


def test_budgets_are_counted_by_the_day_of_the_account_those_of_projects_by_the_fleets():
    lima = an_account("alice", unmetered=False, daily_budget_micros=10, timezone=LIMA)
    late = NOW.replace(hour=3) + DAY  # still the day before in Lima
    days = spent_by(day=TODAY, micros=10)

    there = standing(lima, now=late, account_days=days)
    of_project = {("APP", TODAY - DAY): 9, ("APP", TODAY): 5}

    assert (there.state, there.until) == (AccountState.SPENT, MIDNIGHT + timedelta(hours=5))
    assert a_pool(lima, now=late, project_days=of_project).projects["APP"] == 0
    assert a_pool(ALICE, now=late, timezone=LIMA, project_days=of_project).projects["APP"] == 5


def test_a_changed_timezone_renews_no_budget():
    ahead = {("alice", TODAY + DAY): Tally(micros=7, requests=2)}
    today = spent_by(day=TODAY, micros=3)
    of_project = {("APP", TODAY): 5, ("APP", TODAY + DAY): 3}

    pool = a_pool(METERED, account_days=ahead | today, project_days=of_project)

    assert pool.spent["alice"] == 10
    assert pool.requests["alice"] == 2 + today["alice", TODAY].requests
    assert pool.projects["APP"] == 8


def test_an_account_without_a_timezone_lives_in_the_fleets():
    pool = a_pool(METERED, timezone=LIMA, account_days=spent_by(micros=1_000))

    assert standing_of(METERED, pool).until == MIDNIGHT + timedelta(hours=5)


def test_what_runs_on_an_account_that_is_gone_still_costs_its_project_and_the_run():
    gone = running("zoe", profile="gone", usage=Usage(cost_micros=150))

    pool = a_pool(ALICE, attempts=(gone,), run_settled=1_000)

    assert (pool.projects["APP"], pool.run_spent) == (150, 1_150)
    assert standing_of(ALICE, pool).state is AccountState.READY


def test_a_slot_that_is_taken_is_counted_like_the_attempt_it_becomes():
    account = an_account("alice", owner="ann", unmetered=False, daily_budget_micros=1_000)
    given = a_pool(account, run_settled=5)

    after = taken(given, Slot(profile="local", account="alice"), project="APP")

    begun = running(state=State.LEASED)
    again = a_pool(account, run_settled=5, attempts=(begun,))
    for counted in ("running", "owners", "spent", "awaited", "projects", "run_spent"):
        assert getattr(after, counted) == getattr(again, counted), counted
    assert given.running == {}


# --- half open ------------------------------------------------------------------------------

BACK = NOW - timedelta(seconds=1)
HALF_OPEN = a_health(vendor_subject(ALICE), kind="network", strikes=2, until=BACK)


def test_a_vendor_back_from_its_cooldown_is_asked_by_one_attempt_alone():
    bob = an_account("bob")
    probe = running("bob", created=BACK)

    assert standing(ALICE, bob, health=(HALF_OPEN,)).state is AccountState.READY
    found = standing(ALICE, bob, health=(HALF_OPEN,), attempts=(probe,))
    assert (found.state, found.until) == (AccountState.COOLING, None)
    assert found.reason == (
        "vendor command: one attempt probes whether it answers again after network"
    )


def test_the_probe_is_counted_at_once():
    pool = a_pool(ALICE, health=(HALF_OPEN,))

    after = taken(pool, Slot(profile="local", account="alice"), project="APP")

    assert standing_of(ALICE, after).state is AccountState.COOLING


def test_attempts_from_before_the_cooldown_are_no_probe():
    early = running(created=BACK - timedelta(seconds=1))

    assert standing(ALICE, health=(HALF_OPEN,), attempts=(early,)).state is AccountState.READY


def test_a_vendor_that_answered_again_is_asked_by_all():
    well = a_health(vendor_subject(ALICE), strikes=0, until=None)

    found = standing(ALICE, health=(well,), attempts=(running(created=NOW),))

    assert found.state is AccountState.READY


def test_one_vendor_in_trouble_does_not_stop_another():
    gateway = an_account("alice", base_url="https://llm.lan")

    assert standing(gateway, health=(OVERLOADED,)).state is AccountState.READY


def test_an_expiry_is_read_on_the_accounts_calendar():
    lima = an_account("alice", expires=date(2026, 3, 14), timezone=LIMA)

    assert standing(lima, now=MIDNIGHT + timedelta(hours=4)).state is AccountState.READY
    assert standing(lima, now=MIDNIGHT + timedelta(hours=5)).state is AccountState.BLOCKED
