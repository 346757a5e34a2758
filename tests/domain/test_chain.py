"""Who takes a task next: fallbacks, escalation, what bars a profile, and when it is enough."""

from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.attempt import Red, State
from fleet.domain.chain import (
    avoided,
    candidates,
    cause_of_swap,
    escalated,
    limits_met,
    swaps_left,
)
from fleet.domain.profile import SwapRules
from fleet.domain.slot import Slot
from fleet.domain.swap import Cause, Trigger, cause_of
from fleet.domain.task import Priority
from fleet.domain.window import night_of
from tests.builders import NOW, a_fleet, a_profile, a_task, an_account
from tests.domain.planning import ended


def fleet_of(*profiles, **rules):
    return a_fleet(profiles={p.name: p for p in profiles}, swap=SwapRules(**rules))


VENDORS = fleet_of(
    a_profile("claude", fallback=("codex", "gemini"), escalate_to="opus"),
    a_profile("codex", roles=("tester",), fallback=("open",)),
    a_profile("gemini", roles=("tester",)),
    a_profile("open", roles=("tester",), fallback=("claude",)),
    a_profile("opus", roles=("architect",), escalate_to="giant"),
    a_profile("giant", roles=("architect",), escalate_to="claude"),
)


def names(task, *attempts, fleet=VENDORS):
    return [each.profile.name for each in candidates(task, attempts, fleet)]


def swapped(number=1, cause=Cause.RATE_LIMIT, profile="claude", **fields):
    return ended(number, State.SWAPPED, cause=cause, profile=profile, **fields)


def red(number, profile="claude", **fields):
    return ended(number, profile=profile, **fields)


def test_a_role_has_its_profiles_by_priority_and_name_then_their_fallbacks():
    fleet = fleet_of(
        a_profile("c", priority=Priority.HIGH, fallback=("z",)),
        a_profile("b"),
        a_profile("a", fallback=("b",)),
        a_profile("z", roles=("tester",)),
    )

    found = candidates(a_task(), (), fleet)

    assert [(c.profile.name, c.fallback) for c in found] == [
        ("c", False),
        ("a", False),
        ("b", False),
        ("z", True),
    ]


def test_fallbacks_are_followed_to_their_end_nearest_first_each_once():
    assert names(a_task(profile="claude")) == ["claude", "codex", "gemini", "open"]


def test_after_an_error_the_same_profile_may_go_on_with_another_account():
    assert names(a_task(profile="claude"), swapped(profile="codex")) == [
        "codex",
        "open",
        "claude",
        "gemini",
    ]


def test_after_a_timeout_another_profile_comes_first():
    hung = swapped(cause=Cause.STALLED)

    assert names(a_task(profile="claude"), hung) == ["codex", "gemini", "open", "claude"]
    assert avoided([hung]) == Slot(profile="claude", account="local")


@pytest.mark.parametrize("cause", [Cause.CONTEXT_TOO_LONG, Cause.MODEL_NOT_FOUND])
def test_a_profile_that_cannot_do_it_is_not_asked_again(cause):
    assert names(a_task(profile="claude"), swapped(cause=cause)) == ["codex", "gemini", "open"]


def test_what_a_human_asked_to_be_tried_again_no_longer_counts():
    task = a_task(profile="claude", red_from=1)

    assert names(task, swapped(cause=Cause.MODEL_NOT_FOUND))[0] == "claude"


@pytest.mark.parametrize(
    ("reds", "first"),
    [(1, "claude"), (2, "opus"), (3, "opus"), (4, "giant"), (5, "giant"), (8, "giant")],
)
def test_every_second_red_verdict_leads_a_step_up_and_the_way_ends_before_a_circle(reds, first):
    attempts = [red(number) for number in range(1, reds + 1)]

    assert names(a_task(profile="claude"), *attempts)[0] == first


def test_the_way_up_begins_with_the_first_who_names_a_stronger_one():
    fleet = fleet_of(
        a_profile("plain"), a_profile("weak", escalate_to="strong"), a_profile("strong")
    )

    for order in (("weak", "plain"), ("plain", "weak")):
        attempts = [red(number, name) for number, name in enumerate(order, start=1)]
        assert escalated(attempts, fleet) == fleet.profiles["strong"]


