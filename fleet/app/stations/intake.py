"""Intake: validate, number and write down what people want of a task."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fleet.app.desk import Desk, Pen
from fleet.domain.attempt import Attempt, State
from fleet.domain.errors import (
    ConfigError,
    DuplicateError,
    FleetError,
    NotFoundError,
    StaleLeaseError,
    TransientError,
)
from fleet.domain.events import Event
from fleet.domain.profile import Fleet, Project
from fleet.domain.task import Kind, Priority, Resolution, Review, Task, cycle_through
from fleet.ports import Ledger, Log, Save

_TRIES = 20
MAX_TITLE = 200
_MAX_TEXT = 100_000
MAX_RETRIES = 100
Made = Callable[[Sequence[Task], datetime], Task]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person asked for; None means: the project's or fleet's default."""

    title: str
    project: str | None = None
    goal: str = ""
    accept: tuple[str, ...] = ()
    kind: Kind = Kind.ATOMIC
    parent: str | None = None
    depends: tuple[str, ...] = ()
    role: str = "developer"
    profile: str | None = None
    priority: Priority = Priority.NORMAL
    labels: tuple[str, ...] = ()
    budget_micros: int | None = None
    max_retries: int | None = None
    review: Review | None = None


def add(wish: Wish, fleet: Fleet, pen: Pen) -> Task:
    """Write a new task with the next number of its project; raises ConfigError, NotFoundError."""
    key = _project(wish, fleet)
    _validate(wish, fleet)
    for needed in (*wish.depends, *filter(None, (wish.parent,))):
        pen.ledger.task(needed)
    if wish.parent is not None and pen.ledger.task(wish.parent).kind is Kind.ATOMIC:
        raise ConfigError(f"{wish.parent} is atomic and cannot have children")
    project = fleet.projects[key]
    return numbered(key, lambda tasks, at: _wanted(wish, project, tasks, at=at), pen)


def _wanted(wish: Wish, project: Project, tasks: Sequence[Task], *, at: datetime) -> Task:
    number = next_number(tasks)
    return Task(
        key=f"{project.key}-{number}",
        project=project.key,
        number=number,
        title=wish.title.strip(),
        created=at,
        updated=at,
        goal=wish.goal,
        accept=wish.accept,
        kind=wish.kind,
        parent=wish.parent,
        depends=wish.depends,
        role=wish.role,
        profile=wish.profile,
        priority=wish.priority,
        labels=wish.labels,
        budget_micros=wish.budget_micros,
        max_retries=project.max_retries if wish.max_retries is None else wish.max_retries,
        review=wish.review or project.review,
    )


def numbered(project: str, made: Made, pen: Pen) -> Task:
    """Write the task that `made` answers beside all others of the project, read just before.

    Called again on fresh ones where another process took the number meanwhile: whoever took it
    may be a reason not to write this one.
    """
    for _ in range(_TRIES):
        at = pen.clock.now()
        task = made(pen.ledger.tasks(project=project), at)
        try:
            pen.ledger.commit([Save(row=task), _event("task.added", task, at, pen, task.title)])
        except DuplicateError:
            continue
        return pen.ledger.task(task.key)
    raise TransientError(f"no number free in project {project}", remedy="try again")


def next_number(tasks: Sequence[Task]) -> int:
    """Answer the number of a project's next task."""
    return 1 + max((task.number for task in tasks), default=0)


def _project(wish: Wish, fleet: Fleet) -> str:
    if wish.project is not None:
        key = wish.project.upper()
        if key not in fleet.projects:
            known = ", ".join(fleet.projects) or "none"
            raise ConfigError(f"no project {wish.project}", remedy=f"fleet.yaml has: {known}")
        return key
    if len(fleet.projects) != 1:
        known = ", ".join(fleet.projects) or "none"
        raise ConfigError("which project?", remedy=f"give --project; fleet.yaml has: {known}")
    return next(iter(fleet.projects))


def _validate(wish: Wish, fleet: Fleet) -> None:
    _validate_words(wish)
    if wish.max_retries is not None and not 0 <= wish.max_retries <= MAX_RETRIES:
        raise ConfigError(f"--max-retries must be 0 to {MAX_RETRIES}")
    if wish.profile is not None and wish.profile not in fleet.profiles:
        known = ", ".join(sorted(fleet.profiles))
        raise ConfigError(f"no profile {wish.profile}", remedy=f"profiles: {known}")
    if wish.profile is None and wish.kind is Kind.ATOMIC:
        roles = sorted({role for p in fleet.profiles.values() for role in p.roles})
        if wish.role not in roles:
            raise ConfigError(
                f"no profile has the role {wish.role}", remedy=f"roles: {', '.join(roles)}"
            )


