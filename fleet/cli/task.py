"""`fleet task`: add, list, edit, comment, retry, cancel."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from fleet.cli import task_log, task_show
from fleet.cli.output import UsageError, confirm, document, plain, put, table
from fleet.cli.place import DryRun, Json, Yes, halted, opened, pen, stopped
from fleet.domain.budget import micros
from fleet.domain.dispatching import fresh_after
from fleet.domain.errors import ConfigError, NotFoundError
from fleet.domain.task import Kind, Priority, Review, Status, Task, parse_key

app = typer.Typer(no_args_is_help=True)
Texts = list[str] | None
Retries = Annotated[int | None, typer.Option(min=0, max=100)]


@app.command()
def add(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(help="One line: what is wanted.")],
    project: Annotated[str | None, typer.Option("--project", "-p")] = None,
    description: Annotated[str, typer.Option("-d", "--description")] = "",
    file: Annotated[
        Path | None, typer.Option("--file", help="Read the description from a file.")
    ] = None,
    accept: Annotated[Texts, typer.Option(help="An acceptance criterion.")] = None,
    kind: Kind = Kind.ATOMIC,
    parent: str | None = None,
    depends: Annotated[Texts, typer.Option(help="A task to be merged before.")] = None,
    role: str = "developer",
    profile: str | None = None,
    priority: Priority = Priority.NORMAL,
    label: Texts = None,
    budget: Annotated[str | None, typer.Option(metavar="USD")] = None,
    max_retries: Retries = None,
    review: Review | None = None,
    json: Json = False,
) -> None:
    """Add a task and print its key."""
    from fleet.app.stations import intake

    if file and description:
        raise UsageError("-d and --file exclude each other")
    wish = intake.Wish(
        title=title,
        project=project,
        goal=_read(file) if file else description,
        accept=tuple(accept or ()),
        kind=kind,
        parent=parse_key(parent) if parent else None,
        depends=tuple(parse_key(key) for key in depends or ()),
        role=role,
        profile=profile,
        priority=priority,
        labels=tuple(label or ()),
        budget_micros=_micros(budget) if budget is not None else None,
        max_retries=max_retries,
        review=review,
    )
    with opened(ctx) as office:
        task = intake.add(wish, office.fleet, pen(office))
    document({"key": task.key}) if json else put(task.key)


def _micros(budget: str) -> int:
    try:
        return micros(budget)
    except ConfigError as error:
        raise UsageError(f"--budget {error.message}", remedy=error.remedy) from error


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8", remedy="save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror or error}") from error


def _known(key: str, projects: Iterable[str]) -> None:
    """Refuse a project that nobody knows: an empty board would say that nothing is left to do."""
    from fleet.config.problems import nearest

    if key not in projects:
        raise NotFoundError(f"there is no project {plain(key)!r}{nearest(key, projects)}")


@app.command("list")
def list_(
    ctx: typer.Context,
    status: Status | None = None,
    project: Annotated[str | None, typer.Option("--project", "-p")] = None,
    label: str | None = None,
    json: Json = False,
) -> None:
    """Show the board."""
    from fleet.app import views

    with opened(ctx) as office:
        key = project.upper() if project else None
        seen = halted(office)
        rows = views.board_rows(office.ledger, office.fleet, project=key, halted=seen)
        if key and not rows:
            _known(key, office.fleet.projects)
    rows = [
        row
        for row in rows
        if (status is None or row["status"] == status.value)
        and (label is None or label in row["labels"])
    ]
    if json:
        document(rows)
    else:
        table(rows, ("key", "status", "priority", "attempts", "pr", "title", "reason"))


task_show.register(app)


@app.command()
def edit(
    ctx: typer.Context,
    key: str,
    title: str | None = None,
    description: Annotated[str | None, typer.Option("-d", "--description")] = None,
    priority: Priority | None = None,
    depends: Annotated[Texts, typer.Option(help="Replace the dependencies; '' for none.")] = None,
    max_retries: Retries = None,
    review: Review | None = None,
) -> None:
    """Change a task that has not ended."""
    from fleet.app.stations import intake

    with opened(ctx) as office:
        wanted = {
            "title": title,
            "goal": description,
            "priority": priority,
            "max_retries": max_retries,
            "review": review,
        }
        fields: dict[str, Any] = {k: v for k, v in wanted.items() if v is not None}
        keys = tuple(parse_key(k) for k in depends or () if k)

        def edited(task: Task) -> Task:
            if not task.open:
                raise ConfigError(f"{task.key} has ended already: {task.resolution}")
            changed = replace(task, **fields)
            return intake.depending(changed, keys, office.ledger) if depends else changed

        what = ", ".join([*fields, *(["depends"] if depends else [])])
        intake.change(parse_key(key), edited, pen(office), kind="task.edited", what=what)
    put(f"{parse_key(key)} changed: {what or 'nothing'}")


@app.command()
def comment(ctx: typer.Context, key: str, text: str) -> None:
    """Say something to the task's next attempt."""
    from fleet.app.stations import intake

    def commented(task: Task) -> Task:
        return replace(task, comments=(*task.comments, text))

    with opened(ctx) as office:
        kind = "task.commented"
        intake.change(parse_key(key), commented, pen(office), kind=kind, what=text)


@app.command()
def retry(
    ctx: typer.Context,
    key: str,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start at the target, not at the branch.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Open an ended or waiting task again; its red attempts count no more."""
    from fleet.app.stations import intake

    with opened(ctx) as office:
        if dry_run:
            attempts = office.ledger.attempts(parse_key(key))
            last = attempts[-1] if attempts else None
            intake.retried(office.ledger.task(parse_key(key)), last, fresh=fresh)
            anew = fresh or (last is not None and fresh_after(last))
            start = "the target; what its branch holds is kept" if anew else "its branch"
            put(f"{parse_key(key)} would be open again, from {start}")
            return
        ended = office.ledger.task(parse_key(key)).resolution is not None
        task = intake.retry(parse_key(key), pen(office), fresh=fresh)
        held = stopped(office, task.key)
    now = "is open again" if ended else "was open; its red attempts so far count no more"
    put(f"{task.key} {now}{f', but {plain(held)}' if held else ''}")


@app.command()
def cancel(ctx: typer.Context, key: str, yes: Yes = False, dry_run: DryRun = False) -> None:
    """End a task: what runs is stopped, its work kept."""
    from fleet.app.stations import intake

    with opened(ctx) as office:
        task = office.ledger.task(parse_key(key))
        intake.cancelled(task)
        put(f"{task.key} ends as soon as a coordinator runs; what its agents did is kept")
        if dry_run:
            return
        confirm(f"Cancel {task.key}?", yes=yes)
        intake.cancel(task.key, pen(office))


task_log.register(app)
