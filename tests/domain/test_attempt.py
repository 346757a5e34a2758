"""An attempt moves along ROADS and nowhere else."""

from datetime import timedelta
from itertools import product

import pytest

from fleet.domain.attempt import (
    HOLDS_SLOT,
    LIVE,
    ROADS,
    Outcome,
    State,
    advance,
    attempt_id,
    end_of,
)
from fleet.domain.errors import IllegalMoveError
from tests.builders import NOW, an_attempt

ENDS = frozenset(State) - LIVE


@pytest.mark.parametrize(("here", "to"), list(product(State, State)))
def test_an_attempt_moves_along_the_roads_only(here, to):
    attempt = an_attempt(state=here)

    if to in ROADS[here]:
        assert advance(attempt, to, at=NOW).state is to
    else:
        with pytest.raises(IllegalMoveError, match=attempt.id):
            advance(attempt, to, at=NOW)


def test_every_state_has_its_roads():
    assert ROADS.keys() == set(State)


@pytest.mark.parametrize("state", State)
def test_no_state_is_reached_from_itself(state):
    reached, ahead = set(), set(ROADS[state])
    while ahead:
        here = ahead.pop()
        reached.add(here)
        ahead |= ROADS[here] - reached

    assert state not in reached


def test_what_is_over_stays_over():
    assert all(not ROADS[end] for end in ENDS)
    assert State.MERGED in ENDS
    assert all(not an_attempt(state=end).live for end in ENDS)


def test_only_a_verified_attempt_is_merged():
    assert [state for state, roads in ROADS.items() if State.MERGED in roads] == [State.VERIFIED]


def test_only_a_checked_attempt_is_verified():
    before = [state for state, roads in ROADS.items() if State.VERIFIED in roads]

    assert before == [State.VERIFYING]


def test_a_running_attempt_is_collected_whatever_became_of_it():
    assert ROADS[State.RUNNING] == {State.COLLECTED}


@pytest.mark.parametrize("state", State)
def test_a_slot_is_held_until_the_work_is_collected(state):
    expected = state in {State.LEASED, State.PREPARING, State.RUNNING}

    assert an_attempt(state=state).holds_slot is expected
    assert (state in HOLDS_SLOT) is expected


@pytest.mark.parametrize(
    ("outcome", "self_check_red", "end"),
    [
        (Outcome.FINISHED, False, State.VERIFYING),
        (Outcome.FINISHED, True, State.VERIFYING),
        (Outcome.FAILED, False, State.FAILED),
        (Outcome.FAILED, True, State.VERIFYING),
        (Outcome.LOST, False, State.LOST),
        (Outcome.LOST, True, State.LOST),
        (Outcome.SWAP, True, State.SWAPPED),
        (Outcome.PAUSED, True, State.PAUSED),
        (Outcome.CANCELLED, True, State.CANCELLED),
    ],
)
def test_an_outcome_names_its_end(outcome, self_check_red, end):
    assert end_of(outcome, self_check_red=self_check_red) is end
    assert end in ROADS[State.COLLECTED]


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_an_end(outcome):
    assert end_of(outcome, self_check_red=False) in ROADS[State.COLLECTED]


def test_the_clock_of_life_starts_when_the_container_runs():
    later = NOW + timedelta(minutes=3)

    running = advance(an_attempt(state=State.PREPARING), State.RUNNING, at=later)

    assert (running.started, running.last_beat, running.last_progress) == (later,) * 3
    assert running.ended is None


@pytest.mark.parametrize("end", sorted(ROADS[State.VERIFIED]))
def test_an_end_is_dated(end):
    ended = advance(an_attempt(state=State.VERIFIED), end, at=NOW, reason="so")

    assert (ended.ended, ended.reason) == (NOW, "so")


def test_a_move_without_a_reason_keeps_the_last_one():
    attempt = an_attempt(state=State.VERIFYING, reason="the agent finished")

    assert advance(attempt, State.VERIFIED, at=NOW).reason == "the agent finished"


def test_names_are_built_from_task_number_and_home():
    attempt = an_attempt(id=attempt_id("APP-12", 3, "deadbeef"))

    assert attempt.id == "app-12-3-deadbeef"
    assert attempt.container == "fleet-app-12-3-deadbeef"
