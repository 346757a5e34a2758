"""What the snapshot adds up: money and requests by day, task and run, and swaps by night."""

from datetime import timedelta

import pytest

from fleet.domain.attempt import State
from fleet.domain.budget import Tally
from fleet.domain.errors import DuplicateError
from fleet.domain.task import Resolution
from fleet.ports import Append, Immutable, Ledger, Save
from tests.builders import (
    NOW,
    TODAY,
    a_receipt,
    a_reservation,
    a_settlement,
    a_task,
    an_attempt,
)

DAY = timedelta(days=1)
FAILED = State.FAILED


def settle(ledger: Ledger, key: str, number: int = 1, **fields):
    """Write the task's next attempt with what it cost."""
    attempt = an_attempt(key, number, state=FAILED, account=fields.pop("account", "local"))
    task = [] if any(task.key == key for task in ledger.tasks()) else [Save(row=a_task(key))]
    settlement = a_settlement(attempt, **fields)
    ledger.commit([*task, Save(row=attempt), Append(row=settlement)])


def receive(ledger: Ledger, number: int, **fields):
    """Write the next attempt of the first task with the receipt of its swap."""
    attempt = an_attempt(number=number, state=State.SWAPPED)
    task = [] if ledger.tasks() else [Save(row=a_task())]
    ledger.commit([*task, Save(row=attempt), Append(row=a_receipt(attempt, **fields))])


def test_settlements_are_added_up_by_account_and_day(ledger):
    settle(ledger, "APP-1", account="ada", micros=1, requests=2)
    settle(ledger, "APP-2", account="ada", micros=10, requests=20)
    settle(ledger, "APP-3", account="ada", micros=100, requests=200, day=TODAY - DAY)
    settle(ledger, "APP-4", account="bob", micros=2**40, requests=0)

    assert ledger.snapshot().account_days == {
        ("ada", TODAY): Tally(micros=11, requests=22),
        ("ada", TODAY - DAY): Tally(micros=100, requests=200),
        ("bob", TODAY): Tally(micros=2**40),
    }


def test_settlements_are_added_up_by_project_and_its_own_day(ledger):
    settle(ledger, "APP-1", micros=1, day=TODAY + DAY)
    settle(ledger, "APP-2", micros=10, project_day=TODAY - DAY)
    settle(ledger, "LIB-1", micros=100)
    settle(ledger, "LIB-2", micros=1000)

    assert ledger.snapshot().project_days == {
        ("APP", TODAY): 1,
        ("APP", TODAY - DAY): 10,
        ("LIB", TODAY): 1100,
    }


def test_the_day_is_the_one_that_was_written_whatever_the_instant_says(ledger):
    settle(ledger, "APP-1", at=NOW - 9 * DAY)

    assert list(ledger.snapshot().account_days) == [("local", TODAY)]


def test_days_count_as_long_as_it_may_be_that_day_or_night_somewhere(ledger, clock):
    for number, ago in enumerate((-1, 0, 1, 2, 3), start=1):
        day = TODAY - ago * DAY
        settle(ledger, f"APP-{number}", day=day, project_day=day)
        receive(ledger, number + 1, night=day)
    recent = {TODAY + DAY, TODAY, TODAY - DAY, TODAY - 2 * DAY}

    snapshot = ledger.snapshot()
    assert {day for _, day in snapshot.account_days} == recent
    assert {day for _, day in snapshot.project_days} == recent
    assert set(snapshot.swaps) == recent

    clock.advance(2 * DAY)

    assert {day for _, day in ledger.snapshot().account_days} == {TODAY + DAY, TODAY}


def test_an_open_task_is_told_what_it_cost_over_all_time(ledger, clock):
    settle(ledger, "APP-1", 1, micros=1, day=TODAY - 30 * DAY)
    settle(ledger, "APP-1", 2, micros=10)
    settle(ledger, "APP-2", 1, micros=100)
    ledger.commit([Save(row=a_task("APP-3"))])

    assert ledger.snapshot().task_settled == {"APP-1": 11, "APP-2": 100}

    ledger.commit([Save(row=a_task("APP-2", resolution=Resolution.MERGED, version=1))])
    clock.advance(30 * DAY)

    assert ledger.snapshot().task_settled == {"APP-1": 11}


def test_a_run_is_told_what_was_settled_in_it(ledger):
    settle(ledger, "APP-1", micros=1, run="first", day=TODAY - 30 * DAY)
    settle(ledger, "APP-2", micros=10, run="first")
    settle(ledger, "APP-3", micros=100, run="second")

    spent = [ledger.snapshot(run=run).run_settled for run in ("first", "second", "third")]
    assert spent == [11, 100, 0]


def test_without_a_run_what_belongs_to_none_is_added_up(ledger):
    settle(ledger, "APP-1", micros=1, run="first")
    settle(ledger, "APP-2", micros=10, run="")

    assert ledger.snapshot().run_settled == 10


def test_what_is_reserved_is_not_settled(ledger):
    attempt = an_attempt(state=State.RUNNING)
    ledger.commit([Save(row=a_task()), Save(row=attempt), Append(row=a_reservation(attempt))])

    snapshot = ledger.snapshot(run="")

    assert (snapshot.account_days, snapshot.project_days) == ({}, {})
    assert (snapshot.task_settled, snapshot.run_settled) == ({}, 0)


def test_swaps_are_counted_by_night(ledger):
    receive(ledger, 1, night=TODAY)
    receive(ledger, 2, night=TODAY)
    receive(ledger, 3, night=TODAY - DAY)

    assert ledger.snapshot().swaps == {TODAY: 2, TODAY - DAY: 1}


def test_what_is_told_again_is_added_up_once(ledger):
    attempt = an_attempt(state=State.SWAPPED)
    rows: list[Immutable] = [a_settlement(attempt, micros=5, requests=1), a_receipt(attempt)]
    other: list[Immutable] = [
        a_settlement(attempt, micros=7, run="other"),
        a_receipt(attempt, night=TODAY),
    ]
    ledger.commit([Save(row=a_task()), Save(row=attempt), *(Append(row=row) for row in rows)])
    once = ledger.snapshot(run="run-1")

    for again in (rows, other):
        ledger.commit([Append(row=row) for row in again])

    assert ledger.snapshot(run="run-1") == once
    assert ledger.snapshot(run="other").run_settled == 0


def test_what_was_not_committed_is_not_added_up(ledger):
    attempt = an_attempt(state=State.SWAPPED)
    ledger.commit([Save(row=a_task()), Save(row=attempt)])
    before = ledger.snapshot(run="run-1")
    rows = [Append(row=a_settlement(attempt)), Append(row=a_receipt(attempt))]

    with pytest.raises(DuplicateError):
        ledger.commit([*rows, Save(row=a_task())])

    assert ledger.snapshot(run="run-1") == before
