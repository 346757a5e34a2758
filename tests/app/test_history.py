"""History is told backwards, and the newest word on a run counts."""

from datetime import timedelta

import pytest

from fleet.app.run import BEGAN, STARTED, Run, newest_first, run_of, source_of
from fleet.ports import Log
from tests.builders import an_event
from tests.memory_world import World

HOUR = timedelta(hours=1)


def written(*events):
    world = World()
    world.ledger.commit([Log(event=event) for event in events])
    return world.ledger


def test_a_run_of_the_schedule_takes_the_place_of_what_was_under_way():
    started = an_event(STARTED, task=None, data={"run": "one"})
    began = an_event(BEGAN, task=None, data={"run": "night"})

    assert run_of(written(started, began)) == Run(id="night", parallel=None)
    assert run_of(written(began, started)) == Run(id="one", parallel=None)


def test_what_a_coordinator_goes_by_is_what_it_wrote_itself_whatever_began_since():
    older = an_event(STARTED, task=None, data={"source": "old"})
    newer = an_event(STARTED, task=None, data={"source": "new"}, at=older.at + HOUR)
    shift = an_event(BEGAN, task=None, data={"run": "night"}, at=newer.at + HOUR)

    assert source_of(written(older, newer, shift), since=newer.at) == "new"
    assert source_of(written(older), since=newer.at) == ""


@pytest.mark.parametrize("many", [0, 1, 1000, 1001, 9500])
def test_each_event_is_told_once_however_many_there_are(many):
    ledger = written(*[an_event() for _ in range(many)])

    assert [event.id for event in newest_first(ledger)] == list(range(many, 0, -1))