def test_nobody_is_escalated_to_where_no_slot_can_ever_be():
    dear = a_profile("strong", max_cost_micros=50)
    fleet = fleet_of(a_profile("weak", escalate_to="strong"), dear)
    reds = [red(1, "weak"), red(2, "weak")]
    poor = a_fleet(
        profiles=fleet.profiles,
        accounts={"a": an_account("a", unmetered=False, daily_budget_micros=49)},
    )

    assert escalated(reds, fleet) == dear
    assert escalated(reds, fleet, rest=50) == dear
    assert escalated(reds, fleet, rest=49) is None
    assert escalated(reds, poor) is None
    assert escalated([*reds, swapped(3, Cause.MODEL_NOT_FOUND, "strong")], fleet) is None


def test_swaps_for_limits_are_counted_by_the_night():
    night = night_of(NOW, UTC)
    attempts = [
        swapped(1, Cause.RATE_LIMIT, ended=NOW),
        swapped(2, Cause.NETWORK, ended=NOW),
        swapped(3, Cause.QUOTA, ended=NOW - timedelta(days=1)),
        swapped(4, Cause.STALLED, ended=NOW),
        swapped(5, Cause.AUTH, ended=NOW),
    ]

    assert limits_met(attempts, night=night, zone=UTC) == 2


def test_a_conflict_is_no_reason_for_a_stronger_profile():
    attempts = [red(1, red=Red.CONFLICT), red(2, red=Red.CONFLICT), red(3)]

    assert escalated(attempts, VENDORS) is None


def test_the_fleets_critic_serves_profiles_that_name_none():
    fleet = fleet_of(a_profile("a"), a_profile("b"), critic_after=1, critic_to="b")

    assert escalated([red(1, "a")], fleet) == fleet.profiles["b"]
    assert escalated([red(1, "b")], fleet) is None


def test_whom_the_critic_calls_begins_only_where_nobody_else_can():
    fleet = fleet_of(
        a_profile("plain", priority=Priority.LOW, escalate_to="strong", fallback=("other",)),
        a_profile("strong", priority=Priority.HIGH),
        a_profile("other", roles=("tester",)),
    )
    alone = a_fleet(
        profiles={"strong": fleet.profiles["strong"]}, swap=SwapRules(critic_to="strong")
    )

    found = [(c.profile.name, c.fallback) for c in candidates(a_task(), (), fleet)]

    assert found == [("plain", False), ("other", True), ("strong", True)]
    assert [(c.profile.name, c.fallback) for c in candidates(a_task(), (), alone)] == [
        ("strong", False)
    ]


def test_a_stronger_profile_without_any_account_keeps_nobody_waiting():
    fleet = fleet_of(
        a_profile("weak", escalate_to="strong"), a_profile("strong", agent="claude", command=())
    )

    assert names(a_task(profile="weak"), red(1, "weak"), red(2, "weak"), fleet=fleet) == ["weak"]


def test_a_successor_that_was_cancelled_changes_nothing_in_the_order():
    hung = swapped(cause=Cause.STALLED)
    cancelled = ended(2, State.CANCELLED, profile="codex")

    assert names(a_task(profile="claude"), hung, cancelled) == names(a_task(profile="claude"), hung)
    assert avoided([hung, cancelled]) == avoided([hung])


def test_an_escalated_task_stays_with_the_strong_and_their_fallbacks():
    fleet = fleet_of(
        a_profile("weak", escalate_to="strong"),
        a_profile("strong", fallback=("other",)),
        a_profile("other"),
    )

    assert names(a_task(profile="weak"), red(1, "weak"), red(2, "weak"), fleet=fleet) == [
        "strong",
        "other",
    ]


def test_only_what_hung_or_ran_out_of_money_or_room_is_avoided():
    used_up = {
        Cause.RESERVATION,
        Cause.ACCOUNT_BUDGET,
        Cause.ACCOUNT_REQUESTS,
        Cause.OVERGROWN,
    }

    for cause in Cause:
        expected = cause.trigger is Trigger.TIMEOUT or cause in used_up
        assert bool(avoided([swapped(cause=cause)])) is expected
    assert avoided([]) is None
    assert avoided([swapped(1), red(2)]) is None


