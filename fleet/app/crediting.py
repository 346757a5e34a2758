"""Crediting: what the end of a task says of the lessons it was given is counted, once."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

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
    for due in (*dues(attempts, fate, recalls), *_of_the_reverted(task, fate, memory.ledger)):
        _count(due, memory)


def _of_the_reverted(task: Task, fate: Resolution, ledger: Ledger) -> Sequence[Due]:
    """Answer what is due to the attempt whose merge the task took back."""
    pull = reverted(task, fate, ledger.pull_requests()) if task.reverts is not None else None
    if pull is None:
        return ()
    found = (attempt for attempt in ledger.attempts(pull.task) if attempt.id == pull.attempt)
    recalls = ledger.recalls(pull.task)
    return [due for attempt in found for due in dues_of_revert(attempt, recalls)]


def _count(due: Due, memory: Memory) -> None:
    for _ in range(_TRIES):
        # the lesson is read first: whoever counts this very outcome meanwhile changes it too
        lesson = memory.ledger.lesson(due.lesson)
        if not heeds(lesson, due) or _is_counted(due, memory.ledger):
            return
        try:
            memory.commit(list(_writes(due, lesson, memory)))
        except StaleLeaseError:
            continue
        return
    remedy = "nothing is wrong with the task"
    raise FleetError(f"lesson {due.lesson} is changed by others all the time", remedy=remedy)


def _is_counted(due: Due, ledger: Ledger) -> bool:
    key = (due.attempt.id, due.evidence)
    return any((each.attempt, each.evidence) == key for each in ledger.credits(due.lesson))


def _writes(due: Due, lesson: Lesson, memory: Memory) -> Iterator[Write]:
    at = memory.clock.now()
    told = counted(lesson, helpful=due.evidence.helpful, at=at)
    yield Save(row=told)
    yield Append(row=Credit(attempt=due.attempt.id, lesson=lesson.id, evidence=due.evidence, at=at))
    event = Event(
        kind="lesson.credited",
        at=at,
        task=due.attempt.task,
        attempt=due.attempt.id,
        what=f"{lesson.id} {due.evidence}: {told.helpful} helpful, {told.harmful} harmful",
        data={"lesson": lesson.id, "evidence": due.evidence.value},
    )
    yield Log(event=event)
    if told.status is not lesson.status and told.status is LessonStatus.QUARANTINED:
        what = f"{lesson.id} is quarantined: {told.reason}"
        yield Log(event=replace(event, kind="lesson.quarantined", what=what))
