"""Credit: what outcomes say for or against the lessons an attempt was given; nobody's vote does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fleet.domain.attempt import Attempt, Red, State
from fleet.domain.lesson import AWAY, Evidence, Lesson, LessonStatus, Recall
from fleet.domain.merge import PullRequest
from fleet.domain.scoring import posterior
from fleet.domain.task import Resolution, Task

# measured in a simulation with a fifth of all outcomes wrong: harmful lessons among those given
# fell from a quarter to a tenth, helpful ones stayed
MOST_HARMFUL = 3
LEAST_POSTERIOR = 0.3

_SAYING = frozenset({Resolution.MERGED, Resolution.FAILED})


@dataclass(frozen=True, kw_only=True)
class Due:
    """A credit that an outcome calls for."""

    attempt: Attempt
    lesson: str
    evidence: Evidence


def dues(
    attempts: Iterable[Attempt], fate: Resolution, recalls: Iterable[Recall]
) -> tuple[Due, ...]:
    """Answer the credits of an ended task: of its attempts, for the lessons that each was given.

    A cancelled task says nothing: nobody knows how it would have ended.
    """
    if fate not in _SAYING:
        return ()
    said = {attempt.id: (attempt, evidence_of(attempt)) for attempt in attempts}
    found = ((said.get(recall.attempt), recall) for recall in recalls if recall.given)
    return tuple(
        Due(attempt=told[0], lesson=recall.lesson, evidence=told[1])
        for told, recall in found
        if told is not None and told[1] is not None
    )


def evidence_of(attempt: Attempt) -> Evidence | None:
    """Answer what the end of an attempt says of its lessons, None where it says nothing.

    A merged one was green at its first check: a red one is never checked again. A conflict, a red
    merge, a ruling, a reviewer, a swap or a loss may have other causes than a lesson.
    """
    if attempt.state is State.MERGED:
        return Evidence.VERIFIED
    return Evidence.RED if attempt.red is Red.CHECK else None


def reverted(task: Task, fate: Resolution, pulls: Sequence[PullRequest]) -> PullRequest | None:
    """Answer the pull request that an ended task took back, None where it took none back."""
    if task.reverts is None or fate is not Resolution.MERGED:
        return None
    return next((pull for pull in pulls if pull.number == task.reverts), None)


def dues_of_revert(attempt: Attempt, recalls: Iterable[Recall]) -> tuple[Due, ...]:
    """Answer the credits of an attempt whose merged work was taken back."""
    given = (each for each in recalls if each.given and each.attempt == attempt.id)
    evidence = Evidence.REVERTED
    return tuple(Due(attempt=attempt, lesson=each.lesson, evidence=evidence) for each in given)


def heeds(lesson: Lesson, due: Due) -> bool:
    """Tell whether the outcome counts: of its own task it would be the author's own vote."""
    return lesson.kept and lesson.task != due.attempt.task


def counted(lesson: Lesson, *, helpful: bool, at: datetime) -> Lesson:
    """Answer the lesson with one more outcome; with too many harmful ones it is quarantined.

    A helpful one never is the last straw: a person may have accepted it in spite of its count.
    """
    told = replace(
        lesson,
        helpful=lesson.helpful + (1 if helpful else 0),
        harmful=lesson.harmful + (0 if helpful else 1),
        updated=at,
    )
    why = "" if helpful else against(told)
    if not why or lesson.status in AWAY:
        return told
    return replace(told, status=LessonStatus.QUARANTINED, reason=why)


def against(lesson: Lesson) -> str:
    """Say why outcomes speak against a lesson, "" where they do not."""
    if lesson.harmful < MOST_HARMFUL or posterior(lesson) >= LEAST_POSTERIOR:
        return ""
    return (
        f"{lesson.harmful} harmful outcomes and {lesson.helpful} helpful: "
        f"it helps with a likelihood of {posterior(lesson):.2f}, less than {LEAST_POSTERIOR}"
    )