SLOT = Slot(profile="claude", account="bob")


def test_a_successor_of_a_swapped_attempt_is_a_swap_of_its_cause():
    assert cause_of_swap(swapped(), SLOT, stronger=None) is Cause.RATE_LIMIT
    assert cause_of_swap(None, SLOT, stronger=None) is None
    assert cause_of_swap(ended(state=State.LOST), SLOT, stronger=None) is None


def test_a_stronger_profile_after_a_rejection_is_a_swap_of_the_critic():
    opus = VENDORS.profiles["opus"]
    strong = Slot(profile="opus", account="bob")

    assert cause_of_swap(red(2), strong, stronger=opus) is Cause.RED
    assert cause_of_swap(red(3, "opus"), strong, stronger=opus) is None
    assert cause_of_swap(red(2), SLOT, stronger=None) is None


@pytest.mark.parametrize(
    ("attempts", "most", "over"),
    [
        ([State.LOST, State.FAILED], 2, False),
        ([State.LOST, State.FAILED, Cause.STALLED], 2, True),
        ([Cause.STALLED, Cause.LOOPING, Cause.OVERTIME], 2, True),
        ([None, None, None], 2, True),
        ([Cause.RESERVATION] * 4, 2, False),
        ([Cause.RESERVATION] * 3 + [Cause.MODEL_NOT_FOUND, Cause.CONTEXT_TOO_LONG], 2, True),
        ([Cause.RATE_LIMIT, Cause.QUOTA, Cause.NETWORK, Cause.OVERLOADED] * 3, 2, False),
        ([Cause.AUTH, Cause.BILLING, Cause.CREDENTIAL, Cause.CONFIG] * 3, 2, False),
        ([Cause.ACCOUNT_BUDGET, Cause.PROJECT_BUDGET, Cause.RUN_BUDGET] * 3, 2, False),
        ([Cause.WINDOW_CLOSED] * 9, 2, False),
        ([Cause.STALLED], 0, True),
    ],
)
def test_each_family_of_swaps_has_its_own_cap(attempts, most, over):
    history = [
        ended(number, each) if isinstance(each, State) else swapped(number, each, account="bob")
        for number, each in enumerate(attempts, start=1)
    ]

    assert bool(swaps_left(history, SwapRules(timeouts=most, errors=4))) is over


@pytest.mark.parametrize(("account", "over"), [("local", True), ("bob", False)])
def test_a_script_that_blames_its_account_is_not_tried_on_for_ever(account, over):
    told = [swapped(n, Cause.AUTH, account=account) for n in range(1, 6)]

    assert bool(swaps_left(told, SwapRules(errors=4))) is over


def test_every_kind_of_failure_that_calls_for_a_swap_is_known_by_its_name():
    assert cause_of("rate_limit") is Cause.RATE_LIMIT
    assert cause_of("hang") is Cause.STALLED
    assert cause_of("timeout") is Cause.OVERTIME
    assert cause_of("loop") is Cause.LOOPING
    assert cause_of("budget") is Cause.RESERVATION
    for kind in ("", "none", "crash", "oom", "self_check", "limit", "setup", "credential"):
        assert cause_of(kind) is None


PROFILES = st.sampled_from(sorted(VENDORS.profiles))
HISTORY = st.lists(st.tuples(st.sampled_from([State.REJECTED, *Cause]), PROFILES), max_size=12)


@given(history=HISTORY, names_profile=st.booleans())
def test_a_chain_names_each_profile_once_and_always_ends(history, names_profile):
    attempts = [
        red(number, profile) if isinstance(end, State) else swapped(number, end, profile)
        for number, (end, profile) in enumerate(history, start=1)
    ]
    task = a_task(profile="claude" if names_profile else None)

    found = names(task, *attempts)

    barred = {
        a.profile for a in attempts if a.cause in {Cause.CONTEXT_TOO_LONG, Cause.MODEL_NOT_FOUND}
    }
    assert len(found) == len(set(found))
    assert not barred & set(found)


def test_escalation_looks_at_the_first_red_attempts_profile():
    attempts = [red(1, "claude"), swapped(2), red(3, "codex")]

    assert escalated(attempts, VENDORS) == VENDORS.profiles["opus"]
