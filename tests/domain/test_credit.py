"""Which outcomes speak for or against a lesson, and when a lesson is believed no more."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.attempt import Red, State
from fleet.domain.credit import (
    LEAST_POSTERIOR,
    MOST_HARMFUL,
    Due,
    counted,
    dues,
    dues_of_revert,
    evidence_of,
    heeds,
    reverted,
)
from fleet.domain.lesson import Evidence, LessonStatus
from fleet.domain.merge import PullRequestStatus
from fleet.domain.scoring import posterior
from fleet.domain.swap import Cause
from fleet.domain.task import Resolution
from fleet.domain.trust import accepted
from tests.builders import NOW, a_lesson, a_pull, a_recall, a_task, an_attempt

MERGED = an_attempt(state=State.MERGED)
LATER = NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("attempt", "evidence"),
    [
        (MERGED, Evidence.VERIFIED),
        (an_attempt(state=State.REJECTED, red=Red.CHECK), Evidence.RED),
        (an_attempt(state=State.REJECTED, red=Red.REVIEW), None),
        (an_attempt(state=State.REJECTED, red=Red.POLICY), None),
        (an_attempt(state=State.REJECTED, red=Red.UNCHANGED), None),
        (an_attempt(state=State.REJECTED, red=Red.MERGED_TIP), None),
        (an_attempt(state=State.REJECTED, red=Red.CONFLICT), None),
        (an_attempt(state=State.SWAPPED, cause=Cause.STALLED), None),
        (an_attempt(state=State.LOST), None),
        (an_attempt(state=State.FAILED), None),
        (an_attempt(state=State.PAUSED), None),
        (an_attempt(state=State.CANCELLED), None),
    ],
)
def test_only_green_and_merged_or_red_by_a_check_says_something(attempt, evidence):
    assert evidence_of(attempt) is evidence


def test_each_attempt_speaks_for_the_lessons_it_was_given_itself():
    red = an_attempt(state=State.REJECTED, red=Red.CHECK)
    green = an_attempt(number=2, state=State.MERGED)
    recalls = [a_recall(red, "L-1"), a_recall(green, "L-1"), a_recall(green, "L-2")]

    due = dues((red, green), Resolution.MERGED, recalls)

    assert [(each.attempt.number, each.lesson, each.evidence) for each in due] == [
        (1, "L-1", Evidence.RED),
        (2, "L-1", Evidence.VERIFIED),
        (2, "L-2", Evidence.VERIFIED),
    ]


def test_what_was_held_out_gains_and_loses_nothing():
    assert dues((MERGED,), Resolution.MERGED, [a_recall(MERGED, given=False)]) == ()


def test_a_cancelled_task_says_nothing_and_a_failed_one_does():
    red = an_attempt(state=State.REJECTED, red=Red.CHECK)

    assert dues((red,), Resolution.CANCELLED, [a_recall(red)]) == ()
    assert len(dues((red,), Resolution.FAILED, [a_recall(red)])) == 1


def test_a_revert_that_ended_merged_speaks_against_what_the_reverted_attempt_was_given():
    pull = a_pull(7, task="APP-1", status=PullRequestStatus.MERGED)
    task = a_task("APP-2", reverts=7)

    assert reverted(task, Resolution.MERGED, (a_pull(6), pull)) is pull
    assert reverted(task, Resolution.FAILED, (pull,)) is None
    assert reverted(a_task("APP-2"), Resolution.MERGED, (pull,)) is None
    others = a_recall(an_attempt(number=2), "L-2")
    held = a_recall(MERGED, "L-3", given=False)
    (due,) = dues_of_revert(MERGED, (a_recall(MERGED), others, held))
    assert (due.lesson, due.evidence) == ("L-1", Evidence.REVERTED)


def test_no_lesson_is_credited_by_the_task_that_it_comes_from_or_once_it_is_forgotten():
    due = Due(attempt=MERGED, lesson="L-1", evidence=Evidence.VERIFIED)

    assert heeds(a_lesson(task="APP-9"), due)
    assert not heeds(a_lesson(task="APP-1"), due)
    assert not heeds(a_lesson(status=LessonStatus.FORGOTTEN), due)


def test_an_outcome_is_counted_on_its_side():
    lesson = a_lesson(helpful=2, harmful=1)

    better, worse = (counted(lesson, helpful=each, at=LATER) for each in (True, False))

    assert (better.helpful, better.harmful, better.updated) == (3, 1, LATER)
    assert (worse.helpful, worse.harmful, worse.status) == (2, 2, LessonStatus.ACTIVE)


@pytest.mark.parametrize(
    ("helpful", "harmful", "status"),
    [
        (0, 1, LessonStatus.ACTIVE),  # 1/4, but by two outcomes only
        (0, 2, LessonStatus.QUARANTINED),
        (1, 2, LessonStatus.ACTIVE),  # 2/6 = 0.33
        (1, 3, LessonStatus.QUARANTINED),  # 2/7 = 0.29
        (2, 5, LessonStatus.ACTIVE),  # 3/10, not below
        (2, 6, LessonStatus.QUARANTINED),  # 3/11
        (9, 20, LessonStatus.ACTIVE),  # 10/32
    ],
)
def test_one_more_harmful_outcome_quarantines_at_three_and_below_three_tenths(
    helpful, harmful, status
):
    lesson = a_lesson(helpful=helpful, harmful=harmful)

    assert counted(lesson, helpful=False, at=LATER).status is status


def test_a_helpful_outcome_never_quarantines_whatever_was_counted_before():
    lesson = a_lesson(harmful=5)

    assert counted(lesson, helpful=True, at=LATER).status is LessonStatus.ACTIVE
    assert counted(lesson, helpful=False, at=LATER).status is LessonStatus.QUARANTINED


def test_what_a_person_accepts_out_of_quarantine_is_judged_by_what_comes_after():
    away = a_lesson(status=LessonStatus.QUARANTINED, helpful=1, harmful=5)

    lesson = accepted(away, everywhere=False)
    for _ in range(2):
        lesson = counted(lesson, helpful=False, at=LATER)

    assert (lesson.status, lesson.helpful, lesson.harmful) == (LessonStatus.ACTIVE, 0, 2)
    assert counted(lesson, helpful=False, at=LATER).status is LessonStatus.QUARANTINED


def test_the_quarantine_says_why_in_words():
    told = counted(a_lesson(harmful=2), helpful=False, at=LATER)

    assert told.reason == (
        "3 harmful outcomes and 0 helpful: it helps with a likelihood of 0.20, less than 0.3"
    )


def test_a_person_who_put_it_away_keeps_the_reason():
    lesson = a_lesson(status=LessonStatus.QUARANTINED, reason="nonsense", harmful=5)

    assert counted(lesson, helpful=False, at=LATER).reason == "nonsense"


@given(st.lists(st.booleans(), max_size=60))
def test_counters_add_up_and_quarantine_keeps_its_rule_whatever_comes(outcomes):
    lesson = a_lesson()
    for helpful in outcomes:
        before = lesson
        lesson = counted(lesson, helpful=helpful, at=LATER)
        if before.status is LessonStatus.ACTIVE:
            bad = (
                not helpful
                and lesson.harmful >= MOST_HARMFUL
                and posterior(lesson) < LEAST_POSTERIOR
            )
            assert (lesson.status is LessonStatus.QUARANTINED) == bad
        else:
            # out of quarantine it comes by a person alone
            assert lesson.status is LessonStatus.QUARANTINED

    assert (lesson.helpful, lesson.harmful) == (outcomes.count(True), outcomes.count(False))
