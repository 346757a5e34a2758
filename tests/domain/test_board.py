"""A task's standing, with its reason, for each way it can stand."""

import pytest

from fleet.domain.attempt import Red, State
from fleet.domain.board import PERMANENT, board_of, standing
from fleet.domain.merge import PullRequestStatus
from fleet.domain.pending import ActionStatus
from fleet.domain.task import Kind, Resolution, Status
from tests.builders import a_fleet, a_pull, a_task, an_action, an_attempt
from tests.domain.planning import a_snapshot, ended, running


def stands(snapshot, task=None, fleet=None):
    return standing(task or snapshot.tasks[0], board_of(snapshot, fleet or a_fleet()))


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (Resolution.MERGED, Status.DONE),
        (Resolution.FAILED, Status.FAILED),
        (Resolution.CANCELLED, Status.CANCELLED),
    ],
)
def test_an_ended_task_stands_where_it_ended(end, status):
    found = stands(a_snapshot(), a_task(resolution=end, reason="so"))

    assert (found.status, found.reason, found.fate) == (status, "so", None)


def test_a_new_task_is_ready():
    assert stands(a_snapshot()).status is Status.READY


@pytest.mark.parametrize(
    "state", [State.LEASED, State.PREPARING, State.RUNNING, State.COLLECTED, State.VERIFYING]
)
def test_a_task_under_way_is_running(state):
    found = stands(a_snapshot(an_attempt(state=state)))

    assert (found.status, found.fate) == (Status.RUNNING, None)
    assert found.reason


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (ActionStatus.PENDING, Status.WAITING, "approval A-1: merge a change of the check"),
        (ActionStatus.CLEARED, Status.WAITING, "A-1 was cleared: retry or cancel"),
        (ActionStatus.APPROVED, Status.RUNNING, "being verified"),
        (ActionStatus.REJECTED, Status.RUNNING, "being verified"),
    ],
)
def test_a_question_about_a_diff_makes_its_task_wait(answer, status, said):
    attempt = an_attempt(state=State.VERIFYING)

    found = stands(a_snapshot(attempt, pending=(an_action(status=answer),)))

    assert found.status is status
    assert said in found.reason


@pytest.mark.parametrize(
    ("pull", "status", "said"),
    [
        (None, Status.REVIEW, "waits for review"),
        (a_pull(4), Status.REVIEW, "pull request 4 waits for review"),
        (a_pull(4, status=PullRequestStatus.QUEUED), Status.MERGING, "pull request 4"),
        (a_pull(4, status=PullRequestStatus.QUEUED, reason="dirty"), Status.MERGING, "dirty"),
        (a_pull(4, status=PullRequestStatus.MERGING), Status.MERGING, "pull request 4"),
    ],
)
def test_a_verified_task_is_in_review_or_merging(pull, status, said):
    pulls = (pull,) if pull else ()

    found = stands(a_snapshot(an_attempt(state=State.VERIFIED), pulls=pulls))

    assert found.status is status
    assert said in found.reason


def test_a_merged_attempt_ends_its_task_even_when_cancelled_meanwhile():
    task = a_task(cancel_requested=True)

    found = stands(a_snapshot(ended(state=State.MERGED), tasks=(task,)))

    assert found.fate is Resolution.MERGED


def test_a_cancelled_task_ends_once_nothing_is_live():
    task = a_task(cancel_requested=True)

    assert stands(a_snapshot(tasks=(task,))).fate is Resolution.CANCELLED
    assert stands(a_snapshot(running(), tasks=(task,))).fate is None


@pytest.mark.parametrize(("most", "allowed"), [(0, 1), (2, 3), (5, 6)])
def test_max_retries_n_means_n_plus_one_red_attempts(most, allowed):
    task = a_task(max_retries=most)
    red = [ended(number) for number in range(1, allowed + 1)]

    before = stands(a_snapshot(*red[:-1], tasks=(task,)))
    after = stands(a_snapshot(*red, tasks=(task,)))

    assert before.status is Status.READY
    assert (after.fate, after.reason) == (Resolution.FAILED, f"{allowed} red attempts: why")


@pytest.mark.parametrize("red", sorted(set(Red) - {Red.CONFLICT}))
def test_every_red_but_a_conflict_counts(red):
    attempts = [ended(number, red=red) for number in (1, 2, 3)]

    assert stands(a_snapshot(*attempts)).fate is Resolution.FAILED


def test_conflicts_have_a_cap_of_their_own():
    attempts = [ended(number, red=Red.CONFLICT) for number in (1, 2, 3)]
    mixed = [ended(number, red=Red.CHECK) for number in (4, 5)]

    assert stands(a_snapshot(*attempts[:2], *mixed)).status is Status.READY
    found = stands(a_snapshot(*attempts))
    assert (found.fate, "3 conflicts" in found.reason) == (Resolution.FAILED, True)


