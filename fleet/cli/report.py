"""`fleet report`: what happened since, for the morning."""

import re
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from fleet.cli.output import UsageError, clock, document, put, table
from fleet.cli.place import halted, opened, unfit
from fleet.domain.errors import ConfigError

_LONGEST = timedelta(days=36_500)


class Format(StrEnum):
    """How a report is written."""

    MD = "md"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command()(report)


def report(
    ctx: typer.Context,
    since: Annotated[str, typer.Option(help="Like 30m, 12h or 7d.")] = "12h",
    form: Annotated[Format, typer.Option("--format")] = Format.MD,
    output: Annotated[Path | None, typer.Option("-o", "--output")] = None,
) -> None:
    """Tell what was merged, what waits for you, what failed, who was swapped, and what it cost."""
    from fleet.app import views

    with opened(ctx) as office:
        now = office.clock.now()
        seen = views.Around(unfit=unfit(office), halted=halted(office))
        start = now - span(since)
        view = views.report(office.ledger, office.fleet, since=start, now=now, around=seen)
    if form is Format.JSON and output is None:
        document(view)
        return
    if form is Format.JSON:
        import json

        text = json.dumps(view, indent=2)
    else:
        text = views.report_markdown(view)
    if output is None:
        put(text)
        return
    try:
        output.write_text(text + "\n")
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror or error}") from error


def show_swaps(rows: Sequence[dict[str, Any]]) -> None:
    """Show the receipts of swaps to a person, oldest first."""
    named = ("when", "task", "from", "to", "trigger", "kind", "seconds_lost", "carried", "why")
    table([{**row, "when": clock(row["at"])} for row in rows], named)


def span(text: str) -> timedelta:
    """Answer the time that a text such as 7d names; raises UsageError when it names none."""
    found = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if not found:
        raise UsageError(f"--since {text!r} is no time span", remedy="like 30m, 12h or 7d")
    unit = {"m": "minutes", "h": "hours", "d": "days"}[found[2]]
    wanted = timedelta(**{unit: int(found[1])})
    if wanted > _LONGEST:
        # no calendar reaches back that far
        raise UsageError(f"--since {text!r} is too long", remedy=f"at most {_LONGEST.days}d")
    return wanted
