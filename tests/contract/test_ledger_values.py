"""What is written into the ledger comes back as it was, or is refused."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest

from fleet.domain.attempt import Outcome, Red, State
from fleet.domain.merge import PullRequestStatus
from fleet.domain.pending import ActionStatus
from fleet.domain.result import Usage, VerdictStatus
from fleet.domain.swap import Cause
from fleet.domain.task import Resolution
from fleet.ports import Append, Ledger, Log, Save
from tests.builders import (
    NOW,
    a_health,
    a_pull,
    a_receipt,
    a_reservation,
    a_settlement,
    a_task,
    a_verdict,
    an_action,
    an_attempt,
    an_event,
)


def save(ledger: Ledger, *rows):
    ledger.commit([Save(row=row) for row in rows])


def append(ledger: Ledger, *rows):
    ledger.commit([Append(row=row) for row in rows])


def log(ledger: Ledger, *events):
    ledger.commit([Log(event=event) for event in events])


def test_a_task_comes_back_as_it_was_saved(ledger):
    task = a_task(
        goal="größer ≠ 'quoted' \\ %s\n\t😀",
        accept=("a", "b, c", '"d"'),
        depends=("APP-2", "LIB-3"),
        labels=("night",),
        parent="APP-9",
        budget_micros=2**62,
        granted=("network",),
        resolution=Resolution.CANCELLED,
    )

    save(ledger, task)

    assert ledger.task("APP-1") == replace(task, version=1)


def test_an_attempt_comes_back_as_it_was_saved(ledger):
    attempt = an_attempt(
        state=State.COLLECTED,
        outcome=Outcome.SWAP,
        stopping=Outcome.SWAP,
        red=Red.CONFLICT,
        usage=Usage(input_tokens=2**40, turns=3, cost_micros=None),
        last_beat=NOW + timedelta(microseconds=1),
        last_work=NOW,
        ran_seconds=1234.567,
        self_check_red=True,
        last_seq=10**12,
        last_turn=NOW - timedelta(microseconds=1),
        cause=Cause.CONTEXT_TOO_LONG,
    )

    save(ledger, a_task(), attempt)

    assert ledger.attempts() == (replace(attempt, version=1),)


def test_pull_requests_and_actions_come_back_as_they_were_saved(ledger):
    pull = a_pull(reviewers=("ada",), status=PullRequestStatus.QUEUED)
    action = an_action(files=("a", "b"), risks=("c",), status=ActionStatus.REJECTED, sha="d" * 40)

    save(ledger, a_task(), pull, action)

    assert ledger.pull_request(1) == replace(pull, version=1)
    assert ledger.pending_action("A-1") == replace(action, version=1)


def test_health_comes_back_as_it_was_saved(ledger):
    cooling = a_health("vendor https://gateway.example/v1", until=NOW + timedelta(hours=5))
    blocked = a_health("account bob", until=None, blocked=True, strikes=10**6)

    save(ledger, cooling, blocked)

    kept = ledger.snapshot().health
    assert kept == (replace(blocked, version=1), replace(cooling, version=1))


@pytest.mark.parametrize("cause", Cause)
def test_a_receipt_comes_back_as_it_was_appended(ledger, cause):
    attempt = an_attempt(state=State.SWAPPED)
    receipt = a_receipt(attempt, cause=cause, seconds_lost=0.1 + 0.2, why="429: 'later'\n")

    save(ledger, a_task(), attempt)
    append(ledger, receipt)

    assert ledger.receipts() == (receipt,)


@pytest.mark.parametrize("day", [date(1, 1, 1), date(2028, 2, 29), date(9999, 12, 31)])
def test_a_day_comes_back_as_it_was_written(ledger, day):
    attempt = an_attempt()
    save(ledger, a_task(), attempt)

    append(ledger, a_settlement(attempt, day=day, project_day=day), a_receipt(attempt, night=day))

    (settled,), (receipt,) = ledger.settlements(), ledger.receipts()
    assert (settled.day, settled.project_day, receipt.night) == (day, day, day)


@pytest.mark.parametrize("field", ["day", "project_day"])
def test_an_instant_is_no_day(ledger, field):
    attempt = an_attempt()
    save(ledger, a_task(), attempt)

    with pytest.raises(ValueError, match="where a day belongs"):
        append(ledger, a_settlement(attempt, **{field: NOW}))

    assert ledger.settlements() == ()


def test_immutable_rows_come_back_as_they_were_appended(ledger):
    attempt = an_attempt()
    verdict = a_verdict(status=VerdictStatus.ERROR, exit_code=None, error="image missing")
    held, settled = a_reservation(attempt), a_settlement(attempt, estimated=True)

    save(ledger, a_task(), attempt)
    append(ledger, verdict, held, settled)

    assert ledger.verdicts(attempt.id) == (verdict,)
    assert ledger.reservations() == (held,)
    assert ledger.settlements() == (settled,)


def test_an_event_comes_back_with_its_nested_fields(ledger):
    event = an_event(data={"from": "leased", "files": ["a", {"b": [1, 2.5, None, True]}]})

    log(ledger, event)

    assert ledger.events() == (replace(event, id=1),)


def test_an_instant_of_another_zone_comes_back_in_utc(ledger):
    local = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))

    save(ledger, a_task(created=local))

    assert ledger.task("APP-1").created == NOW
    assert ledger.task("APP-1").created.utcoffset() == timedelta(0)


def test_a_naive_instant_is_refused(ledger):
    naive = NOW.replace(tzinfo=None)

    with pytest.raises(ValueError, match="naive instant"):
        save(ledger, a_task(created=naive))
    with pytest.raises(ValueError, match="naive instant"):
        log(ledger, an_event(at=naive))

    assert ledger.tasks() == ()
    assert ledger.events() == ()


def test_what_no_database_can_hold_is_replaced(ledger):
    save(ledger, a_task(title="a\0b", goal="c\ud800d"))
    log(ledger, an_event(data={"tail\0": ["\udfff"]}))

    assert ledger.task("APP-1").title == "a\ufffdb"
    assert ledger.task("APP-1").goal == "c?d"
    assert ledger.events()[0].data == {"tail\ufffd": ["?"]}


def test_the_year_9999_and_the_epoch_are_instants_too(ledger):
    far = datetime.fromisoformat("9999-12-31T23:59:59.999999+00:00")
    long_ago = datetime.fromisoformat("1970-01-01T00:00:00+00:00")

    save(ledger, a_task(created=long_ago, updated=far))

    assert (ledger.task("APP-1").created, ledger.task("APP-1").updated) == (long_ago, far)
