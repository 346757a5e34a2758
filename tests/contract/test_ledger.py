"""The contract of the ledger: all or nothing, first come first served, nothing twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fleet.domain.attempt import LIVE, State
from fleet.domain.errors import DuplicateError, NotFoundError, StaleLeaseError
from fleet.domain.merge import PullRequestStatus
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

ENDS = [state for state in State if state not in LIVE]


def save(ledger: Ledger, *rows):
    ledger.commit([Save(row=row) for row in rows])


def append(ledger: Ledger, *rows):
    ledger.commit([Append(row=row) for row in rows])


def log(ledger: Ledger, *events):
    ledger.commit([Log(event=event) for event in events])


def test_receipts_stand_from_the_oldest_on_and_by_task(ledger):
    first, second = an_attempt("APP-2"), an_attempt("APP-1")
    third = an_attempt("APP-1", 2, state=State.SWAPPED)
    save(ledger, a_task("APP-1"), a_task("APP-2"), first, second, third)
    moments = [(third, 2), (second, 1), (first, 0)]

    append(ledger, *(a_receipt(a, at=NOW + timedelta(seconds=s)) for a, s in moments))

    assert [row.attempt for row in ledger.receipts()] == [first.id, second.id, third.id]
    assert [row.attempt for row in ledger.receipts("APP-1")] == [second.id, third.id]
    assert ledger.receipts("APP-9") == ()


def test_each_save_raises_the_version_by_one(ledger):
    save(ledger, a_task())
    save(ledger, replace(ledger.task("APP-1"), title="better"))

    assert ledger.task("APP-1").title == "better"
    assert ledger.task("APP-1").version == 2


@pytest.mark.parametrize("version", [1, 3])
def test_only_the_row_that_was_read_can_be_replaced(ledger, version):
    save(ledger, a_task())
    save(ledger, a_task(version=1, title="first"))

    with pytest.raises(StaleLeaseError, match="APP-1"):
        save(ledger, a_task(version=version, title="second"))

    assert ledger.task("APP-1").title == "first"


@pytest.mark.parametrize("version", [1, 3])
def test_only_the_health_that_was_read_can_be_replaced(ledger, version):
    save(ledger, a_health())
    save(ledger, a_health(version=1, strikes=2))

    with pytest.raises(StaleLeaseError, match="account local"):
        save(ledger, a_health(version=version, strikes=9))

    assert [row.strikes for row in ledger.snapshot().health] == [2]


def test_a_row_that_was_never_inserted_cannot_be_replaced(ledger):
    with pytest.raises(StaleLeaseError, match="APP-1"):
        save(ledger, a_task(version=1))
    with pytest.raises(StaleLeaseError, match="account bob"):
        save(ledger, a_health("account bob", version=1))


@pytest.mark.parametrize(
    "again",
    [
        a_task(),
        a_task("APP-2", project="APP", number=1),
        an_attempt(state=State.FAILED),
        an_attempt(number=1, id="other", state=State.FAILED),
        a_pull(),
        a_pull(2),
        an_action(),
        a_health(),
    ],
    ids=lambda row: type(row).__name__,
)
def test_a_new_row_needs_a_new_key(ledger, again):
    save(ledger, a_task(), an_attempt(state=State.LOST), a_pull(), an_action(), a_health())

    with pytest.raises(DuplicateError):
        save(ledger, again)


@pytest.mark.parametrize("state", sorted(LIVE))
def test_a_task_has_one_live_attempt(ledger, state):
    save(ledger, a_task(), an_attempt(state=state))

    with pytest.raises(DuplicateError):
        save(ledger, an_attempt(number=2))

    assert len(ledger.attempts()) == 1


@pytest.mark.parametrize("end", ENDS)
def test_an_ended_attempt_makes_room_in_the_same_transaction(ledger, end):
    save(ledger, a_task(), an_attempt())

    save(ledger, an_attempt(state=end, version=1), an_attempt(number=2))

    assert [attempt.state for attempt in ledger.attempts("APP-1")] == [end, State.LEASED]


def test_a_target_lands_one_batch_at_a_time_each_in_a_place_of_its_own(ledger):
    merging = PullRequestStatus.MERGING
    tasks = [a_task(f"APP-{n}") for n in (1, 2, 3)]
    others = [a_pull(n, f"APP-{n}", status=merging, place=n - 1) for n in (1, 2)]
    save(ledger, *tasks, *others, a_pull(3, "APP-3"))

    with pytest.raises(DuplicateError):
        save(ledger, a_pull(3, "APP-3", status=merging, place=0, version=1))

    save(ledger, a_pull(1, status=PullRequestStatus.MERGED, version=1))
    save(ledger, a_pull(3, "APP-3", status=merging, place=0, version=1))


def test_two_targets_merge_side_by_side(ledger):
    merging = PullRequestStatus.MERGING
    save(ledger, a_task(), a_task("LIB-1"), a_task("APP-2"))

    save(ledger, a_pull(1, status=merging), a_pull(2, "LIB-1", status=merging))
    save(ledger, a_pull(3, "APP-2", status=merging, target="next"))

    assert len(ledger.pull_requests()) == 3


@pytest.mark.parametrize("bad", [a_task(version=7), a_task(), an_attempt("LIB-9")])
def test_a_transaction_is_done_whole_or_not_at_all(ledger, bad):
    save(ledger, a_task())
    before = ledger.snapshot()

    with pytest.raises((StaleLeaseError, DuplicateError, NotFoundError)):
        ledger.commit(
            [
                Save(row=a_task("APP-2")),
                Save(row=an_attempt()),
                Append(row=a_reservation(an_attempt())),
                Append(row=a_settlement(an_attempt())),
                Append(row=a_receipt(an_attempt())),
                Save(row=a_health()),
                Log(event=an_event()),
                Save(row=bad),
            ]
        )

    assert ledger.snapshot() == before
    assert (ledger.reservations(), ledger.settlements(), ledger.receipts()) == ((), (), ())
    assert ledger.events() == ()


def test_after_a_refusal_the_same_rows_can_be_written(ledger):
    save(ledger, a_task(), an_attempt(state=State.RUNNING))
    told = an_event(attempt="x", seq=1)
    over = an_attempt(state=State.COLLECTED, version=1)
    writes = [Save(row=over), Append(row=a_settlement(over)), Log(event=told)]

    with pytest.raises(DuplicateError):
        ledger.commit([*writes, Save(row=a_task())])
    ledger.commit(writes)

    assert ledger.attempts("APP-1") == (replace(over, version=2),)
    assert ledger.settlements() == (a_settlement(over),)
    assert [(event.attempt, event.seq) for event in ledger.events()] == [("x", 1)]


def test_a_row_about_nothing_is_refused(ledger):
    save(ledger, a_task())

    for orphan in (an_attempt("APP-7"), a_pull(1, "APP-7"), an_action(1, "APP-7")):
        with pytest.raises(NotFoundError):
            save(ledger, orphan)
    about = an_attempt()
    for row in (a_verdict(), a_reservation(about), a_settlement(about), a_receipt(about)):
        with pytest.raises(NotFoundError):
            append(ledger, row)


def test_an_immutable_row_stays_as_it_was_first_appended(ledger):
    attempt = an_attempt()
    save(ledger, a_task(), attempt)

    append(ledger, a_verdict(), a_reservation(attempt), a_settlement(attempt), a_receipt(attempt))
    append(
        ledger,
        a_verdict(stdout="other"),
        a_reservation(attempt, micros=9),
        a_settlement(attempt, micros=9),
        a_receipt(attempt, why="other"),
    )

    assert ledger.verdicts(attempt.id) == (a_verdict(),)
    assert ledger.reservations() == (a_reservation(attempt),)
    assert ledger.settlements() == (a_settlement(attempt),)
    assert ledger.receipts() == (a_receipt(attempt),)


def test_verdicts_stand_in_the_order_they_were_given(ledger):
    save(ledger, a_task(), an_attempt())
    later = NOW + timedelta(seconds=1)

    append(ledger, a_verdict(name="b"), a_verdict(name="a"), a_verdict(name="b", at=later))

    given = ledger.verdicts(an_attempt().id)
    assert [(verdict.name, verdict.at) for verdict in given] == [
        ("b", NOW),
        ("a", NOW),
        ("b", later),
    ]


def test_an_event_line_is_applied_once(ledger):
    log(ledger, an_event(attempt="x", seq=1, what="first"), an_event(attempt="x", seq=1))
    log(ledger, an_event(attempt="x", seq=1), an_event(attempt="y", seq=1))

    assert [(event.attempt, event.what) for event in ledger.events()] == [("x", "first"), ("y", "")]


def test_events_without_a_number_are_all_kept(ledger):
    log(ledger, an_event(attempt="x"), an_event(attempt="x"))

    assert len(ledger.events(attempt="x")) == 2


def test_event_ids_only_rise(ledger):
    assert ledger.latest_event() == 0

    log(ledger, an_event(), an_event(attempt="x", seq=1))
    log(ledger, an_event(attempt="x", seq=1))
    log(ledger, an_event())

    ids = [event.id for event in ledger.events()]
    assert ids == sorted(set(ids))
    assert len(ids) == 3
    assert ledger.latest_event() == ids[-1]


def test_events_are_found_by_task_attempt_and_age(ledger):
    log(ledger, an_event(what="1"), an_event(task="APP-2", what="2"))
    log(ledger, an_event(attempt="x", what="3"), an_event(task=None, what="4"))
    first = ledger.events()[0].id

    assert [event.what for event in ledger.events(task="APP-1")] == ["1", "3"]
    assert [event.what for event in ledger.events(task="APP-1", after=first)] == ["3"]
    assert [event.what for event in ledger.events(attempt="x")] == ["3"]
    assert ledger.events(after=ledger.latest_event()) == ()


def test_what_happened_since_an_instant_is_told_by_ids_though_the_clock_was_set_back(ledger):
    early, late = NOW - timedelta(microseconds=1), NOW + timedelta(hours=1)
    log(ledger, an_event(at=late, what="1"), an_event(at=early, what="2"), an_event(what="3"))

    assert [event.what for event in ledger.events(since=NOW)] == ["1", "3"]
    assert [event.what for event in ledger.events(since=NOW, after=1)] == ["3"]
    assert ledger.events(since=late, task="APP-2") == ()


def test_money_and_swaps_since_an_instant_are_those_of_it_and_later(ledger):
    first, second = an_attempt(number=1, state=State.SWAPPED), an_attempt(number=2)
    save(ledger, a_task(), first, second)
    before = NOW - timedelta(microseconds=1)
    told = [a_settlement(first, at=before), a_settlement(second, at=NOW)]
    swaps = [a_receipt(first, at=before), a_receipt(second, at=NOW)]
    append(ledger, *told, *swaps)

    assert ledger.settlements(since=NOW) == (told[1],)
    assert ledger.receipts(since=NOW) == (swaps[1],)
    assert ledger.receipts("APP-1", since=before) == tuple(swaps)


def test_what_is_not_there_is_named(ledger):
    with pytest.raises(NotFoundError, match="APP-404"):
        ledger.task("APP-404")
    with pytest.raises(NotFoundError, match="404"):
        ledger.pull_request(404)
    with pytest.raises(NotFoundError, match="A-404"):
        ledger.pending_action("A-404")


def test_lists_are_in_order(ledger):
    save(ledger, a_task("LIB-1"), a_task("APP-10"), a_task("APP-2"))
    save(ledger, an_attempt("LIB-1", created=NOW + timedelta(hours=1)), an_attempt("APP-2"))
    save(ledger, a_pull(2, "LIB-1"), a_pull(1, "APP-2"), an_action(10, "LIB-1"))
    save(ledger, an_action(9, "APP-2"))

    assert [task.key for task in ledger.tasks()] == ["APP-2", "APP-10", "LIB-1"]
    assert [task.key for task in ledger.tasks(project="LIB")] == ["LIB-1"]
    assert [attempt.task for attempt in ledger.attempts()] == ["APP-2", "LIB-1"]
    assert [pull.number for pull in ledger.pull_requests()] == [1, 2]
    assert [action.id for action in ledger.pending_actions()] == ["A-9", "A-10"]
    assert [action.id for action in ledger.pending_actions("LIB-1")] == ["A-10"]


def test_a_setting_is_set_once(ledger):
    assert ledger.setting("home") is None

    assert ledger.keep_setting("home", "first") == "first"
    assert ledger.keep_setting("home", "second") == "first"

    assert ledger.setting("home") == "first"
