"""For each standing the right actions, and no others."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fleet.domain.attempt import Outcome, Red, State
from fleet.domain.pending import ActionStatus
from fleet.domain.plan import Conclude, Dispatch, Launch, Stop
from fleet.domain.swap import Cause
from fleet.domain.task import Resolution
from tests.builders import (
    NOW,
    a_fleet,
    a_health,
    a_task,
    an_account,
    an_action,
    an_attempt,
)
from tests.domain.planning import LATER, a_snapshot, ended, kinds, planned, running

CANCELLED_TASK = (a_task(cancel_requested=True),)


def dispatches(plan):
    return [action for action in plan.actions if isinstance(action, Dispatch)]


def test_nothing_to_do_is_idle():
    plan = planned(a_snapshot(tasks=()))

    assert (plan.actions, plan.waits, plan.idle) == ((), (), True)


def test_a_plan_is_a_function_of_what_it_reads():
    snapshot = a_snapshot(ended(), running(2, last_beat=NOW))

    assert planned(snapshot) == planned(snapshot)


def test_a_ready_task_is_dispatched():
    (action,) = dispatches(planned(a_snapshot()))

    assert (action.number, action.fresh) == (1, False)
    assert (action.slot.profile, action.slot.account) == ("local", "local")


@pytest.mark.parametrize(
    ("attempt", "tasks", "sight", "expected"),
    [
        (an_attempt(state=State.LEASED), None, {}, ["Launch"]),
        (an_attempt(state=State.PREPARING), None, {}, ["Launch"]),
        (an_attempt(state=State.LEASED), None, {"stopping": True}, ["Conclude"]),
        (an_attempt(state=State.PREPARING), None, {"stopping": True}, ["Launch"]),
        (an_attempt(state=State.LEASED), CANCELLED_TASK, {}, ["Conclude"]),
        (running(), None, {}, ["Follow"]),
        (running(), None, {"followed": {"app-1-1-0badcafe"}}, []),
        (running(), None, {"exited": {"app-1-1-0badcafe"}}, ["Collect"]),
        (running(), CANCELLED_TASK, {"exited": {"app-1-1-0badcafe"}}, ["Collect"]),
        (running(stopping=Outcome.SWAP), None, {}, ["Follow", "Stop"]),
        (an_attempt(state=State.COLLECTED, outcome=Outcome.LOST), None, {}, ["Conclude"]),
        (an_attempt(state=State.VERIFYING, cleaned=True), None, {}, ["Verify"]),
        (an_attempt(state=State.VERIFYING, cleaned=True), None, {"stopping": True}, []),
        (an_attempt(state=State.VERIFYING, cleaned=True), CANCELLED_TASK, {}, ["Conclude"]),
        (an_attempt(state=State.VERIFIED, cleaned=True), None, {}, []),
        (an_attempt(state=State.VERIFIED, cleaned=True), CANCELLED_TASK, {}, ["Conclude"]),
        (ended(state=State.MERGED), None, {}, ["Retire"]),
        (ended(state=State.MERGED, cleaned=False), None, {}, ["Clean"]),
        (ended(state=State.LOST, cleaned=False), None, {}, ["Dispatch"]),
        (ended(state=State.LOST, outcome=None, cleaned=False), None, {}, ["Clean"]),
        (ended(state=State.LOST), None, {}, ["Dispatch"]),
        (ended(state=State.FAILED, failure_kind="image", cleaned=False), None, {}, ["Clean"]),
        (ended(state=State.FAILED, failure_kind="image"), None, {}, ["Retire"]),
    ],
)
def test_each_state_has_its_action(attempt, tasks, sight, expected):
    sets = {k: frozenset(v) if isinstance(v, set) else v for k, v in sight.items()}

    assert kinds(planned(a_snapshot(attempt, tasks=tasks), **sets)) == expected


@pytest.mark.parametrize(
    ("outcome", "self_check_red", "to"),
    [
        (Outcome.FINISHED, False, State.VERIFYING),
        (Outcome.FAILED, True, State.VERIFYING),
        (Outcome.FAILED, False, State.FAILED),
        (Outcome.PAUSED, False, State.PAUSED),
    ],
)
def test_a_collected_attempt_goes_where_its_outcome_says(outcome, self_check_red, to):
    attempt = an_attempt(state=State.COLLECTED, outcome=outcome, self_check_red=self_check_red)

    action = planned(a_snapshot(attempt)).actions[0]

    assert action == Conclude(attempt=attempt, to=to)


def test_a_cancelled_tasks_work_is_not_verified():
    attempt = an_attempt(state=State.COLLECTED, outcome=Outcome.FINISHED)

    action = planned(a_snapshot(attempt, tasks=CANCELLED_TASK)).actions[0]

    assert isinstance(action, Conclude)
    assert (action.to, action.reason) == (State.CANCELLED, "cancelled on request")


def test_a_stop_for_a_swap_carries_its_cause_and_evidence():
    attempt = running(last_beat=LATER - timedelta(seconds=61))

    plan = planned(a_snapshot(attempt), followed=frozenset({attempt.id}))

    (stop,) = plan.actions
    assert isinstance(stop, Stop)
    assert (stop.outcome, stop.cause) == (Outcome.SWAP, Cause.HEARTBEAT_LOST)
    assert stop.reason == "no heartbeat for 61 s (limit 60 s), last progress 0 s ago"


def test_silence_before_this_coordinator_began_is_forgiven():
    attempt = running(last_beat=NOW - timedelta(days=1), last_progress=NOW - timedelta(days=1))

    plan = planned(a_snapshot(attempt), since=LATER, followed=frozenset({attempt.id}))

    assert plan.actions == ()


@pytest.mark.parametrize(
    ("tasks", "sight", "said"),
    [
        (CANCELLED_TASK, {}, "cancelled on request"),
        (None, {"stopping": True}, "the coordinator stops"),
    ],
)
def test_a_running_attempt_is_stopped_when_it_is_unwanted(tasks, sight, said):
    plan = planned(a_snapshot(running(), tasks=tasks), **sight)

    stop = plan.actions[-1]
    assert isinstance(stop, Stop)
    assert (stop.outcome, stop.reason) == (Outcome.CANCELLED, said)


def test_a_stop_that_was_written_down_is_sent_again_as_it_was():
    attempt = running(stopping=Outcome.SWAP, cause=Cause.STALLED, reason="no progress")

    stop = planned(a_snapshot(attempt, tasks=CANCELLED_TASK)).actions[-1]

    assert isinstance(stop, Stop)
    assert (stop.outcome, stop.cause, stop.reason) == (
        Outcome.SWAP,
        Cause.STALLED,
        "no progress",
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (ActionStatus.PENDING, []),
        (ActionStatus.CLEARED, []),
        (ActionStatus.APPROVED, ["Verify"]),
        (ActionStatus.REJECTED, ["Conclude"]),
    ],
)
def test_an_answer_moves_a_waiting_diff(status, expected):
    attempt = an_attempt(state=State.VERIFYING, cleaned=True)
    action = an_action(status=status, answer="rejected by ann: no")

    plan = planned(a_snapshot(attempt, pending=(action,)))

    assert kinds(plan) == expected
    assert plan.idle is (not expected)
    for conclude in plan.actions:
        if isinstance(conclude, Conclude):
            assert (conclude.to, conclude.reason) == (State.REJECTED, "rejected by ann: no")


def test_a_verification_in_hand_is_awaited_even_by_a_cancel():
    attempt = an_attempt(state=State.VERIFYING, cleaned=True)

    plan = planned(
        a_snapshot(attempt, tasks=CANCELLED_TASK), busy=frozenset({f"verify {attempt.id}"})
    )

    assert (plan.actions, plan.idle) == ((), False)


@pytest.mark.parametrize(
    ("last", "fresh"),
    [
        (ended(red=Red.CHECK), False),
        (ended(red=Red.REVIEW), False),
        (ended(red=Red.CONFLICT), True),
        (ended(red=Red.MERGED_TIP), True),
        (ended(state=State.LOST), False),
        (ended(state=State.SWAPPED, cause=Cause.OVERGROWN), True),
        (ended(state=State.SWAPPED, cause=Cause.STALLED), False),
        (ended(state=State.CANCELLED, fresh=True, base=None), True),
        (ended(state=State.CANCELLED, fresh=True), False),
    ],
)
def test_the_next_attempt_goes_on_from_the_branch_unless_it_must_start_anew(last, fresh):
    (action,) = dispatches(planned(a_snapshot(last)))

    assert (action.number, action.fresh) == (2, fresh)


def test_a_human_may_ask_for_a_fresh_start():
    task = a_task(fresh=True, red_from=1)

    (action,) = dispatches(planned(a_snapshot(ended(), tasks=(task,))))

    assert action.fresh


def waits_for(snapshot, fleet=None, **sight):
    plan = planned(snapshot, fleet, **sight)
    assert dispatches(plan) == []
    return [wait.reason for wait in plan.waits]


@pytest.mark.parametrize(
    ("sight", "said"),
    [
        ({"stopping": True}, "the coordinator stops"),
        ({"keys": frozenset({"APP-2"})}, "not asked for in this run"),
        ({"dispatch_refused": "disk is full"}, "disk is full"),
        ({"parallel": 0}, "0 attempts run already"),
    ],
)
def test_a_ready_task_is_held_back_with_a_reason(sight, said):
    assert waits_for(a_snapshot(), **sight) == [said]


def test_a_task_of_a_project_that_is_gone_is_held_back():
    assert waits_for(a_snapshot(tasks=(a_task("OLD-1"),))) == ["project OLD is not in fleet.yaml"]


def test_a_successor_waits_until_its_predecessor_is_gone_for_sure():
    never_ran = ended(state=State.LOST, outcome=None, cleaned=False)

    assert waits_for(a_snapshot(never_ran)) == ["predecessor not confirmed dead"]


def test_a_task_without_a_slot_says_why():
    fleet = a_fleet(accounts={"local": an_account(parallel=0)})

    assert waits_for(a_snapshot(), fleet) == ["local/local: 0 attempts run already"]


def test_parallel_bounds_what_holds_a_slot():
    tasks = tuple(a_task(f"APP-{number}") for number in range(1, 7))
    holding = (running(), an_attempt("APP-2", state=State.LEASED))
    done = (an_attempt("APP-3", state=State.VERIFYING, cleaned=True),)

    plan = planned(a_snapshot(*holding, *done, tasks=tasks), parallel=4)

    assert [action.task.key for action in dispatches(plan)] == ["APP-4", "APP-5"]
    assert [(w.task, w.reason) for w in plan.waits] == [("APP-6", "4 attempts run already")]


def test_a_dependent_task_is_dispatched_once_the_other_is_merged():
    task = a_task(depends=("APP-2",))

    open_ = planned(a_snapshot(tasks=(task,), resolutions={"APP-2": None}))
    merged = planned(a_snapshot(tasks=(task,), resolutions={"APP-2": Resolution.MERGED}))

    assert (kinds(open_), open_.idle) == ([], True)
    assert kinds(merged) == ["Dispatch"]


def test_what_is_in_hand_is_not_planned_again_and_not_idle():
    attempt = running()

    plan = planned(a_snapshot(attempt), busy=frozenset({f"follow {attempt.id}"}))

    assert (plan.actions, plan.idle) == ((), False)


@pytest.mark.parametrize("cooling", ["collect", "clean"])
def test_work_that_cannot_be_put_away_does_not_keep_the_fleet_awake(cooling):
    attempt = running() if cooling == "collect" else ended(state=State.MERGED, cleaned=False)
    key = f"{cooling} {attempt.id}"

    plan = planned(a_snapshot(attempt), exited=frozenset({attempt.id}), cooling=frozenset({key}))

    assert (plan.actions, plan.idle) == ((), True)


@pytest.mark.parametrize("state", [State.LEASED, State.PREPARING, State.RUNNING, State.COLLECTED])
def test_a_moving_attempt_is_never_idle(state):
    attempt = an_attempt(state=state)

    assert not planned(a_snapshot(attempt), cooling=frozenset({f"follow {attempt.id}"})).idle


def test_a_task_is_retired_only_after_all_its_attempts_are_cleaned():
    first = ended(1, cleaned=False)
    attempts = (first, ended(2, State.MERGED))

    assert kinds(planned(a_snapshot(*attempts))) == ["Clean"]
    assert kinds(planned(a_snapshot(replace(first, cleaned=True), attempts[1]))) == ["Retire"]


def test_an_attempt_of_an_ended_task_is_still_cleaned():
    plan = planned(a_snapshot(ended(cleaned=False), tasks=()))

    assert kinds(plan) == ["Clean"]


CLOSED = a_health("account local", blocked=True, until=None)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"health": (CLOSED,)}, "fleet pool open local"),
        ({"dispatch_refused": "disk is full"}, "disk is full"),
        ({"dispatch_refused": "merges only"}, "merges only"),
        ({"keys": frozenset({"APP-7"})}, "not asked for in this run"),
        ({}, ""),
    ],
)
def test_a_lease_is_given_back_where_it_could_not_be_given_any_more(fields, said):
    health = fields.get("health", ())
    sight = {key: value for key, value in fields.items() if key != "health"}

    (action,) = planned(a_snapshot(an_attempt(), health=health), **sight).actions

    if not said:
        assert isinstance(action, Launch)
        return
    assert isinstance(action, Conclude)
    assert action.to is State.CANCELLED
    assert said in action.reason


@pytest.mark.parametrize(
    ("successor", "expected"),
    [
        ({"state": State.LEASED, "created": LATER}, ["Launch"]),
        ({"state": State.PREPARING, "created": LATER}, ["Launch"]),
        ({"state": State.PREPARING, "created": LATER - timedelta(seconds=5)}, ["Clean", "Launch"]),
        ({"state": State.VERIFYING, "cleaned": True}, ["Clean", "Verify"]),
    ],
)
def test_a_successors_start_goes_before_what_its_predecessor_left(successor, expected):
    before = ended(1, State.SWAPPED, cleaned=False)

    plan = planned(a_snapshot(before, an_attempt(number=2, **successor)))

    assert kinds(plan) == expected