@pytest.mark.parametrize("state", [State.FAILED, State.LOST, State.SWAPPED])
def test_broken_attempts_have_a_cap_of_their_own(state):
    broken = [ended(number, state, failure_kind="crash") for number in (1, 2, 3)]
    mixed = [ended(number) for number in (4, 5)]

    assert stands(a_snapshot(*broken[:2], *mixed)).status is Status.READY
    found = stands(a_snapshot(*broken))
    assert (found.fate, "3 attempts broke off" in found.reason) == (Resolution.FAILED, True)


def test_cancelled_attempts_count_for_nothing():
    attempts = [ended(number, State.CANCELLED) for number in range(1, 20)]

    assert stands(a_snapshot(*attempts)).status is Status.READY


@pytest.mark.parametrize("kind", sorted(PERMANENT))
def test_a_permanent_failure_ends_the_task_at_once(kind):
    found = stands(a_snapshot(ended(state=State.FAILED, failure_kind=kind)))

    assert (found.fate, found.reason) == (Resolution.FAILED, "why")


def test_a_passing_failure_does_not():
    attempt = ended(state=State.FAILED, failure_kind="rate_limit")

    assert stands(a_snapshot(attempt)).status is Status.READY


def test_a_retry_by_a_human_counts_anew():
    attempts = [ended(1), ended(2), ended(3, State.FAILED, failure_kind="verdict_error")]

    assert stands(a_snapshot(*attempts, tasks=(a_task(red_from=3),))).status is Status.READY
    assert stands(a_snapshot(*attempts, tasks=(a_task(red_from=2),))).fate is Resolution.FAILED


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (None, Status.WAITING, "approval ?"),
        (ActionStatus.PENDING, Status.WAITING, "approval A-1: why"),
        (ActionStatus.CLEARED, Status.WAITING, "was cleared"),
        (ActionStatus.APPROVED, Status.READY, "was approved"),
        (ActionStatus.REJECTED, Status.READY, "was rejected"),
    ],
)
def test_a_paused_task_waits_for_its_answer(answer, status, said):
    pending = (an_action(status=answer),) if answer else ()

    found = stands(a_snapshot(ended(state=State.PAUSED), pending=pending))

    assert found.status is status
    assert said in found.reason


def test_only_a_rejected_request_counts_as_red():
    task = a_task(max_retries=0)
    paused = ended(state=State.PAUSED)

    def asked(answer):
        snapshot = a_snapshot(paused, tasks=(task,), pending=(an_action(status=answer),))
        return stands(snapshot)

    assert asked(ActionStatus.APPROVED).status is Status.READY
    assert asked(ActionStatus.REJECTED).fate is Resolution.FAILED


@pytest.mark.parametrize(
    ("resolution", "status", "said"),
    [
        (None, Status.WAITING, "waits for APP-2"),
        (Resolution.MERGED, Status.READY, ""),
        (Resolution.FAILED, Status.WAITING, "needs APP-2, which is failed"),
        (Resolution.CANCELLED, Status.WAITING, "needs APP-2, which is cancelled"),
    ],
)
def test_a_task_waits_for_what_it_depends_on(resolution, status, said):
    task = a_task(depends=("APP-2",))

    found = stands(a_snapshot(tasks=(task,), resolutions={"APP-2": resolution}))

    assert (found.status, found.reason) == (status, said)


@pytest.mark.parametrize("kind", [Kind.TASK, Kind.PHASE, Kind.ROADMAP])
def test_a_parent_without_children_is_never_dispatched(kind):
    found = stands(a_snapshot(tasks=(a_task(kind=kind),)))

    assert (found.status, found.reason) == (Status.WAITING, "has no atomic child")


@pytest.mark.parametrize(
    ("ends", "status", "fate"),
    [
        ((None, Resolution.MERGED), Status.BACKLOG, None),
        ((Resolution.MERGED, Resolution.MERGED), Status.RUNNING, Resolution.MERGED),
        ((Resolution.MERGED, Resolution.FAILED), Status.WAITING, None),
        ((Resolution.CANCELLED, Resolution.MERGED), Status.WAITING, None),
    ],
)
def test_a_parent_is_done_when_all_its_children_are_merged(ends, status, fate):
    parent = a_task("APP-9", kind=Kind.TASK)
    keys = ("APP-1", "APP-2")
    children = tuple(
        a_task(key, parent="APP-9") for key, end in zip(keys, ends, strict=True) if end is None
    )
    snapshot = a_snapshot(
        tasks=(parent, *children),
        resolutions=dict(zip(keys, ends, strict=True)),
        parents=dict.fromkeys(keys, "APP-9"),
    )

    found = stands(snapshot)

    assert (found.status, found.fate) == (status, fate)
