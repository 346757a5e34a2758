"""Remind: the lessons that an attempt is given before it begins, and the record of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fleet.app.recalling import Recalled, recall
from fleet.app.tools import Tools
from fleet.domain.ageing import Tree, faded, tree_of
from fleet.domain.attempt import Attempt
from fleet.domain.events import Event
from fleet.domain.lesson import Lesson, Recall, Scope, held_out, usable
from fleet.domain.quoting import size
from fleet.domain.scoring import Scored
from fleet.domain.task import Task
from fleet.ports import Append, Log, Write

# bytes of all that the tool `recall_lessons` may search
_CANDIDATES = 32 * 1024
# characters of a query: the model of the vectors reads no more
_GOAL = 2000
_DIAGNOSIS = 600


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """Lessons as the packet names them; `candidates` may be searched, the others are told."""

    lessons: tuple[Mapping[str, Any], ...] = ()
    candidates: tuple[Mapping[str, Any], ...] = ()


def remind(attempt: Attempt, task: Task, tools: Tools) -> Reminder:
    """Find what fits the task, write down what is given, and answer it.

    A task that is held out is given nothing; what it would have been given is written down, so that
    the others can be compared with it. An attempt that was begun before is given the same again.
    """
    scope = Scope(project=task.project, role=task.role)
    query = _query(task, tools.ledger.attempts(task.key))
    found = recall(query, scope, tools.memory, fits=_fresh(attempt, tools))
    if found.note:
        tools.memory.commit([Log(event=_note(attempt, found.note, tools))])
    given = not held_out(task.key, tools.home8, share=tools.memory.rules.held_out)
    known = [row for row in tools.ledger.recalls(task.key) if row.attempt == attempt.id]
    if not known:
        known = _recorded(attempt, found, tools, given=given)
    if not given or any(not row.given for row in known):
        return Reminder()
    places = {row.lesson: row.place for row in known}
    chosen = sorted(tools.ledger.lessons(places), key=lambda one: places[one.id])
    return Reminder(
        lessons=tuple(_told(one) for one in chosen if usable(one, scope)),
        candidates=tuple(_within(_CANDIDATES, (_told(each.lesson) for each in found.candidates))),
    )


def _query(task: Task, attempts: Iterable[Attempt]) -> str:
    """Answer what is asked of the memory: the task, and how its newest attempt failed."""
    diagnoses = [attempt.diagnosis for attempt in attempts if attempt.diagnosis]
    goal = task.goal if task.goal != task.title else ""
    said = (task.title, goal[:_GOAL], *task.accept, *(each[:_DIAGNOSIS] for each in diagnoses[-1:]))
    return "\n".join(filter(None, said))


def _fresh(attempt: Attempt, tools: Tools) -> Callable[[Lesson], bool]:
    """Tell of a lesson whether what it is about still stands in the target."""
    project = tools.project(attempt.project)

    @cache
    def tree() -> Tree:
        return tree_of(tools.worktrees.paths(project, tools.worktrees.tip(project)))

    def fresh(lesson: Lesson) -> bool:
        # a lesson for every project names no files of this one
        here = lesson.files and lesson.project == project.key
        return not (here and faded(lesson, tree()))

    return fresh


def _recorded(attempt: Attempt, found: Recalled, tools: Tools, *, given: bool) -> list[Recall]:
    rows = [
        _row(attempt, each, place, tools, given=given)
        for place, each in enumerate(found.lessons, start=1)
    ]
    if found.candidates:
        event = _event(attempt, found, tools, given=given)
        writes: list[Write] = [*(Append(row=row) for row in rows), Log(event=event)]
        tools.memory.commit(writes)
    return rows


def _row(attempt: Attempt, scored: Scored, place: int, tools: Tools, *, given: bool) -> Recall:
    return Recall(
        attempt=attempt.id,
        lesson=scored.lesson.id,
        task=attempt.task,
        project=attempt.project,
        place=place,
        score=round(scored.score, 4),
        given=given,
        at=tools.clock.now(),
    )


def _event(attempt: Attempt, found: Recalled, tools: Tools, *, given: bool) -> Event:
    """Word what was found; what may be searched is named with its score too."""
    told = ", ".join(f"{each.lesson.id} ({each.score:.2f})" for each in found.lessons) or "none"
    return Event(
        kind="memory.recalled",
        at=tools.clock.now(),
        task=attempt.task,
        attempt=attempt.id,
        what=told if given else f"held out to measure what lessons are worth: {told}",
        data={"given": given, "scores": _scores(found.lessons), "found": _scores(found.candidates)},
    )


def _note(attempt: Attempt, note: str, tools: Tools) -> Event:
    return Event(
        kind="attempt.note",
        at=tools.clock.now(),
        task=attempt.task,
        attempt=attempt.id,
        what=note,
    )


def _scores(found: Iterable[Scored]) -> dict[str, float]:
    return {each.lesson.id: round(each.score, 4) for each in found}


def _told(lesson: Lesson) -> dict[str, Any]:
    return {"id": lesson.id, **vars(lesson.said), "status": lesson.status.value}


def _within(limit: int, told: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for one in told:
        limit -= size(repr(one))
        if limit < 0:
            return
        yield one
