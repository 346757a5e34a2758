"""`fleet memory accept`, `feedback`, `quarantine`, `forget`: what people decide of lessons."""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from fleet.cli.output import UsageError, confirm, document, plain, put, say, who
from fleet.cli.place import DryRun, Json, Yes, opened
from fleet.domain.errors import ConfigError
from fleet.domain.lesson import Lesson
from fleet.domain.task import parse_key
from fleet.domain.trust import accepted, parse_lesson_id, quarantined, refuse_forgotten

if TYPE_CHECKING:
    from fleet.bootstrap import Office

Many = Annotated[list[str], typer.Argument(metavar="ID...")]
Some = Annotated[list[str] | None, typer.Argument(metavar="[ID...]")]
Task = Annotated[
    str | None, typer.Option("--task", metavar="KEY", help="All that this task taught.")
]
Author = Annotated[
    str | None, typer.Option("--author", metavar="NAME", help="All of that person or profile.")
]


_LONGEST_REASON = 200


class Vote(StrEnum):
    """What a person says of a lesson."""

    HELPFUL = "helpful"
    HARMFUL = "harmful"


def register(app: typer.Typer) -> None:
    """Add the commands to the noun."""
    app.command()(accept)
    app.command()(feedback)
    app.command()(quarantine)
    app.command()(forget)


def accept(
    ctx: typer.Context,
    identities: Many,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="For every project, not for its own alone.")
    ] = False,
    json: Json = False,
) -> None:
    """Let agents be told these: proposed ones, those on probation or in quarantine."""
    with opened(ctx) as office:
        meant = _named(office, identities)

        def to(lesson: Lesson) -> Lesson:
            return accepted(lesson, everywhere=everywhere)

        for lesson in meant:
            _refuse_second(to(lesson), office)
        done = _changed(meant, office, kind="lesson.accepted", to=to)
    _tell(done, json=json)


def _refuse_second(wanted: Lesson, office: "Office") -> None:
    """Refuse to let a lesson say the same as another, for the same project."""
    other = office.ledger.lesson_of(wanted.digest)
    if other is not None and other.id != wanted.id:
        remedy = f"accept {other.id}, and forget {wanted.id}"
        raise ConfigError(f"{other.id} says the same as {wanted.id} everywhere", remedy=remedy)


def feedback(ctx: typer.Context, identity: str, vote: Vote, json: Json = False) -> None:
    """Count that a lesson helped or did harm; what harms too often is quarantined."""
    from fleet.app.remembering import VOTED
    from fleet.domain.credit import counted

    with opened(ctx) as office:
        at, helpful = office.clock.now(), vote is Vote.HELPFUL

        def to(lesson: Lesson) -> Lesson:
            refuse_forgotten(lesson)
            return counted(lesson, helpful=helpful, at=at)

        done = _changed(_named(office, [identity]), office, kind=VOTED, to=to)
    _tell(done, json=json)


def quarantine(
    ctx: typer.Context,
    identities: Some = None,
    task: Task = None,
    author: Author = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Tell these to no agent any more; `fleet memory accept` takes it back."""
    with opened(ctx) as office:
        meant = _meant(office, identities or (), task=task, author=author)
        why = plain(reason)[:_LONGEST_REASON].strip() or f"put away by {who()}"

        def to(lesson: Lesson) -> Lesson:
            return quarantined(lesson, reason=why)

        wanted = [to(lesson) for lesson in meant]
        if not dry_run:
            wanted = _changed(meant, office, kind="lesson.quarantined", to=to)
    _tell(wanted, json=json, done=not dry_run)


def forget(
    ctx: typer.Context,
    identities: Some = None,
    task: Task = None,
    author: Author = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Delete what these lessons say, for good; no agent brings them back."""
    from fleet.app.remembering import forgotten

    with opened(ctx) as office:
        meant = _meant(office, identities or (), task=task, author=author)
        wanted = [forgotten(lesson) for lesson in meant]
        for word in _left(meant, office):
            say(plain(word))
        if not dry_run and meant:
            for lesson in () if yes else meant:
                say(plain(f"{lesson.id} {lesson.title}"))
            confirm("Forget what they say, for good?", yes=yes)
            wanted = _changed(meant, office, kind="lesson.forgotten", to=forgotten)
    _tell(wanted, json=json, done=not dry_run)


def _left(meant: Sequence[Lesson], office: "Office") -> Iterator[str]:
    """Say where the words of lessons stand beside them: events are never changed."""
    taught = {lesson.task for lesson in meant}
    tasks = [task.key for task in office.ledger.tasks() if task.key in taught]
    if tasks:
        yield (
            f"what agents said of it stays in the log of {', '.join(tasks)} for good, and in "
            "traces until `fleet gc` (docs/memory.md)"
        )


def _named(office: "Office", identities: Sequence[str]) -> list[Lesson]:
    """Answer the lessons of these ids; raises NotFoundError before anything is changed."""
    ids = dict.fromkeys(map(parse_lesson_id, identities))
    return [office.ledger.lesson(each) for each in ids]


def _meant(
    office: "Office", identities: Sequence[str], *, task: str | None, author: str | None
) -> list[Lesson]:
    """Answer the lessons of these ids, or all that a task or an author taught and that are left."""
    if sum((bool(identities), task is not None, author is not None)) != 1:
        raise UsageError("which lessons?", remedy="give ids, or --task KEY, or --author NAME")
    if identities:
        return _named(office, identities)
    key = None if task is None else parse_key(task)
    return [
        lesson
        for lesson in office.ledger.lessons()
        if lesson.kept and key in (None, lesson.task) and author in (None, lesson.author)
    ]


def _changed(
    meant: Sequence[Lesson], office: "Office", *, kind: str, to: Callable[[Lesson], Lesson]
) -> list[Lesson]:
    from fleet.app.remembering import change
    from fleet.bootstrap import memory_of

    memory = memory_of(office)
    return [change(lesson.id, memory, kind=kind, who=who(), to=to) for lesson in meant]


def _tell(lessons: Sequence[Lesson], *, json: bool, done: bool = True) -> None:
    """Say how each stands now, or would stand."""
    if json:
        document([_row(lesson) for lesson in lessons])
        return
    stands = "is" if done else "would be"
    for lesson in lessons:
        why = f": {lesson.reason}" if lesson.reason else ""
        put(plain(f"{lesson.id} {stands} {lesson.status}{why}"))
    if not lessons:
        say("no lesson is meant")


def _row(lesson: Lesson) -> dict[str, str | int | None]:
    return {
        "id": lesson.id,
        "status": lesson.status.value,
        "project": lesson.project,
        "helpful": lesson.helpful,
        "harmful": lesson.harmful,
        "reason": lesson.reason,
    }
