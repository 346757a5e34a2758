"""Health: what failures do to accounts and vendors, until when, and what ends it."""

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.health import (
    CLOCK_SLACK,
    LONGEST_TOLD,
    Failure,
    Health,
    account_subject,
    after_failure,
    after_success,
    known_at,
    opened,
    vendor_subject,
)
from fleet.domain.profile import LOCAL, SwapRules
from fleet.domain.swap import Cause
from tests.builders import NOW, a_health, an_account

RULES = SwapRules(cooldown=300.0, max_cooldown=18_000.0)
ALICE = an_account("alice", agent="claude")
LIMITED = (Cause.RATE_LIMIT, Cause.QUOTA)
DOWN = (Cause.OVERLOADED, Cause.NETWORK)
REFUSED = (Cause.AUTH, Cause.BILLING)
NOBODYS = tuple(each for each in Cause if each not in {*LIMITED, *DOWN, *REFUSED})


def failed(cause=Cause.RATE_LIMIT, *, known=(), at=NOW, told=None, reason="said so", rules=RULES):
    failure = Failure(cause=cause, reason=reason, at=at, resets_after=told)
    by_subject = {row.subject: row for row in known}
    return after_failure(failure, ALICE, known=by_subject, rules=rules)


def succeeded(*known, began):
    return after_success(ALICE, began=began, known={row.subject: row for row in known})


def an_account_row(**fields):
    return a_health(account_subject("alice"), **fields)


def a_vendor_row(**fields):
    return a_health(vendor_subject(ALICE), kind="overloaded", **fields)


# --- tables ---------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", NOBODYS)
def test_what_the_task_or_the_agent_did_says_nothing_of_an_account(cause):
    assert failed(cause) is None


@pytest.mark.parametrize(
    ("account", "subject"),
    [
        (ALICE, "vendor claude"),
        (an_account("bob", agent="claude", base_url="https://llm.lan"), "vendor https://llm.lan"),
    ],
)
def test_accounts_share_the_vendor_of_their_agent_or_gateway(account, subject):
    assert vendor_subject(account) == subject


@pytest.mark.parametrize("cause", LIMITED)
def test_a_limit_cools_the_account_until_the_told_reset(cause):
    row = failed(cause, told=90.5)

    assert (row.subject, row.kind, row.reason) == ("account alice", cause.value, "said so")
    assert (row.since, row.until) == (NOW, NOW + timedelta(seconds=90.5))
    assert (row.strikes, row.blocked) == (1, False)


@pytest.mark.parametrize("told", [1.0, 0.5, 1e-300])
def test_a_told_reset_is_no_sooner_than_in_a_second(told):
    assert failed(told=told).until == NOW + timedelta(seconds=1)


@pytest.mark.parametrize("told", [8 * 86_400.0, 9 * 86_400.0, 1e300, math.inf])
def test_a_told_reset_is_believed_for_eight_days(told):
    assert failed(told=told).until == NOW + timedelta(days=8)


@pytest.mark.parametrize("told", [None, 0.0, -0.0, -1.0, -1e300, -math.inf, math.nan])
def test_a_reset_that_is_none_counts_as_not_told(told):
    assert failed(told=told).until == NOW + timedelta(seconds=300)


