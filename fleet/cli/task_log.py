"""`fleet task log`: the history of a task, and its end awaited."""

from threading import Event
from typing import Annotated, Any

import typer

from fleet.cli.output import clock, document, plain, plain_lines, put
from fleet.cli.place import Json, opened
from fleet.domain.task import parse_key


def register(app: typer.Typer) -> None:
    """Add the command to `fleet task`."""
    app.command()(log)


def log(
    ctx: typer.Context,
    key: str,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until it ends.")] = False,
    json: Json = False,
) -> None:
    """Show a task's history, oldest first."""
    from fleet.app import views

    with opened(ctx) as office:
        name = parse_key(key)
        office.ledger.task(name)
        after, wait = 0, Event()
        while True:
            rows = views.log_rows(office.ledger, name, after=after)
            if json and not follow:
                document(rows)
                return
            for row in rows:
                after = row["id"]
                document(row) if json else put(_log_line(row))
            if not follow or not office.ledger.task(name).open:
                return
            wait.wait(1)


def _log_line(row: dict[str, Any]) -> str:
    # of a move its state: most say nothing else
    said = ": ".join(filter(None, (row["state"], row["what"])))
    head = f"{clock(row['at'])}  {row['attempt'] or row['task']}  {row['kind']}  {plain(said)}"
    tail = row["output"]
    return head + "".join(f"\n    {line}" for line in plain_lines(tail.rstrip("\n"))[-30:] if tail)
