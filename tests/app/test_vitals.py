"""Alive, progressing and finished are told apart, each with the seconds since."""

from datetime import timedelta

import pytest

from fleet.app.views.vitals import vitals
from fleet.cli.vitals import line, three
from fleet.domain.attempt import Outcome, State
from tests.builders import NOW, a_fleet, a_profile, an_attempt


def ago(seconds):
    return NOW - timedelta(seconds=seconds)


def signs(beat=3, told=3, work=None, fleet=None, **fields):
    """Answer the vital signs of an attempt that runs, so many seconds after each sign."""
    last = {"last_beat": ago(beat), "last_progress": ago(told)}
    seen = {} if work is None else {"last_work": ago(work)}
    attempt = an_attempt(**({"state": State.RUNNING, "started": ago(9000)} | last | seen | fields))
    return vitals(attempt, fleet or a_fleet(), now=NOW)


def truths(row):
    return row["alive"], row["progressing"], row["finished"]


@pytest.mark.parametrize(
    ("fields", "expected", "said"),
    [
        ({}, (True, True, False), "alive: beat 3 s ago; progressing: told 3 s ago; finished: no"),
        ({"told": 60}, (True, True, False), "told 60 s ago"),
        ({"told": 61}, (True, False, False), "progressing: nothing for 61 s of 600 s"),
        ({"told": 700, "work": 4}, (True, True, False), "works without a word for 700 s"),
        ({"told": 700, "work": 90}, (True, False, False), "nothing for 90 s of 600 s"),
        ({"told": 20, "work": 400}, (True, True, False), "told 20 s ago"),
        ({"beat": 61}, (False, True, False), "alive: no beat for 61 s"),
        ({"failure_kind": "none"}, (True, True, True), "finished: success 3 s ago"),
        ({"failure_kind": "oom"}, (True, True, True), "finished: oom 3 s ago"),
        ({"stopping": Outcome.SWAP}, (True, True, False), "finished: is stopped: swap"),
    ],
)
def test_each_of_the_three_is_true_alone(fields, expected, said):
    row = signs(**fields)

    assert truths(row) == expected
    assert said in line(row)


def test_the_seconds_are_those_since_each():
    row = signs(beat=5, told=700, work=40)

    since = row["beat_seconds"], row["quiet_seconds"], row["work_seconds"]
    assert since == (5.0, 700.0, 40.0)
    assert row["stall_after_seconds"] == 600.0
    assert row["finished_seconds"] is None


def test_the_limits_are_those_of_its_profile():
    patient = a_profile(heartbeat_lost_after=300.0, stall_after=3600.0)

    row = signs(beat=299, told=301, fleet=a_fleet(profiles={"local": patient}))

    assert truths(row) == (True, False, False)
    assert "nothing for 301 s of 3600 s" in line(row)


def test_one_whose_profile_is_gone_is_shown_all_the_same():
    row = signs(told=700, profile="gone")

    assert truths(row) == (True, False, False)
    assert "told 700 s ago" in line(row)


@pytest.mark.parametrize("state", [State.LEASED, State.PREPARING])
def test_before_it_runs_there_is_nothing_to_hear(state):
    row = vitals(an_attempt(state=state), a_fleet(), now=NOW)

    assert truths(row) == (False, False, False)
    assert three(row) == {"alive": "-", "progressing": "-", "finished": "no"}


@pytest.mark.parametrize(
    ("state", "outcome"), [(State.COLLECTED, Outcome.LOST), (State.LOST, Outcome.LOST)]
)
def test_one_whose_container_has_ended_is_finished_and_neither_alive_nor_at_work(state, outcome):
    row = signs(state=state, outcome=outcome)

    assert truths(row) == (False, False, True)
    assert (row["finished_seconds"], three(row)["finished"]) == (3.0, "ended 3 s ago")


def test_one_that_never_ran_ended_when_it_was_given_up():
    never = an_attempt(state=State.CANCELLED, ended=ago(30))

    assert vitals(never, a_fleet(), now=NOW)["finished_seconds"] == 30.0


def test_a_clock_set_back_makes_nothing_lie_ahead():
    row = signs(beat=-7200, told=-7200, work=-7200)

    assert (row["beat_seconds"], row["quiet_seconds"], row["work_seconds"]) == (0.0, 0.0, 0.0)
