"""Crediting: what the end of a task says of the lessons it was given is counted, once."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from fleet.app.memory import Memory
from fleet.domain.attempt import Attempt
from fleet.domain.credit import Due, counted, dues, dues_of_revert, heeds, reverted
from fleet.domain.errors import FleetError, StaleLeaseError
from fleet.domain.events import Event
from fleet.domain.lesson import Credit, Lesson, LessonStatus
from fleet.domain.task import Resolution, Task
from fleet.ports import Append, Ledger, Log, Save, Write

# others write at the same time; each try begins with what stands by then
_TRIES = 20


def credit(task: Task, attempts: Sequence[Attempt], fate: Resolution, memory: Memory) -> None:
    """Count what the end of a task says of lessons; done again it counts nothing twice.

    Raises TransientError while the ledger is busy, FleetError where others change a lesson all
    the time.
    """
    recalls = memory.ledger.recalls(task.key)
    of_lesson: dict[str, list[Due]] = defaultdict(list)
    for due in (*dues(attempts, fate, recalls), *_of_the_reverted(task, fate, memory.ledger)):
        of_lesson[due.lesson].append(due)
    for lesson, due_to_it in of_lesson.items():
        _count(lesson, due_to_it, memory)


def _of_the_reverted(task: Task, fate: Resolution, ledger: Ledger) -> Sequence[Due]:
    """Answer what is due to the attempt whose merge the task took back."""
    pull = reverted(task, fate, ledger.pull_requests()) if task.reverts is not None else None
    if pull is None:
        return ()
    found = (attempt for attempt in ledger.attempts(pull.task) if attempt.id == pull.attempt)
    recalls = ledger.recalls(pull.task)
    return [due for attempt in found for due in dues_of_revert(attempt, recalls)]


def _count(identity: str, due: Sequence[Due], memory: Memory) -> None:
    """Count what is due to one lesson, all of it at once."""
    for _ in range(_TRIES):
        # the lesson is read first: whoever counts these very outcomes meanwhile changes it too
        lesson = memory.ledger.lesson(identity)
        known = {(each.attempt, each.evidence) for each in memory.ledger.credits(identity)}
        new = [each for each in due if (each.attempt.id, each.evidence) not in known]
        writes = list(_writes([each for each in new if heeds(lesson, each)], lesson, memory))
        try:
            if writes:
                memory.commit(writes)
        except StaleLeaseError:
            continue
        return
    remedy = "nothing is wrong with the task"
    raise FleetError(f"lesson {identity} is changed by others all the time", remedy=remedy)


def _writes(due: Sequence[Due], lesson: Lesson, memory: Memory) -> Iterator[Write]:
    at, told = memory.clock.now(), lesson
    for each in due:
        before, told = told, counted(told, helpful=each.evidence.helpful, at=at)
        yield Append(
            row=Credit(attempt=each.attempt.id, lesson=told.id, evidence=each.evidence, at=at)
        )
        yield from _events(each, told, at=at, before=before.status)
    if due:
        yield Save(row=told)


def _events(due: Due, told: Lesson, *, at: datetime, before: LessonStatus) -> Iterator[Write]:
    event = Event(
        kind="lesson.credited",
        at=at,
        task=due.attempt.task,
        attempt=due.attempt.id,
        what=f"{told.id} {due.evidence}: {told.helpful} helpful, {told.harmful} harmful",
        data={"lesson": told.id, "evidence": due.evidence.value},
    )
    yield Log(event=event)
    if told.status is not before and told.status is LessonStatus.QUARANTINED:
        what = f"{told.id} is quarantined: {told.reason}"
        yield Log(event=replace(event, kind="lesson.quarantined", what=what))