def _validate_words(said: Wish | Task) -> None:
    """Refuse words that cannot be kept, or that would break a line or a terminal."""
    title = said.title.strip()
    if not title:
        raise ConfigError("a task needs a title", remedy="one line that says what is wanted")
    if not title.isprintable() or len(title) > MAX_TITLE:
        what = f"{len(title)} characters long" if title.isprintable() else "not plain text"
        remedy = f"one line, 1 to {MAX_TITLE} printable characters; more goes into -d"
        raise ConfigError(f"the title is {what}", remedy=remedy)
    keepable((said.goal, *said.accept, *said.labels), what="a description, criterion or label")


def keepable(texts: Iterable[str], *, what: str) -> None:
    """Raise ConfigError where a text is too long, or one that a database does not take.

    Arguments that were no UTF-8 come as lone surrogates.
    """
    for text in texts:
        if len(text) > _MAX_TEXT or any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text):
            remedy = f"UTF-8 without NUL bytes, at most {_MAX_TEXT} characters"
            raise ConfigError(f"{what} cannot be kept", remedy=remedy)


def _event(kind: str, task: Task, at: datetime, pen: Pen, what: str) -> Log:
    return Log(event=Event(kind=kind, at=at, who=pen.who, task=task.key, what=what))


def change(key: str, how: Callable[[Task], Task], pen: Pen, *, kind: str, what: str = "") -> Task:
    """Change a task by compare-and-set, again where somebody else was faster."""
    for _ in range(_TRIES):
        task = pen.ledger.task(key)
        at = pen.clock.now()
        changed = replace(how(task), updated=at)
        _validate_words(changed)
        try:
            pen.ledger.commit([Save(row=changed), _event(kind, task, at, pen, what)])
        except StaleLeaseError:
            continue
        return pen.ledger.task(key)
    raise TransientError(f"{key} changes all the time", remedy="try again")


def cancelled(task: Task) -> Task:
    """Answer the task with the wish to end it; the coordinator stops what runs."""
    if not task.open:
        raise FleetError(f"{task.key} has ended already: {task.resolution}")
    return replace(task, cancel_requested=True)


def cancel(key: str, pen: Pen) -> Task:
    """Write down that a task is to end; without a live attempt it ends at the next tick."""
    return change(key, cancelled, pen, kind="task.cancel", what="cancel requested")


def retry(key: str, pen: Pen, *, fresh: bool) -> Task:
    """Open a task again, and close the question that its live attempt may be waiting with."""
    for _ in range(_TRIES):
        task = pen.ledger.task(key)
        attempts = pen.ledger.attempts(key)
        last = attempts[-1] if attempts else None
        at = pen.clock.now()
        opened = replace(retried(task, last, fresh=fresh), updated=at)
        desk = Desk(pen.ledger.snapshot(), at=at, who=pen.who)
        desk.save(opened)
        desk.clear_questions(key)
        desk.log("task.retried", opened, what="from the target" if fresh else "")
        if last is not None and last.state is State.VERIFYING:
            desk.move(last, State.CANCELLED, reason=f"{pen.who} asked for another attempt")
        try:
            pen.ledger.commit(desk.writes())
        except StaleLeaseError:
            continue
        return pen.ledger.task(key)
    raise TransientError(f"{key} changes all the time", remedy="try again")


def retried(task: Task, last: Attempt | None, *, fresh: bool) -> Task:
    """Answer an ended or waiting task opened again; its attempts so far count no more."""
    if task.resolution is Resolution.MERGED:
        raise FleetError(f"{task.key} is merged", remedy="add a new task")
    if last is not None and last.state is State.VERIFIED:
        raise FleetError(f"{task.key} is in review", remedy="reject its pull request")
    if last is not None and last.live and last.state is not State.VERIFYING:
        raise FleetError(f"{task.key} has an attempt under way", remedy="cancel it first")
    number = last.number if last else 0
    return replace(
        task, resolution=None, reason="", cancel_requested=False, red_from=number, fresh=fresh
    )


def depending(task: Task, depends: tuple[str, ...], ledger: Ledger) -> Task:
    """Answer the task with other dependencies; raises ConfigError on a cycle."""
    edges = {t.key: t.depends for t in ledger.tasks()} | {task.key: depends}
    for key in depends:
        if key not in edges:
            raise NotFoundError(f"no task {key}", remedy="see `fleet task list`")
    cycle = cycle_through(task.key, edges)
    if cycle:
        raise ConfigError(f"dependencies in a cycle: {' -> '.join(cycle)}")
    return replace(task, depends=depends)
