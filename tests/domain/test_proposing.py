"""Which tasks fleet itself makes the next attempt of."""

import pytest

from fleet.domain.attempt import BY_FLEET, Red, State
from fleet.domain.plan import Dispatch, Propose, Retire
from fleet.domain.planner import plan
from fleet.domain.task import Resolution
from tests.builders import a_fleet, a_task, an_attempt
from tests.domain.planning import a_sight, a_snapshot

REVERT = a_task("APP-9", reverts=3)


def planned(task, *attempts, **seen):
    snapshot = a_snapshot(*attempts, tasks=(task,))
    return plan(snapshot, seen.pop("fleet", a_fleet()), a_sight(**seen))


def fleets(number=1, **fields):
    ended = {"state": State.REJECTED, "red": Red.CONFLICT, "cleaned": True}
    return an_attempt("APP-9", number, profile=BY_FLEET, account=BY_FLEET, **(ended | fields))


def test_a_merge_is_taken_back_by_fleet_itself():
    assert planned(REVERT).actions == (Propose(task=REVERT),)


def test_what_fleet_could_not_do_goes_to_an_agent_from_the_target():
    (action,) = planned(REVERT, fleets()).actions

    assert isinstance(action, Dispatch)
    assert (action.number, action.fresh, action.cause) == (2, True, None)


def test_after_a_humans_retry_fleet_tries_once_more():
    again = a_task("APP-9", reverts=3, red_from=1)

    assert planned(again, fleets()).actions == (Propose(task=again),)
    (action,) = planned(again, fleets(), fleets(2)).actions
    assert isinstance(action, Dispatch)


def test_work_of_an_agent_is_never_put_away_for_a_proposal():
    again = a_task("APP-9", reverts=3, red_from=2)
    agents = an_attempt("APP-9", 2, state=State.REJECTED, red=Red.CHECK, cleaned=True)

    (action,) = planned(again, fleets(), agents).actions

    assert isinstance(action, Dispatch)


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ({"keys": frozenset({"APP-1"})}, "not asked for in this run"),
        ({"dispatch_refused": "the disk is full"}, "the disk is full"),
        ({"fleet": a_fleet(projects={})}, "project APP is not in fleet.yaml"),
    ],
)
def test_a_proposal_waits_for_what_keeps_others_from_beginning(seen, reason):
    found = planned(REVERT, **seen)

    assert found.actions == ()
    assert [(wait.task, wait.reason) for wait in found.waits] == [("APP-9", reason)]


def test_a_stopping_coordinator_proposes_nothing():
    assert planned(REVERT, stopping=True).actions == ()


def test_a_cancelled_task_is_put_away_once_nothing_plants_its_branch_any_more():
    gone = a_task("APP-9", reverts=3, cancel_requested=True)

    assert planned(gone, busy=frozenset({"propose APP-9"})).actions == ()
    (action,) = planned(gone).actions
    assert isinstance(action, Retire)


def test_what_git_alone_could_not_do_is_no_rebuild():
    rebuilt = {"state": State.REJECTED, "red": Red.CONFLICT, "cleaned": True}
    agents = [an_attempt("APP-9", number, **rebuilt) for number in (2, 3)]

    (action,) = planned(REVERT, fleets(), *agents).actions

    assert isinstance(action, Dispatch)


@pytest.mark.parametrize("red", [Red.CHECK, Red.CONFLICT])
def test_what_fleet_proposed_leaves_all_tries_to_agents(red):
    task = a_task("APP-9", reverts=3, max_retries=0)

    (action,) = planned(task, fleets(red=red)).actions
    assert isinstance(action, Dispatch)

    agents = an_attempt("APP-9", 2, state=State.REJECTED, red=Red.CHECK, cleaned=True)
    (action,) = planned(task, fleets(red=red), agents).actions
    assert isinstance(action, Retire)
    assert action.fate is Resolution.FAILED
