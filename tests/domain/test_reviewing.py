"""A reviewer is not flooded: while enough waits for one, no other task of the project is begun."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.attempt import Outcome, Red, State
from fleet.domain.merge import PullRequestStatus
from fleet.domain.plan import Dispatch
from fleet.domain.swap import Cause
from fleet.domain.task import Review
from tests.builders import NOW, a_fleet, a_project, a_pull, a_task, an_attempt
from tests.domain.planning import LATER, a_snapshot, ended, planned


def a_crowd(number, *, project="APP", status=PullRequestStatus.OPEN, first=50):
    """Answer tasks in review with their attempts and pull requests."""
    keys = [f"{project}-{first + n}" for n in range(number)]
    verified: dict[str, Any] = {"state": State.VERIFIED, "cleaned": True, "outcome": None}
    return (
        tuple(a_task(key) for key in keys),
        tuple(an_attempt(key, **verified) for key in keys),
        tuple(a_pull(first + n, key, status=status) for n, key in enumerate(keys)),
    )


def plan_beside(crowd, *tasks, attempts=(), limit=2, **sight):
    waiting, verified, pulls = crowd
    fleet = a_fleet(projects={"APP": a_project(in_review_limit=limit), "WEB": a_project("WEB")})
    snapshot = a_snapshot(*attempts, *verified, tasks=(*tasks, *waiting), pulls=pulls)
    return planned(snapshot, fleet, **sight)


def started(plan):
    return [action.task.key for action in plan.actions if isinstance(action, Dispatch)]


def test_a_task_is_not_begun_while_enough_waits_for_review():
    plan = plan_beside(a_crowd(2), a_task())

    assert started(plan) == []
    (wait,) = plan.waits
    assert wait.reason == "2 pull requests wait for your review in APP (in_review_limit: 2)"
    assert wait.until is None


def test_it_is_begun_once_one_of_them_is_decided():
    assert started(plan_beside(a_crowd(1), a_task())) == ["APP-1"]


@pytest.mark.parametrize("status", [PullRequestStatus.APPROVED, PullRequestStatus.QUEUED])
def test_what_is_approved_waits_for_no_reviewer(status):
    assert started(plan_beside(a_crowd(5, status=status), a_task())) == ["APP-1"]


@pytest.mark.parametrize(
    ("coming", "begun"),
    [
        ({"state": State.VERIFYING}, []),
        ({"state": State.COLLECTED, "outcome": Outcome.FINISHED}, []),
        ({"state": State.COLLECTED, "outcome": Outcome.SWAP}, ["APP-1"]),
        ({"state": State.RUNNING, "last_beat": LATER, "last_progress": LATER}, ["APP-1"]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_verified_for_a_reviewer_counts_as_if_it_waited(coming, begun):
    attempt = an_attempt("APP-2", **coming)

    plan = plan_beside(a_crowd(1), a_task("APP-2"), a_task(), attempts=(attempt,))

    assert [key for key in started(plan) if key == "APP-1"] == begun
    if not begun:
        said = "1 pull request waits for your review in APP, 1 more on the way (in_review_limit: 2)"
        assert said in [wait.reason for wait in plan.waits]


def test_what_is_verified_and_asks_no_reviewer_does_not_count():
    attempt = an_attempt("APP-2", state=State.VERIFYING)
    auto = a_task("APP-2", review=Review.AUTO)

    assert started(plan_beside(a_crowd(1), auto, a_task(), attempts=(attempt,))) == ["APP-1"]


def test_another_project_has_reviewers_of_its_own():
    plan = plan_beside(a_crowd(2), a_task("WEB-1"), a_task())

    assert started(plan) == ["WEB-1"]


def test_who_asks_no_reviewer_is_not_held_back():
    assert started(plan_beside(a_crowd(2), a_task(review=Review.AUTO))) == ["APP-1"]


@pytest.mark.parametrize(
    "last",
    [
        ended(red=Red.REVIEW),
        ended(red=Red.CHECK),
        ended(state=State.SWAPPED, cause=Cause.STALLED),
        ended(state=State.CANCELLED),
    ],
    ids=lambda attempt: f"{attempt.state}-{attempt.red}",
)
def test_what_was_begun_goes_on(last):
    assert started(plan_beside(a_crowd(2), a_task(), attempts=(last,))) == ["APP-1"]


def test_it_is_said_before_how_many_run_already():
    plan = plan_beside(a_crowd(2), a_task(), parallel=0)

    assert "in_review_limit" in plan.waits[0].reason


@given(
    waiting=st.integers(0, 6),
    limit=st.integers(1, 5),
    new=st.integers(0, 4),
    begun=st.integers(0, 4),
)
def test_new_tasks_begin_exactly_while_fewer_than_the_limit_wait(waiting, limit, new, begun):
    fresh = tuple(a_task(f"APP-{n}", created=NOW + timedelta(n)) for n in range(1, new + 1))
    old = tuple(a_task(f"APP-{n}") for n in range(20, 20 + begun))
    past = tuple(ended(task=task.key, red=Red.REVIEW) for task in old)

    plan = plan_beside(a_crowd(waiting), *fresh, *old, attempts=past, limit=limit, parallel=9)

    wanted = {task.key for task in old}
    if waiting < limit:
        wanted |= {task.key for task in fresh}
    assert set(started(plan)) == wanted
