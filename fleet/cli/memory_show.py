"""`fleet memory list`, `show`, `search`: what the fleet has learned."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleet.cli.output import UsageError, clock, document, plain, put, say, table
from fleet.cli.place import Json, opened
from fleet.domain.errors import ConfigError
from fleet.domain.lesson import Lesson, LessonStatus, MemoryRules
from fleet.domain.trust import parse_lesson_id

if TYPE_CHECKING:
    from fleet.bootstrap import Office

Project = Annotated[str | None, typer.Option("--project", "-p", help="Of that project, or of all.")]
_SAID = ("problem", "cause", "remedy")
_KNOWN = ("status", "reason", "project", "role", "tags", "files", "author", "task", "like")


def register(app: typer.Typer) -> None:
    """Add the commands to the noun."""
    app.command("list")(list_)
    app.command()(show)
    app.command()(search)


def list_(
    ctx: typer.Context,
    status: LessonStatus | None = None,
    project: Project = None,
    everything: Annotated[bool, typer.Option("--all", help="Forgotten ones too.")] = False,
    json: Json = False,
) -> None:
    """Show the lessons; proposed ones wait for `fleet memory accept`."""
    from fleet.app import views

    with opened(ctx) as office:
        key = _project(project, office)
        rows = [
            views.lesson_row(lesson)
            for lesson in office.ledger.lessons()
            if _wanted(lesson, status, everything=everything) and key in (None, lesson.project)
        ]
    if json:
        document(rows)
    else:
        table(rows, ("id", "status", "project", "role", "helpful", "harmful", "title"))


def _wanted(lesson: Lesson, status: LessonStatus | None, *, everything: bool) -> bool:
    if status is not None:
        return lesson.status is status
    return everything or lesson.kept


def show(ctx: typer.Context, identity: str, json: Json = False) -> None:
    """Show a lesson: what it says, where it comes from, who was told it and what came of that."""
    from fleet.app import views

    with opened(ctx) as office:
        lesson = office.ledger.lesson(parse_lesson_id(identity))
        view = views.lesson_view(lesson, office.ledger)
    if json:
        document(view)
        return
    put(plain(f"{view['id']}  {view['title']}").rstrip())
    for name in _SAID:
        if view[name]:
            put(f"  {name + ':':<10}{plain(view[name])}")
    view["like"] = [f"{each['id']} {each['title']}" for each in view["like"]]
    for name in _KNOWN:
        shown = ", ".join(view[name]) if isinstance(view[name], list) else view[name]
        if shown:
            put(f"  {name + ':':<10}{plain(shown)}")
    _show_use(view)


def _show_use(view: dict[str, Any]) -> None:
    told, held = view["given"], view["held_out"]
    put(f"  {'told:':<10}{told} attempts; {held} were held out to measure whether it helps")
    put(f"  {'outcomes:':<10}{view['helpful']} helpful, {view['harmful']} harmful")
    for event in view["history"]:
        put(f"  {clock(event['at'])}  {plain(event['who'])}  {plain(event['what'])}")


def search(
    ctx: typer.Context,
    text: str,
    project: Project = None,
    role: Annotated[str | None, typer.Option(help="For that role, or for all.")] = None,
    most: Annotated[
        int | None, typer.Option("-k", metavar="N", min=1, max=1000, help="At most so many.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those below the floor too.")] = False,
    json: Json = False,
) -> None:
    """Find lessons as recall does, whatever their status, copies too: best first, or none."""
    from fleet.app import views
    from fleet.app.recalling import find
    from fleet.bootstrap import memory_of
    from fleet.domain.scoring import good_enough

    if not text.strip():
        raise UsageError("search for what?", remedy="give a few words, or a whole task")
    with opened(ctx) as office:
        key = _project(project, office)
        rules = office.fleet.memory
        # where recall is off, a person may still look
        count = most or rules.top_k or MemoryRules.top_k

        def fits(lesson: Lesson) -> bool:
            return (key is None or lesson.project in (None, key)) and (
                role is None or lesson.role in (None, role)
            )

        found = find(text, memory_of(office), fits=fits, project=key, most=count)
    if found.note:
        say(plain(found.note))
    best = found.scored if everything else good_enough(found.scored, rules)
    rows = views.found_rows(best[:count])
    if json:
        document(rows)
    else:
        table(rows, ("id", "score", "status", "project", "title"))


def known_project(text: str, known: Collection[str]) -> str:
    """Answer the key of a project among those; raises ConfigError with the nearest one."""
    from fleet.config.problems import nearest

    key = text.strip().upper()
    if key not in known:
        raise ConfigError(f"unknown project {text!r}{nearest(key, known)}")
    return key


def _project(text: str | None, office: "Office") -> str | None:
    """Answer the key of a project of fleet.yaml, or of one that lessons from elsewhere name."""
    if text is None:
        return None
    named = {lesson.project for lesson in office.ledger.lessons() if lesson.project}
    return known_project(text, named | office.fleet.projects.keys())
