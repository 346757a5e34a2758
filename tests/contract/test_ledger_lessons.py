"""The contract of the ledger's lessons: kept once, changed by compare-and-set, found again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fleet.domain.errors import DuplicateError, NotFoundError, StaleLeaseError
from fleet.domain.lesson import Credit, Embedding, Evidence, LessonStatus, Recall
from fleet.ports import Append, Log, Save
from tests import builders
from tests.builders import HOME8, NOW, a_lesson, a_task, an_attempt, an_event

ATTEMPT = f"app-1-1-{HOME8}"


def save(ledger, *rows):
    ledger.commit([Save(row=row) for row in rows])


def append(ledger, *rows):
    ledger.commit([Append(row=row) for row in rows])


def a_recall(lesson="L-1", **fields) -> Recall:
    return builders.a_recall(an_attempt(), lesson, **fields)


def a_credit(lesson="L-1", evidence=Evidence.VERIFIED):
    return Credit(attempt=ATTEMPT, lesson=lesson, evidence=evidence, at=NOW)


@pytest.fixture
def worked(ledger):
    """Return a ledger with a task, its attempt and two lessons."""
    save(ledger, a_task(), an_attempt(), a_lesson(2), a_lesson(1))
    return ledger


def test_a_lesson_is_read_as_it_was_written(ledger):
    lesson = a_lesson(
        problem="it was red", tags=("pytest",), files=("src/*.py",), project="APP", helpful=2
    )
    save(ledger, lesson)

    assert ledger.lesson("L-1") == replace(lesson, version=1)
    assert ledger.lesson_of(lesson.digest) == ledger.lesson("L-1")
    assert ledger.lesson_of("other") is None


def test_lessons_come_by_number_all_or_those_asked_for(worked):
    save(worked, a_lesson(10))

    assert [row.id for row in worked.lessons()] == ["L-1", "L-2", "L-10"]
    assert [row.id for row in worked.lessons({"L-10", "L-2", "L-77"})] == ["L-2", "L-10"]
    assert worked.lessons(()) == ()
    assert worked.last_lesson() == 10


def test_an_unknown_lesson_is_refused(ledger):
    with pytest.raises(NotFoundError, match="no lesson L-9"):
        ledger.lesson("L-9")
    assert ledger.last_lesson() == 0


def test_a_second_lesson_of_a_digest_or_a_number_is_refused(ledger):
    first = a_lesson()
    save(ledger, first)

    with pytest.raises(DuplicateError):
        save(ledger, a_lesson(2, digest=first.digest))
    with pytest.raises(DuplicateError):
        save(ledger, replace(first, id="L-3", digest="other"))


def test_who_changes_a_lesson_that_moved_on_is_refused(worked):
    read = worked.lesson("L-1")
    save(worked, replace(read, helpful=1))

    with pytest.raises(StaleLeaseError):
        save(worked, replace(read, status=LessonStatus.QUARANTINED))
    assert worked.lesson("L-1").helpful == 1


def test_vectors_stand_by_space_and_the_first_one_stays(worked):
    append(worked, Embedding(lesson="L-1", space="a", values=b"\x00\x80\x3f\xff"))
    append(worked, Embedding(lesson="L-1", space="a", values=b"other"))
    append(worked, Embedding(lesson="L-2", space="a", values=b"2"))
    append(worked, Embedding(lesson="L-1", space="b", values=b"3"))

    assert worked.embeddings("a") == {"L-1": b"\x00\x80\x3f\xff", "L-2": b"2"}
    assert worked.embeddings("a", ["L-2"]) == {"L-2": b"2"}
    assert worked.embeddings("b") == {"L-1": b"3"}
    assert worked.embeddings("a", []) == {}


def test_more_lessons_than_a_statement_may_name_are_read_all_the_same(ledger):
    save(ledger, *(a_lesson(number) for number in range(1, 2102)))
    append(ledger, *(Embedding(lesson=f"L-{n}", space="a", values=b"1") for n in range(1, 2102)))
    ids = [f"L-{number}" for number in range(1, 2102)]

    assert len(ledger.lessons(ids)) == 2101
    assert len(ledger.embeddings("a", ids)) == 2101


def test_a_lesson_is_recalled_for_an_attempt_once(worked):
    append(worked, a_recall("L-2", place=2), a_recall("L-1"))
    append(worked, a_recall("L-1", score=0.9, given=False))

    assert [(row.lesson, row.score, row.given) for row in worked.recalls()] == [
        ("L-1", 0.5, True),
        ("L-2", 0.5, True),
    ]
    assert worked.recalls("APP-2") == ()
    assert worked.recalls("APP-1") == worked.recalls()


def test_what_was_recalled_of_a_lesson_is_read_by_it_alone(worked):
    append(worked, a_recall("L-2", place=2), a_recall("L-1"))

    assert [row.lesson for row in worked.recalls(lesson="L-2")] == ["L-2"]
    assert worked.recalls("APP-2", lesson="L-2") == ()


def test_what_was_done_to_a_lesson_is_read_in_its_order(worked):
    told = [
        ("lesson.added", {"lesson": "L-1"}),
        ("lesson.added", {"lesson": "L-10"}),
        ("memory.recalled", {"lesson": "L-1"}),
        ("lesson.forgotten", {"lesson": "L-1"}),
        ("lesson.odd", {"other": "L-1"}),
    ]
    worked.commit([Log(event=an_event(kind, data=data)) for kind, data in told])

    found = [event.kind for event in worked.lesson_events("L-1")]

    assert found == ["lesson.added", "lesson.forgotten"]
    assert worked.lesson_events("L-2") == ()


def test_an_outcome_is_counted_once_a_kind(worked):
    append(worked, a_credit(), a_credit(evidence=Evidence.REVERTED), a_credit())
    append(worked, a_credit("L-2"))

    assert len(worked.credits()) == 3
    assert {row.evidence for row in worked.credits("L-1")} == {
        Evidence.VERIFIED,
        Evidence.REVERTED,
    }


@pytest.mark.parametrize(
    "row",
    [
        Embedding(lesson="L-1", space="a", values=b"1"),
        a_recall(),
        a_credit(),
    ],
)
def test_what_is_about_no_lesson_is_refused(ledger, row):
    save(ledger, a_task(), an_attempt())

    with pytest.raises(NotFoundError):
        append(ledger, row)


def test_changes_of_lessons_are_noticed_from_an_event_on(worked):
    def log(kind, lesson):
        event = replace(an_event(), kind=kind, data={"lesson": lesson}, attempt=None, seq=None)
        worked.commit([Log(event=event)])
        return worked.latest_event()

    first = log("lesson.added", "L-1")
    log("task.ended", "L-9")
    log("lesson.credited", "L-2")
    last = log("memory.recalled", "L-8")

    assert worked.lessons_changed(0) == (frozenset({"L-1", "L-2"}), last)
    assert worked.lessons_changed(first) == (frozenset({"L-2"}), last)
    assert worked.lessons_changed(last) == (frozenset(), last)


def test_recalls_come_oldest_first(worked):
    later, earlier = a_recall("L-1", at=NOW + timedelta(seconds=1)), a_recall("L-2")
    append(worked, later, earlier)

    assert [row.lesson for row in worked.recalls()] == ["L-2", "L-1"]
