"""`fleet memory`: lessons that people add, find, judge and carry from home to home."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleet.cli import memory_change, memory_files, memory_reflect, memory_show, memory_stats
from fleet.cli.output import UsageError, document, put
from fleet.cli.place import Json, opened

if TYPE_CHECKING:
    from fleet.config import LessonEntry

app = typer.Typer(no_args_is_help=True)
Texts = list[str] | None


@app.command()
def add(
    ctx: typer.Context,
    title: Annotated[str | None, typer.Argument(help="One line: what to know.")] = None,
    problem: Annotated[str, typer.Option(help="What went wrong.")] = "",
    cause: Annotated[str, typer.Option(help="Why.")] = "",
    remedy: Annotated[str, typer.Option(help="What to do.")] = "",
    tag: Annotated[Texts, typer.Option(help="A word to find it by.")] = None,
    path: Annotated[Texts, typer.Option(metavar="GLOB", help="A file it is about.")] = None,
    role: Annotated[str | None, typer.Option(help="For that role alone.")] = None,
    project: Annotated[str | None, typer.Option("--project", "-p", help="There alone.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Many: JSON lines, or a list in YAML."),
    ] = None,
    json: Json = False,
) -> None:
    """Add a lesson, or all of a file, and print each id; the same one again is that one."""
    if file is not None and project is not None:
        raise UsageError("--project stands beside --from", remedy="name it in the file")
    entries = _entries(
        file, title, problem=problem, cause=cause, remedy=remedy, tags=tag, files=path, role=role
    )
    with opened(ctx) as office:
        if project is not None:
            key = memory_show.known_project(project, office.fleet.projects)
            entries = tuple(each.model_copy(update={"project": key}) for each in entries)
        kept = memory_files.taken_in(entries, office)
    if json:
        rows = [{"id": k.lesson.id, "status": k.lesson.status, "fate": k.fate} for k in kept]
        document(rows[0] if file is None else rows)
        return
    for each in kept:
        put(each.lesson.id)


def _entries(file: Path | None, title: str | None, **said: object) -> "Sequence[LessonEntry]":
    """Answer the lessons of the file, or the one of the command line."""
    from fleet.config import lesson_of, read_lessons

    given = {name: value for name, value in said.items() if value}
    if file is None:
        if title is None:
            raise UsageError("add what?", remedy="give a title, or --from FILE")
        return (lesson_of({"title": title, **given}),)
    if title is not None or given:
        other = "a title" if title is not None else ", ".join(given)
        raise UsageError(f"{other} stands beside --from", remedy="give one of the two")
    return read_lessons(file)


memory_show.register(app)
memory_change.register(app)
memory_files.register(app)
memory_stats.register(app)
memory_reflect.register(app)
