"""The choice of a slot: the best one there is, or of each why not and until when."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from fleet.domain.attempt import State
from fleet.domain.budget import Price, Tally
from fleet.domain.choice import Candidate, Refusal, choose_slot, refused
from fleet.domain.health import account_subject, vendor_subject
from fleet.domain.hindrance import AccountState
from fleet.domain.plan import Snapshot
from fleet.domain.pool import pool_of, taken
from fleet.domain.slot import Slot
from fleet.domain.task import Priority
from tests.builders import (
    NOW,
    TODAY,
    a_fleet,
    a_health,
    a_profile,
    a_project,
    an_account,
    an_attempt,
)

MIDNIGHT = NOW.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
COOLING = AccountState.COOLING


def a_pool(*accounts, profiles=(), unfit=(), now=NOW, fleet=(), **snapshot):
    profiles = profiles or (a_profile(max_cost_micros=100),)
    home = a_fleet(
        accounts={account.name: account for account in accounts},
        profiles={profile.name: profile for profile in profiles},
        **dict(fleet),
    )
    return pool_of(Snapshot(**snapshot), home, now=now, unfit=dict(unfit))


def choose(pool, *, fallback=(), **asked):
    profiles = pool.fleet.profiles.values()
    candidates = [Candidate(profile=p, fallback=p.name in fallback) for p in profiles]
    return choose_slot(candidates, pool, **({"project": "APP"} | asked))


def running(account, number=1, **fields):
    defaults = {"state": State.RUNNING, "account": account}
    return an_attempt(f"APP-{number}", **(defaults | fields))


def cooling(*accounts):
    return tuple(a_health(account_subject(name)) for name in accounts)


def slot(account, profile="local"):
    return Slot(profile=profile, account=account)


# --- order ----------------------------------------------------------------------------------


def test_the_first_candidate_goes_first_whatever_its_accounts_are():
    profiles = (a_profile("z", agent="claude"), a_profile("a"))
    accounts = (
        an_account("ann", priority=Priority.CRITICAL),
        an_account("zoe", agent="claude", priority=Priority.LOW),
    )

    assert choose(a_pool(*accounts, profiles=profiles)) == slot("zoe", "z")
    unwell = a_pool(*accounts, profiles=profiles, health=cooling("zoe"))
    assert choose(unwell) == slot("ann", "a")


def ordered(*accounts, **pool):
    """Answer the accounts in the order in which they are chosen, each but once."""
    left: list[str] = []
    while len(left) < len(accounts):
        found = choose(a_pool(*accounts, unfit=dict.fromkeys(left, "had its turn"), **pool))
        left.append(found.account)
    return left


def test_accounts_go_by_their_priority_then_by_name():
    ranks = {"d": Priority.LOW, "c": Priority.CRITICAL, "b": Priority.NORMAL, "a": Priority.NORMAL}
    accounts = [an_account(name, priority=rank) for name, rank in ranks.items()]

    assert ordered(*accounts) == ["c", "a", "b", "d"]


def test_the_owner_who_gives_least_now_goes_first():
    owned = [an_account(name, owner=name[0]) for name in ("a1", "a2", "b1")]
    busy = (running("a1"),)

    assert ordered(*owned, attempts=busy) == ["b1", "a2", "a1"]


def test_of_one_owner_the_account_with_the_smaller_share_spent_goes_first():
    accounts = [
        an_account(name, unmetered=name == "d", daily_budget_micros=budget)
        for name, budget in (("a", 1_000), ("b", 10_000), ("c", 2_000), ("d", 500))
    ]
    spent = {(name, TODAY): Tally(micros=500) for name in ("a", "b", "c", "d")}

    # the budget of an unmetered account is none
    assert ordered(*accounts, account_days=spent) == ["d", "b", "c", "a"]


def test_of_equal_accounts_the_one_with_less_under_way_goes_first():
    accounts = [an_account(name, owner="ann") for name in ("a", "b")]

    assert ordered(*accounts, attempts=(running("a"),)) == ["b", "a"]


def test_priority_goes_before_fairness_and_fairness_before_shares():
    first = an_account("a", owner="ann", priority=Priority.HIGH)
    second = an_account(
        "b", owner="bob", unmetered=False, daily_budget_micros=1_000, priority=Priority.NORMAL
    )
    third = an_account("c", owner="ann", priority=Priority.NORMAL)
    spent = {("b", TODAY): Tally(micros=900)}

    chosen = ordered(first, second, third, attempts=(running("a"),), account_days=spent)
    assert chosen == ["a", "b", "c"]


def test_turns_are_taken_among_owners_as_slots_are_given():
    pool = a_pool(*(an_account(name, owner=name[0]) for name in ("a1", "a2", "b1", "b2")))
    given = []
    for _ in range(4):
        found = choose(pool)
        given.append(found.account)
        pool = taken(pool, found, project="APP")

    assert given == ["a1", "b1", "a2", "b2"]


# --- refusals -------------------------------------------------------------------------------

METERED = an_account("alice", unmetered=False)
BUDGETED = replace(METERED, daily_budget_micros=1_000)


@pytest.mark.parametrize(
    ("account", "pool", "expected"),
    [
        (METERED, {}, None),
        (an_account("alice", daily_budget_micros=0), {}, None),  # unmetered
        (BUDGETED, {"account_days": {("alice", TODAY): Tally(micros=900)}}, None),
        (
            BUDGETED,
            {"account_days": {("alice", TODAY): Tally(micros=901)}},
            (AccountState.SPENT, "today's budget is spent or reserved", MIDNIGHT),
        ),
        (
            replace(BUDGETED, timezone=ZoneInfo("America/Lima")),
            {"account_days": {("alice", TODAY): Tally(micros=901)}},
            (
                AccountState.SPENT,
                "today's budget is spent or reserved",
                MIDNIGHT + timedelta(hours=5),
            ),
        ),
        (replace(METERED, daily_budget_micros=100), {}, None),
        (
            replace(METERED, daily_budget_micros=99),
            {},
            (None, "max_cost_usd is more than all of today's budget", None),
        ),
        (
            METERED,
            {"profiles": (a_profile(max_cost_micros=0),)},
            (None, "max_cost_usd is 0 and the account is metered", None),
        ),
        (
            replace(METERED, agent="codex"),
            {"profiles": (a_profile(agent="codex", max_cost_micros=1),)},
            (None, "codex tells no cost and the profile has no price", None),
        ),
        (
            replace(METERED, agent="codex"),
            {
                "profiles": (
                    a_profile(
                        agent="codex",
                        max_cost_micros=1,
                        price=Price(input=1, cached_input=1, output=1),
                    ),
                )
            },
            None,
        ),
        (
            an_account("alice", agent="codex"),
            {"profiles": (a_profile(agent="codex"),)},
            None,
        ),
        (
            an_account("alice"),
            {"fleet": {"projects": {"APP": a_project(daily_budget_micros=500)}}},
            None,
        ),
        (
            an_account("alice"),
            {
                "fleet": {"projects": {"APP": a_project(daily_budget_micros=500)}},
                "project_days": {("APP", TODAY): 401},
            },
            (None, "today's budget of project APP is spent or reserved", MIDNIGHT),
        ),
        (
            an_account("alice"),
            {"fleet": {"projects": {"APP": a_project(daily_budget_micros=99)}}},
            (None, "max_cost_usd is more than all of today's budget of project APP", None),
        ),
        (an_account("alice"), {"fleet": {"run_budget_micros": 500}, "run_settled": 400}, None),
        (
            an_account("alice"),
            {"fleet": {"run_budget_micros": 500}, "run_settled": 401},
            (None, "the budget of this run is spent or reserved", None),
        ),
        (
            an_account("alice"),
            {"fleet": {"run_budget_micros": 99}},
            (None, "max_cost_usd is more than all of the budget of this run", None),
        ),
        (
            an_account("alice"),
            {"unfit": {"alice": "ALICE_KEY is not set"}},
            (AccountState.BLOCKED, "ALICE_KEY is not set", None),
        ),
        (
            an_account("alice"),
            {"health": cooling("alice")},
            (COOLING, "rate_limit: 429: slow down", NOW + timedelta(minutes=5)),
        ),
        (
            an_account("alice", parallel=1),
            {"attempts": (running("alice"),)},
            (AccountState.FULL, "1 attempts run already", None),
        ),
    ],
)
def test_a_slot_is_refused_with_the_reason_and_its_end(account, pool, expected):
    found = refused(slot("alice"), a_pool(account, **pool), project="APP")

    assert (found and (found.state, found.reason, found.until)) == expected
    assert choose(a_pool(account, **pool)) == ((found,) if found else slot("alice"))


def test_a_profile_without_an_account_is_refused_by_name():
    pool = a_pool(an_account("alice"), profiles=(a_profile("g", agent="gemini"),))

    assert choose(pool) == (Refusal(subject="g", reason="no account for gemini"),)


def test_every_slot_is_refused_by_its_own_name():
    pool = a_pool(an_account("a"), an_account("b"), health=cooling("a", "b"))

    assert [each.subject for each in choose(pool)] == ["local/a", "local/b"]


def test_who_is_full_and_cannot_pay_is_refused_for_the_money():
    account = replace(BUDGETED, parallel=1)
    spent = {("alice", TODAY): Tally(micros=950)}

    (found,) = choose(a_pool(account, attempts=(running("alice"),), account_days=spent))

    assert (found.state, found.until) == (AccountState.SPENT, MIDNIGHT)


def test_the_vendors_probe_is_refused_without_a_known_end():
    back = a_health(vendor_subject(METERED), strikes=1, until=NOW - timedelta(seconds=1))
    pool = a_pool(an_account("a"), an_account("b"), health=(back,))

    after = taken(pool, choose(pool), project="APP")

    assert [(each.state, each.until) for each in choose(after)] == [(COOLING, None)] * 2


# --- fallbacks, and what to stay away from --------------------------------------------------

TWO = (a_profile("first", agent="claude"), a_profile("second"))
CLAUDE, LOCAL = an_account("claude", agent="claude", parallel=1), an_account("local")


@pytest.mark.parametrize(
    ("pool", "account"),
    [
        ({}, "claude"),
        ({"health": cooling("claude")}, "local"),
        ({"unfit": {"claude": "no key"}}, "local"),
        ({"attempts": (running("claude"),)}, None),
        # it is not only full: waiting for its room would be for nothing
        ({"attempts": (running("claude"),), "health": cooling("claude")}, "local"),
    ],
)
def test_a_fallback_takes_over_from_who_cannot_but_not_from_who_is_busy(pool, account):
    found = choose(a_pool(CLAUDE, LOCAL, profiles=TWO, **pool), fallback={"second"})

    if account is None:
        assert [each.state for each in found] == [AccountState.FULL]
    else:
        assert found.account == account


def test_a_candidate_of_equal_rank_takes_what_the_busy_one_cannot():
    found = choose(a_pool(CLAUDE, LOCAL, profiles=TWO, attempts=(running("claude"),)))

    assert found == slot("local", "second")


def test_a_fallback_without_an_account_leads_on_to_the_next():
    three = (TWO[0], a_profile("between", agent="gemini"), TWO[1])
    pool = a_pool(CLAUDE, LOCAL, profiles=three, health=cooling("claude"))

    assert choose(pool, fallback={"between", "second"}) == slot("local", "second")


@pytest.mark.parametrize(
    ("accounts", "pool", "fallback", "expected"),
    [
        (("a", "b"), {}, False, slot("b", "one")),
        (("a",), {}, False, slot("a", "one")),
        (("a", "b"), {"health": cooling("b")}, False, slot("a", "one")),
        # another agent is another slot
        (("a", "claude"), {}, True, slot("claude", "other")),
        (("a", "claude"), {"health": cooling("claude")}, True, slot("a", "one")),
    ],
)
def test_the_slot_that_was_swapped_away_is_taken_only_where_there_is_no_other(
    accounts, pool, fallback, expected
):
    known = {"claude": CLAUDE, "a": an_account("a"), "b": an_account("b")}
    profiles = (a_profile("one"), *((a_profile("other", agent="claude"),) * fallback))
    seen = a_pool(*(known[name] for name in accounts), profiles=profiles, **pool)

    assert choose(seen, fallback={"other"}, avoid=slot("a", "one")) == expected


def test_the_slot_to_stay_away_from_is_refused_like_any_other():
    pool = a_pool(an_account("a"), health=cooling("a"))

    (found,) = choose(pool, avoid=slot("a"))

    assert found.state is COOLING
