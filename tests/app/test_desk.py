"""The desk knows what its own writes make of the snapshot, without asking the ledger again."""

from dataclasses import replace

import pytest

from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.app.desk import Desk
from fleet.domain.attempt import State
from fleet.domain.errors import IllegalMoveError, StaleLeaseError
from fleet.domain.merge import PullRequestStatus
from fleet.domain.task import Resolution
from tests.builders import (
    NOW,
    a_pull,
    a_settlement,
    a_task,
    an_action,
    an_attempt,
)


@pytest.fixture
def ledger():
    kept = MemoryLedger(clock=ManualClock(NOW))
    desk = Desk(kept.snapshot(), at=NOW)
    desk.save(a_task())
    desk.save(an_attempt(state=State.VERIFYING))
    kept.commit(desk.writes())
    return kept


def a_desk(ledger):
    return Desk(ledger.snapshot(), at=NOW)


def only(desk):
    return next(iter(desk.snapshot.attempts))


def opened(desk):
    desk.save(a_pull(desk.next_pull()))


def closed(desk):
    desk.save(replace(a_pull(desk.next_pull()), status=PullRequestStatus.REJECTED))


def moved_twice(desk):
    moved = desk.move(only(desk), State.VERIFIED)
    desk.move(moved, State.REJECTED, reason="why")


def asked(desk):
    desk.ask(only(desk), an_action())


def changed(desk):
    desk.save(replace(desk.task("APP-1"), title="other"))


@pytest.mark.parametrize("act", [opened, closed, moved_twice, asked, changed])
def test_the_desk_foretells_the_ledger(ledger, act):
    desk = a_desk(ledger)

    act(desk)
    ledger.commit(desk.writes())

    read = ledger.snapshot()
    assert desk.after() == replace(read, latest_event=desk.snapshot.latest_event)


def test_an_ended_task_leaves_the_snapshot(ledger):
    desk = a_desk(ledger)

    desk.save(replace(desk.task("APP-1"), resolution=Resolution.MERGED))

    after = desk.after()
    assert (after.tasks, after.resolutions) == ((), {"APP-1": Resolution.MERGED})


def test_after_money_moved_the_ledger_is_read_again(ledger):
    desk = a_desk(ledger)

    desk.append(a_settlement(only(desk)))

    assert desk.after() is None


def test_a_row_changed_twice_is_written_once(ledger):
    desk = a_desk(ledger)

    moved_twice(desk)
    ledger.commit(desk.writes())

    (attempt,) = ledger.attempts()
    assert (attempt.state, attempt.version) == (State.REJECTED, 2)
    kinds = [event.data["to"] for event in ledger.events()]
    assert kinds == ["verified", "rejected"]


def test_who_comes_second_changes_nothing(ledger):
    first, second = a_desk(ledger), a_desk(ledger)
    changed(first)
    moved_twice(second)
    changed(second)

    ledger.commit(first.writes())

    with pytest.raises(StaleLeaseError, match="APP-1"):
        ledger.commit(second.writes())
    assert [attempt.state for attempt in ledger.attempts()] == [State.VERIFYING]


def test_there_is_no_way_around_the_roads(ledger):
    desk = a_desk(ledger)

    with pytest.raises(IllegalMoveError):
        desk.move(only(desk), State.MERGED)
    assert desk.writes() == []
