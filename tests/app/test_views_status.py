"""Who follows another's work waits for what can still move by itself."""

from dataclasses import replace

import pytest

from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.app import views
from fleet.domain.attempt import State
from fleet.domain.hold import task_subject
from fleet.domain.merge import PullRequestStatus
from fleet.domain.task import Resolution
from fleet.ports import Save
from tests.builders import NOW, a_fleet, a_hold, a_pull, a_task, an_attempt

VERIFIED = an_attempt(state=State.VERIFIED, cleaned=True)
QUEUED = a_pull(attempt=VERIFIED.id, status=PullRequestStatus.QUEUED)


def moving(*rows, halted=""):
    ledger = MemoryLedger(clock=ManualClock(NOW))
    ledger.commit([Save(row=row) for row in rows])
    return views.moving(ledger.snapshot(), a_fleet(), halted=halted)


@pytest.mark.parametrize(
    "rows",
    [
        (a_task(),),
        (a_task(), an_attempt(state=State.RUNNING)),
        (a_task(), VERIFIED, QUEUED),
    ],
)
def test_what_is_ready_runs_or_merges_moves_by_itself(rows):
    assert moving(*rows) == {"APP-1"}


@pytest.mark.parametrize(
    "rows",
    [
        (a_task(resolution=Resolution.MERGED),),
        (a_task(depends=("APP-9",)), a_task("APP-9", resolution=Resolution.FAILED)),
        (a_task(), VERIFIED, replace(QUEUED, status=PullRequestStatus.OPEN)),
        (a_task(), a_hold(task_subject("APP-1"))),
        (a_task(), VERIFIED, QUEUED, a_hold(task_subject("APP-1"))),
    ],
)
def test_what_has_ended_waits_for_people_or_is_stopped_does_not(rows):
    assert moving(*rows) == frozenset()


def test_what_the_brake_stops_is_waited_for_only_until_it_has_ended():
    ready, running = a_task(), a_task("APP-2")

    assert moving(ready, running, an_attempt("APP-2", state=State.RUNNING), halted="stopped") == {
        "APP-2"
    }
