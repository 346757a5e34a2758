"""A merge is taken back once: nobody takes back what does not stand, or what another takes back."""

import pytest

from fleet.domain.merge import PullRequestStatus
from fleet.domain.reverting import against_revert
from fleet.domain.task import Resolution
from tests.builders import a_pull, a_task

MERGED = {"status": PullRequestStatus.MERGED, "merged_sha": "d" * 40}
FIRST = a_pull(1, "APP-1", **MERGED)
SECOND = a_pull(2, "APP-2", **MERGED)
THIRD = a_pull(3, "APP-3", **MERGED)
DONE = {"resolution": Resolution.MERGED}


def reverting(key, number, **fields):
    return a_task(key, reverts=number, **fields)


def test_a_merge_that_stands_can_be_taken_back():
    assert against_revert(FIRST, (a_task(**DONE),), (FIRST,)) == ""


@pytest.mark.parametrize("status", sorted(set(PullRequestStatus) - {PullRequestStatus.MERGED}))
def test_what_is_not_merged_cannot_be_taken_back(status):
    assert str(status) in against_revert(a_pull(status=status), (), ())


def test_one_task_at_a_time_takes_it_back():
    tasks = (a_task(**DONE), reverting("APP-2", 1))

    assert "APP-2 takes pull request 1 back" in against_revert(FIRST, tasks, (FIRST,))


@pytest.mark.parametrize("how", [Resolution.FAILED, Resolution.CANCELLED])
def test_a_revert_that_came_to_nothing_hinders_none(how):
    tasks = (a_task(**DONE), reverting("APP-2", 1, resolution=how))

    assert against_revert(FIRST, tasks, (FIRST,)) == ""


def test_what_was_taken_back_is_not_taken_back_again():
    tasks = (a_task(**DONE), reverting("APP-2", 1, **DONE))

    said = against_revert(FIRST, tasks, (FIRST, SECOND))

    assert said == "pull request 2 (APP-2) took pull request 1 back already"
    assert against_revert(SECOND, tasks, (FIRST, SECOND)) == ""


def test_what_stands_again_can_be_taken_back_again():
    tasks = (a_task(**DONE), reverting("APP-2", 1, **DONE), reverting("APP-3", 2, **DONE))

    assert against_revert(FIRST, tasks, (FIRST, SECOND, THIRD)) == ""
    assert "took pull request 2 back" in against_revert(SECOND, tasks, (FIRST, SECOND, THIRD))
