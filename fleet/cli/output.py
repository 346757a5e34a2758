"""How commands speak: one JSON document or plain tables on standard output, the rest on error."""

import errno
import getpass
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import typer

from fleet.domain.errors import FleetError


class UsageError(FleetError):
    """The command line itself is wrong; nothing was done."""

    code = "usage"


def say(text: str) -> None:
    """Tell the person at the terminal, on standard error; where that is full, nobody is told."""
    # a service tells its log, on the very disk that may have filled up: words never end it
    with suppress(OSError):
        typer.echo(text, err=True)


def told(line: str) -> None:
    """Say a line that a build printed: packages and projects wrote it."""
    say(plain(line))


def put(text: str) -> None:
    """Write to standard output; raises FleetError where that cannot take it, as on a full disk."""
    try:
        typer.echo(text)
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # whoever read it has seen enough: typer ends quietly
        why = error.strerror or type(error).__name__
        raise FleetError(f"standard output cannot be written: {why}") from error


def document(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Write one JSON document to standard output."""
    put(json.dumps(value, indent=2, ensure_ascii=False))


def plain(text: object) -> str:
    """Answer text without control characters: agents wrote some of it."""
    return "".join(c if c.isprintable() else " " for c in str(text))


def plain_lines(text: str) -> list[str]:
    """Answer the lines of what somebody else wrote, each without control characters."""
    # not splitlines: other separators would let one line pass for two
    return [plain(line.expandtabs()) for line in text.split("\n")]


def clock(moment: str | None) -> str:
    """Answer an instant of a read model by this machine's clock, its zone named; "" for none."""
    if moment is None:
        return ""
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M:%S %Z}"


def table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    """Write rows as a table: rich on a terminal, tab-separated without colours elsewhere."""
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    if not sys.stdout.isatty():
        for line in ([name.upper() for name in columns], *cells):
            put("\t".join(line))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False)
    for name in columns:
        # a narrow terminal breaks a name that is too long for it: rich would leave its end out
        drawn.add_column(name.upper(), overflow="fold")
    for line in cells:
        drawn.add_row(*map(escape, line))
    Console().print(drawn)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value)) or "-"
    return plain(value)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something destructive; raises UsageError without a terminal and --yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Nothing done: not a terminal, and no --yes")
    if not typer.confirm(question, err=True):
        raise typer.Exit(1)


def who() -> str:
    """Answer the name of the person at the keyboard, for the history."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody"