@pytest.mark.parametrize(
    ("strikes", "seconds"),
    [(0, 300), (1, 600), (2, 1_200), (5, 9_600), (6, 18_000), (7, 18_000), (10**9, 18_000)],
)
def test_an_account_cools_twice_as_long_each_time_up_to_the_longest(strikes, seconds):
    before = an_account_row(strikes=strikes, until=NOW)

    row = failed(known=[before])

    assert (row.strikes, row.until) == (strikes + 1, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("cause", DOWN)
@pytest.mark.parametrize(
    ("strikes", "seconds"), [(0, 30), (1, 60), (3, 240), (4, 300), (5, 300), (10**9, 300)]
)
def test_a_vendor_cools_a_tenth_as_long_and_at_most_as_long_as_an_account_once(
    cause, strikes, seconds
):
    before = a_vendor_row(strikes=strikes, until=NOW)

    row = failed(cause, known=[before], told=9_999)

    assert (row.subject, row.kind) == ("vendor claude", cause.value)
    assert (row.strikes, row.until) == (strikes + 1, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("told", "until"),
    [(None, timedelta(minutes=10)), (7_200, timedelta(hours=2)), (5, timedelta(minutes=10))],
)
def test_a_failure_while_it_cools_adds_no_strike_only_the_later_end(told, until):
    before = an_account_row(strikes=1, until=NOW + timedelta(minutes=10))

    row = failed(Cause.QUOTA, known=[before], told=told)

    assert (row.strikes, row.until) == (1, NOW + until)
    assert (row.kind, row.since) == ("quota", NOW)


def test_a_failure_that_is_heard_of_late_does_not_take_the_last_one_back():
    opened_since = an_account_row(since=NOW + timedelta(seconds=2), until=None, strikes=0)

    row = failed(known=[opened_since], at=NOW)

    assert row.since == opened_since.since
    assert succeeded(row, began=NOW + timedelta(seconds=1)) == ()


@pytest.mark.parametrize("cause", REFUSED)
def test_a_refused_credential_blocks_the_account_until_a_human_acts(cause):
    row = failed(cause, told=60)

    assert (row.subject, row.kind, row.blocked) == ("account alice", cause.value, True)
    assert row.until is None
    assert succeeded(row, began=NOW + timedelta(days=1)) == ()


def test_what_comes_after_a_block_does_not_hide_what_has_to_be_mended():
    blocked = failed(Cause.AUTH, reason="401: key revoked")

    later = failed(known=[blocked], at=NOW + timedelta(seconds=1), told=60)
    again = failed(Cause.BILLING, known=[later], at=NOW + timedelta(seconds=2), reason="402")

    assert (later.blocked, later.kind, later.reason) == (True, "auth", "401: key revoked")
    assert (again.blocked, again.kind, again.reason) == (True, "billing", "402")


def test_a_block_keeps_the_cooldown_there_was():
    cooling = an_account_row(until=NOW + timedelta(hours=1))

    assert failed(Cause.AUTH, known=[cooling]).until == cooling.until


def test_the_word_of_a_script_cannot_block_an_account_nor_cool_the_built_in_one():
    def left(account, cause):
        failure = Failure(cause=cause, reason="so it says", at=NOW)
        return after_failure(failure, account, known={}, rules=RULES)

    assert all(left(LOCAL, cause) is None for cause in Cause)
    assert all(left(an_account("scripts"), cause) is None for cause in REFUSED)
    assert all(left(an_account("scripts"), cause) is not None for cause in (*LIMITED, *DOWN))


def test_only_the_blamed_row_is_touched():
    vendor = a_vendor_row()

    assert failed(known=[vendor]).subject == "account alice"
    assert failed(Cause.NETWORK, known=[an_account_row()]).strikes == 1


def test_a_success_clears_account_and_vendor():
    account, vendor = an_account_row(strikes=3), a_vendor_row(strikes=2)

    rows = succeeded(account, vendor, began=NOW)

    assert [row.subject for row in rows] == ["account alice", "vendor claude"]
    assert {(row.strikes, row.until, row.blocked) for row in rows} == {(0, None, False)}


def test_an_attempt_that_began_before_the_failure_shows_nothing():
    rows = an_account_row(since=NOW), a_vendor_row(since=NOW - timedelta(seconds=2))

    changed = succeeded(*rows, began=NOW - timedelta(seconds=1))

    assert [row.subject for row in changed] == ["vendor claude"]


def test_a_success_where_nothing_failed_changes_nothing():
    well = a_vendor_row(strikes=0, until=None)

    assert succeeded(began=NOW) == ()
    assert succeeded(well, began=NOW) == ()
    assert succeeded(a_health(account_subject("bob")), began=NOW) == ()


def test_a_human_opens_whatever_stood_against_it():
    row = an_account_row(blocked=True, strikes=4, kind="auth", reason="401")
    later = NOW + timedelta(hours=3)

    well = opened(row, later)

    assert (well.blocked, well.until, well.strikes, well.since) == (False, None, 0, later)
    assert (well.kind, well.reason) == ("auth", "401")
    assert failed(known=[well], at=later).strikes == 1


def test_a_cooldown_from_before_the_clock_was_set_back_is_over():
    ahead = a_vendor_row(since=NOW + timedelta(hours=3), until=NOW + timedelta(hours=3.1))

    (row,) = known_at(NOW, [ahead]).values()

    assert (row.until, row.strikes) == (None, ahead.strikes)
    again = failed(Cause.OVERLOADED, known=[row])
    assert (again.strikes, again.since) == (2, NOW)
    assert again.until == NOW + timedelta(seconds=60)
    (well,) = succeeded(row, began=NOW - timedelta(hours=1))
    assert well.strikes == 0


def test_a_block_outlasts_a_clock_that_was_set_back():
    (row,) = known_at(NOW, [an_account_row(since=NOW + timedelta(hours=3), blocked=True)]).values()

    assert row.blocked


def test_a_clock_that_goes_a_little_wrong_ends_no_cooldown():
    known = an_account_row(since=NOW + CLOCK_SLACK), a_vendor_row(since=NOW - timedelta(days=1))

    assert tuple(known_at(NOW, known).values()) == known


# --- rules ----------------------------------------------------------------------------------

told_resets = st.none() | st.floats() | st.floats(0, 1e6)
failures = st.tuples(
    st.sampled_from((*LIMITED, *DOWN, *REFUSED)), told_resets, st.floats(0, 40_000)
)
rule_sets = st.builds(
    SwapRules, cooldown=st.floats(0.1, 86_400), max_cooldown=st.floats(0.1, 7 * 86_400)
)


def told_one_after_another(story, rules):
    """Yield what stood before each failure, when it came, and what it left."""
    known: dict[str, Health] = {}
    at = NOW
    for cause, told, later in story:
        at += timedelta(seconds=later)
        row = failed(cause, known=known.values(), at=at, told=told, rules=rules)
        yield known.get(row.subject), at, row, cause
        known[row.subject] = row


@given(st.lists(failures, max_size=30), rule_sets)
def test_no_cooldown_ends_before_the_failure_or_beyond_the_bounds(story, rules):
    longest = {
        account_subject("alice"): LONGEST_TOLD,
        vendor_subject(ALICE): timedelta(seconds=rules.cooldown),
    }

    for _, at, row, cause in told_one_after_another(story, rules):
        assert row.since == at
        if cause not in REFUSED:
            assert at < row.until <= at + longest[row.subject]


@given(st.lists(failures, max_size=30), rule_sets)
def test_strikes_only_grow_and_only_while_it_does_not_cool(story, rules):
    for before, at, row, _ in told_one_after_another(story, rules):
        if before is None:
            assert row.strikes == 1
        elif before.until is not None and before.until > at:
            assert row.strikes == before.strikes
            assert row.until >= before.until
        else:
            assert row.strikes == before.strikes + 1


@given(st.lists(failures, max_size=30))
def test_a_block_lasts_whatever_else_happens(story):
    blocked = False
    for _, at, row, cause in told_one_after_another(story, RULES):
        if row.subject == account_subject("alice"):
            blocked = blocked or cause in REFUSED
            assert row.blocked is blocked
            assert not blocked or succeeded(row, began=at) == ()


@given(st.lists(failures, min_size=1, max_size=10), told_resets)
def test_after_a_success_the_next_failure_is_a_first_one(story, told):
    *_, (_, at, row, cause) = told_one_after_another(story, RULES)

    for well in succeeded(row, began=at):
        again = failed(cause, known=[well], at=at, told=told)
        assert again.strikes == 1
