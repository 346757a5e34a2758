"""What each target's queue needs: landing first, else tries; who waits, and for whom."""

from datetime import timedelta

import pytest

from fleet.domain.attempt import Outcome, State
from fleet.domain.merge import MergeWay, PullRequestStatus
from fleet.domain.merging import LINGER
from fleet.domain.pending import ActionStatus
from fleet.domain.queue import Shown
from fleet.domain.task import Priority
from tests.builders import NOW, a_fleet, a_project, a_pull, a_task, an_action, an_attempt
from tests.domain.planning import LATER, a_snapshot, planned

CANCELLED_TASK = (a_task(cancel_requested=True),)
QUEUED = {"status": PullRequestStatus.QUEUED}
MERGING = {"status": PullRequestStatus.MERGING, "candidate": "c" * 40}
HELD = frozenset({"queue APP/main"})


def a_queue(*pulls, tasks=None, also=(), pending=(), project=None, **sight):
    """Answer the plan for pull requests 1, 2, ... of tasks that are verified."""
    numbers = range(1, len(pulls) + 1)
    attempts = [
        an_attempt(f"APP-{n}", state=State.VERIFIED, cleaned=True, outcome=Outcome.FINISHED)
        for n in numbers
    ]
    rows = tuple(a_pull(n, f"APP-{n}", **given) for n, given in zip(numbers, pulls, strict=True))
    known = tasks or tuple(a_task(f"APP-{n}") for n in numbers)
    fleet = a_fleet(projects={"APP": project or a_project()})
    snapshot = a_snapshot(*attempts, *also, tasks=known, pulls=rows, pending=pending)
    return planned(snapshot, fleet, **sight)


def keys_of(plan):
    return [action.key for action in plan.actions]


@pytest.mark.parametrize(
    ("pull", "expected"),
    [
        ({"status": PullRequestStatus.OPEN}, []),
        ({"status": PullRequestStatus.APPROVED}, ["try APP/main 1"]),
        (QUEUED, ["try APP/main 1"]),
        (MERGING, ["land APP/main"]),
    ],
)
def test_a_pull_request_goes_its_way(pull, expected):
    assert keys_of(a_queue(pull)) == expected


def test_what_landed_together_is_moved_in_its_order_and_nothing_is_tried_meanwhile():
    plan = a_queue(MERGING | {"place": 1}, MERGING | {"place": 0}, QUEUED)

    (land,) = plan.actions
    assert (land.key, land.numbers) == ("land APP/main", (2, 1))


def test_the_queue_goes_by_priority_then_age_then_size_then_number():
    tasks = tuple(a_task(f"APP-{n}") for n in (1, 2, 3, 4, 5))
    tasks = (*tasks, a_task("APP-6", priority=Priority.HIGH))
    older = {"created": NOW - timedelta(minutes=1)}
    large = QUEUED | {"size": 100}
    pulls = (large, QUEUED, QUEUED, QUEUED | older, large | older, large)

    plan = a_queue(*pulls, tasks=tasks)

    assert keys_of(plan) == ["try APP/main 6-4-5-2-3-1"]


def test_a_batch_is_as_large_as_its_project_allows_and_the_second_bets_on_the_first():
    plan = a_queue(*[QUEUED] * 5, project=a_project(batch=2))

    assert keys_of(plan) == ["try APP/main 1-2", "try APP/main 1-2|3-4"]


def test_squashed_ones_are_tried_one_by_one():
    plan = a_queue(*[QUEUED] * 3, project=a_project(batch=8, merge=MergeWay.SQUASH))

    assert keys_of(plan) == ["try APP/main 1", "try APP/main 1|2"]


def test_each_target_has_a_queue_of_its_own():
    plan = a_queue(QUEUED, QUEUED | {"target": "next"})

    assert keys_of(plan) == ["try APP/main 1", "try APP/next 2"]


def test_only_what_was_asked_for_is_merged_but_what_was_begun_is_ended():
    asked = {"keys": frozenset({"APP-2"})}

    assert keys_of(a_queue(QUEUED, QUEUED, **asked)) == ["try APP/main 2"]
    assert keys_of(a_queue(MERGING, QUEUED, **asked)) == ["land APP/main"]


