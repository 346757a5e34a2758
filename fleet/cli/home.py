"""`fleet init` and `fleet doctor`: make a home, and say what is wrong with it."""

import re
from pathlib import Path
from typing import Annotated

import typer

from fleet.cli.output import UsageError, document, put, say, table
from fleet.cli.place import Json
from fleet.domain.task import PROJECT_KEY

_PROJECT = re.compile(r"([^=]+)=(.+?)(?::([^/:]+(?:/[^/:]+)*))?")


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    app.command()(init)
    app.command()(doctor)


def init(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path(),
    project: Annotated[
        list[str] | None, typer.Option("--project", metavar="KEY=PATH[:BRANCH]")
    ] = None,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Claim repositories of another home.")
    ] = False,
) -> None:
    """Make a home: fleet.yaml, profiles, and the folders of memory and traces."""
    from fleet.bootstrap import home_made

    wanted = [_parse(text) for text in project or ()]
    keys = [key for key, _, _ in wanted]
    if len(set(keys)) != len(keys):
        raise UsageError("a project key was given twice")
    for line in home_made(directory.absolute(), wanted, take_over=take_over):
        say(line)
    put(str(directory.absolute()))


def _parse(text: str) -> tuple[str, Path, str | None]:
    found = _PROJECT.fullmatch(text)
    if not found or not PROJECT_KEY.fullmatch(found[1]):
        raise UsageError(f"--project {text!r}", remedy="like APP=/srv/app or APP=/srv/app:main")
    return found[1], Path(found[2]).expanduser().absolute(), found[3]


def doctor(ctx: typer.Context, json: Json = False) -> None:
    """Check git, disk, engine, images, credentials, profiles and projects; say what to do."""
    from fleet.cli.checkup import examined

    rows = examined(ctx.find_root().obj)
    if json:
        document(rows)
    else:
        table(rows, ("status", "check", "detail", "remedy"))
    if any(row["status"] == "fail" for row in rows):
        raise typer.Exit(1)
