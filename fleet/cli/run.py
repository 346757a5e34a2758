"""`fleet run`: the coordinator in the foreground."""

import re
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleet.cli.output import UsageError, document, plain, put, table
from fleet.cli.place import Json, halted, opened
from fleet.domain.task import parse_key

if TYPE_CHECKING:
    from fleet.app.coordinator import Order
    from fleet.bootstrap import Office


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command()(run)


def run(
    ctx: typer.Context,
    keys: Annotated[list[str] | None, typer.Argument(metavar="[KEY]...")] = None,
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End when nothing can move by itself (default).")
    ] = False,
    until: Annotated[
        str | None, typer.Option("--until", metavar="HH:MM", help="Go on until then.")
    ] = None,
    parallel: Annotated[int | None, typer.Option(min=1, max=256)] = None,
    json: Json = False,
) -> None:
    """Run agents on the ready tasks, verify what they made, merge what may be merged."""
    from fleet.app import views
    from fleet.cli import running

    if until and until_idle:
        raise UsageError("--until and --until-idle exclude each other")
    at = _instant(until) if until else None
    wanted = list(dict.fromkeys(parse_key(key) for key in keys or ()))
    with opened(ctx) as office:
        order = running.order_for(office, keys=wanted, parallel=parallel, until=at)
        summary = _carried_out(order, wanted, office, quiet=json)
    if json:
        document(summary)
    else:
        show_summary(summary)
    if not views.succeeded(summary):
        raise typer.Exit(1)


def show_summary(summary: dict[str, object]) -> None:
    """Show the end of a run to a person."""
    tasks = summary["tasks"]
    if isinstance(tasks, list):
        columns = ["key", "status", "attempts", "merged_sha", "reason"]
        if tasks and "expected" in tasks[0]:
            columns.insert(2, "expected")
        table(tasks, columns)
    put(
        plain(
            f"{summary['merged']} merged, {summary['in_review']} in review, "
            f"{summary['failed']} failed, in {summary['seconds']} s, {summary['cost_usd']} USD"
        )
    )


def _carried_out(
    order: "Order", wanted: list[str], office: "Office", *, quiet: bool
) -> dict[str, Any]:
    """Carry it out; answer what came of the wanted tasks, else of all that were or are open."""
    from fleet.app import views
    from fleet.cli import running

    began, spent, before = time.monotonic(), _spent(office), _open(office)
    waits = running.run_or_follow(office, order, what="fleet run", quiet=quiet)
    summary = views.run_summary(
        wanted or list(dict.fromkeys([*before, *_open(office)])),
        office.ledger,
        office.fleet,
        seconds=time.monotonic() - began,
        cost=_spent(office) - spent,
        halted=halted(office),
    )
    for task in summary["tasks"]:
        # the board does not know what kept a ready task from its start
        task["reason"] = task["reason"] or waits.get(task["key"], "")
    return summary


def _open(office: "Office") -> list[str]:
    return [task.key for task in office.ledger.snapshot().tasks]


def _spent(office: "Office") -> int:
    return sum(settlement.micros for settlement in office.ledger.settlements())


def _instant(text: str) -> datetime:
    """Answer the next time the clock of this machine shows HH:MM; raises UsageError."""
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text)
    if not found:
        raise UsageError(f"--until {text!r} is no time of day", remedy="like 08:00")
    now = datetime.now().astimezone()  # noqa: TID251 - what the user's clock shows
    at = now.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
    return at if at > now else at + timedelta(days=1)