def test_a_stopping_coordinator_lands_what_is_ready_and_tries_nothing():
    assert keys_of(a_queue(QUEUED, stopping=True)) == []
    assert keys_of(a_queue(MERGING, QUEUED, stopping=True)) == ["land APP/main"]


def test_a_cancelled_tasks_pull_request_is_withdrawn_and_not_tried():
    plan = a_queue(QUEUED, tasks=CANCELLED_TASK)

    assert keys_of(plan) == ["conclude app-1-1-0badcafe"]


def test_a_landing_that_has_begun_outruns_a_cancel():
    assert keys_of(a_queue(MERGING, tasks=CANCELLED_TASK)) == ["land APP/main"]


def test_a_queue_that_waits_for_the_world_is_left_alone_and_is_idle():
    told = QUEUED | {"reason": "the checkout of main is dirty"}

    plan = a_queue(told, told, cooling=HELD)

    assert (plan.actions, plan.idle) == ((), True)


def test_who_was_not_told_why_the_queue_waits_is_tried_or_told():
    told = QUEUED | {"reason": "main is red"}

    assert keys_of(a_queue(told, QUEUED, cooling=HELD)) == ["try APP/main 1-2"]


def test_a_queue_that_begins_anew_in_a_moment_is_not_idle():
    plan = a_queue(QUEUED, busy=HELD)

    assert (plan.actions, plan.idle) == ((), False)


def test_another_targets_queue_goes_on_beside_one_that_waits():
    told = QUEUED | {"reason": "dirty"}

    plan = a_queue(told, QUEUED | {"target": "next"}, cooling=HELD)

    assert keys_of(plan) == ["try APP/next 2"]


def test_what_earlier_tries_have_shown_says_what_is_tried():
    shown = {("APP", "main"): Shown(red=frozenset({(1, 2, 3, 4)}), window=2)}

    plan = a_queue(*[QUEUED] * 6, shown=shown)

    assert keys_of(plan) == ["try APP/main 1-2", "try APP/main 1-2|3"]


VERIFYING = an_attempt("APP-9", state=State.VERIFYING, cleaned=True)
JUST_NOW = NOW + timedelta(seconds=1)


def lingers(*pulls, **fields):
    """Answer the plan a second after those were verified, while another still is."""
    busy = frozenset({f"verify {VERIFYING.id}"})
    return a_queue(*pulls, **({"now": JUST_NOW, "also": (VERIFYING,), "busy": busy} | fields))


def test_a_batch_that_is_not_full_waits_a_moment_for_others_that_are_verified():
    plan = lingers(QUEUED)

    assert (plan.actions, plan.wake, plan.idle) == ((), NOW + LINGER, False)


@pytest.mark.parametrize(
    "fields",
    [
        {"also": ()},
        {"now": NOW + LINGER},
        {"project": a_project(batch=1)},
        {"pending": (an_action(1, "APP-9", status=ActionStatus.PENDING),)},
        {"shown": {("APP", "main"): Shown(red=frozenset({(1, 2)}))}},
        {"shown": {("APP", "main"): Shown(window=1)}},
        {"now": NOW - timedelta(hours=1)},
    ],
    ids=["nobody", "long enough", "full", "it asks", "halved", "narrow", "the clock was set back"],
)
def test_a_batch_waits_for_nobody_who_does_not_come_soon(fields):
    assert keys_of(lingers(QUEUED, **fields)) == ["try APP/main 1"]


def test_a_wait_for_others_keeps_the_fleet_awake_whoever_they_are():
    plan = lingers(QUEUED, busy=frozenset(), cooling=frozenset({f"verify {VERIFYING.id}"}))

    assert (plan.actions, plan.idle) == ((), False)


def test_the_age_of_the_batch_counts_and_not_that_of_the_newest():
    newest = QUEUED | {"created": LATER}

    assert keys_of(lingers(QUEUED, newest, now=LATER)) == ["try APP/main 1-2"]
