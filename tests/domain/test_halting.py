"""What people stopped does not go on: nothing starts, nothing lands, and each wait says why."""

import pytest

from fleet.domain.attempt import Outcome, State
from fleet.domain.board import board_of, standing
from fleet.domain.halting import halts_of
from fleet.domain.hold import COORDINATOR, FLEET, HoldKind
from fleet.domain.merge import PullRequestStatus
from fleet.domain.plan import Conclude, Dispatch, Launch, Stop
from fleet.domain.task import Status
from fleet.domain.tries import Try
from tests.builders import a_fleet, a_hold, a_pull, a_task, an_attempt
from tests.domain.planning import a_snapshot, kinds, planned, running

ALL = "everything is stopped by ann at 2026-03-14 09:26 UTC: fire (`fleet resume` lifts it)"
ONE = "stopped by ann at 2026-03-14 09:26 UTC (`fleet resume APP-1` lifts it)"
ENDS = "the coordinator ends, stopped by ann at 2026-03-14 09:26 UTC"
FILE = "everything is stopped by a file (`fleet resume` removes it)"
HOLDS = {
    ALL: a_hold(FLEET, reason="fire"),
    ONE: a_hold("task APP-1"),
    ENDS: a_hold(COORDINATOR, kind=HoldKind.DRAIN),
}
STOPS = [ALL, ONE]


def held(why, *attempts, **fields):
    return a_snapshot(*attempts, holds=(HOLDS[why],), **fields)


def a_landing(status=PullRequestStatus.QUEUED, number=1):
    key = f"APP-{number}"
    attempt = an_attempt(key, state=State.VERIFIED, outcome=Outcome.FINISHED, cleaned=True)
    return attempt, a_pull(number, key, status=status)


@pytest.mark.parametrize("why", HOLDS)
def test_a_task_that_is_held_is_not_begun_and_says_why(why):
    plan = planned(held(why))

    assert plan.actions == ()
    assert [wait.reason for wait in plan.waits] == [why]
    assert plan.idle


def test_a_file_that_stops_all_does_it_without_any_row():
    plan = planned(a_snapshot(), halted="stopped by a file")

    assert (plan.actions, [wait.reason for wait in plan.waits]) == ((), [FILE])


def test_a_hold_of_one_task_leaves_the_others_alone():
    plan = planned(held(ONE, tasks=(a_task(), a_task("APP-2"))))

    assert [action.task.key for action in plan.actions if isinstance(action, Dispatch)] == ["APP-2"]


def test_a_hold_that_was_lifted_holds_nothing():
    plan = planned(a_snapshot(holds=(a_hold(active=False), a_hold("task APP-1", active=False))))

    assert kinds(plan) == ["Dispatch"]


@pytest.mark.parametrize("why", STOPS)
def test_what_runs_is_stopped_as_cancelled_which_counts_for_nothing(why):
    attempt = running()
    plan = planned(held(why, attempt), followed=frozenset({attempt.id}))

    assert plan.actions == (Stop(attempt=attempt, outcome=Outcome.CANCELLED, reason=why),)


def test_a_coordinator_that_ends_lets_finish_what_runs():
    attempt = running()

    assert planned(held(ENDS, attempt), followed=frozenset({attempt.id})).actions == ()


@pytest.mark.parametrize("why", HOLDS)
def test_a_lease_that_was_not_begun_is_given_back(why):
    attempt = an_attempt(state=State.LEASED)

    (action,) = planned(held(why, attempt)).actions

    assert action == Conclude(attempt=attempt, to=State.CANCELLED, reason=f"not started: {why}")


def test_a_container_that_may_be_there_already_is_looked_for_before_it_is_stopped():
    attempt = an_attempt(state=State.PREPARING)

    (action,) = planned(held(ALL, attempt)).actions

    assert isinstance(action, Launch)


@pytest.mark.parametrize(("why", "goes_on"), [(ALL, False), (ONE, False), (ENDS, True)])
def test_checks_begin_under_a_drain_and_not_under_a_stop(why, goes_on):
    attempt = an_attempt(state=State.VERIFYING, outcome=Outcome.FINISHED, cleaned=True)
    snapshot = held(why, attempt)

    assert kinds(planned(snapshot)) == ["Verify"] * goes_on
    assert planned(snapshot).idle is not goes_on
    where = standing(snapshot.tasks[0], board_of(snapshot, a_fleet()))
    assert (where.status, where.reason) == (
        (Status.RUNNING, "being verified") if goes_on else (Status.WAITING, why)
    )


@pytest.mark.parametrize(("why", "goes_on"), [(ALL, False), (ONE, False), (ENDS, True)])
def test_what_is_verified_is_merged_under_a_drain_and_not_under_a_stop(why, goes_on):
    attempt, pull = a_landing()
    snapshot = held(why, attempt, pulls=(pull,))

    assert kinds(planned(snapshot)) == ["Try"] * goes_on
    where = standing(snapshot.tasks[0], board_of(snapshot, a_fleet()))
    assert (where.status, where.reason) == (
        Status.MERGING,
        "pull request 1" if goes_on else why,
    )


def test_a_stop_of_all_lets_nothing_land_and_one_of_a_task_leaves_no_landing_half_way():
    attempt, pull = a_landing(PullRequestStatus.MERGING)

    assert kinds(planned(held(ALL, attempt, pulls=(pull,)))) == []
    assert kinds(planned(a_snapshot(attempt, pulls=(pull,)), halted="stopped by a file")) == []
    assert kinds(planned(held(ONE, attempt, pulls=(pull,)))) == ["Land"]


def test_a_held_task_leaves_its_place_in_the_queue_to_the_others():
    (first, one), (second, two) = a_landing(), a_landing(number=2)

    tasks = (a_task(), a_task("APP-2"))
    (action,) = planned(held(ONE, first, second, pulls=(one, two), tasks=tasks)).actions

    assert isinstance(action, Try)
    assert action.numbers == ((2,),)


def test_words_tell_the_stop_before_the_drain_and_the_fleet_before_the_task():
    both = halts_of((HOLDS[ENDS], HOLDS[ONE], HOLDS[ALL]), halted="")

    assert both.start("APP-1") == ALL
    assert both.start("APP-2") == ALL
    assert halts_of((HOLDS[ENDS], HOLDS[ONE]), halted="").start("APP-1") == ONE
    assert halts_of((HOLDS[ENDS], HOLDS[ONE]), halted="").start("APP-2") == ENDS


def test_a_coordinator_drains_or_closes_by_the_kind_of_its_hold():
    drain = halts_of((HOLDS[ENDS],), halted="")
    stop = halts_of((a_hold(COORDINATOR),), halted="")

    assert (drain.drain, drain.closing, drain.stop("APP-1")) == (ENDS, "", "")
    assert (stop.drain, stop.closing, stop.stop("APP-1")) == ("", ENDS, "")
    assert stop.start("APP-1") == ENDS


def test_a_drain_of_anything_but_the_coordinator_is_a_stop():
    halts = halts_of((a_hold("task APP-1", kind=HoldKind.DRAIN),), halted="")

    assert (halts.stop("APP-1"), halts.drain) == (ONE, "")
