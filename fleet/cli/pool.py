"""`fleet pool`: how the accounts stand, why a task is not started, and a blocked one opened."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleet.cli.output import UsageError, clock, confirm, document, plain, put, say, table
from fleet.cli.place import Json, Yes, around, opened, outdated, pen, plans_with, unfit
from fleet.domain.errors import NotFoundError
from fleet.domain.hindrance import AccountState
from fleet.domain.task import parse_key

if TYPE_CHECKING:
    from fleet.bootstrap import Office

app = typer.Typer(no_args_is_help=True)
_COLUMNS = (
    *("account", "owner", "agent", "state", "until", "spent_usd", "daily_budget_usd"),
    *("requests", "running", "reason"),
)


@app.command()
def status(
    ctx: typer.Context,
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="With --explain: this task alone.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say why each waiting task is not started now.")
    ] = False,
    json: Json = False,
) -> None:
    """Show each account: ready, cooling, spent, closed, full or blocked, why and until when."""
    from fleet.app import views

    if key is not None and not explain:
        raise UsageError("a task is named only with --explain")
    with opened(ctx) as office:
        now, seen = office.clock.now(), around(office)
        snapshot, fleet = plans_with(office)
        accounts = views.pool_rows(snapshot, office.fleet, now=now, unfit=seen.unfit)
        asked = _asked(key, office)
        tasks = views.explained(snapshot, fleet, now=now, around=seen, key=asked) if explain else []
        if old := outdated(office):
            say(old)
    if json:
        document({"accounts": accounts, "tasks": tasks} if explain else accounts)
        return
    table([{**row, "until": clock(row["until"]) or None} for row in accounts], _COLUMNS)
    if explain:
        _explain(tasks)


@app.command("open")
def open_(
    ctx: typer.Context,
    account: Annotated[str, typer.Argument(help="Its name in fleet.yaml.")],
    yes: Yes = False,
) -> None:
    """Use a blocked or cooling account again: you have mended what was wrong with it."""
    from fleet.app import health

    with opened(ctx) as office:
        where = _standing(account, office)
        put(f"{account} is {where['state']}: {plain(where['reason']) or 'nothing is wrong'}")
        confirm(f"Use {account} again from now on?", yes=yes)
        health.open_account(account, office.fleet, pen(office))
    put(f"{account} is open again")


def _standing(account: str, office: "Office") -> dict[str, Any]:
    """Answer the account's row; raises NotFoundError with the nearest name."""
    from fleet.app import views
    from fleet.config.problems import nearest

    known = office.fleet.accounts
    if account not in known:
        raise NotFoundError(f"there is no account {plain(account)!r}{nearest(account, known)}")
    (snapshot, _), now = plans_with(office), office.clock.now()
    rows = views.pool_rows(snapshot, office.fleet, now=now, unfit=unfit(office))
    return next(row for row in rows if row["account"] == account)


def _asked(key: str | None, office: "Office") -> str | None:
    """Answer the named task's key; raises NotFoundError where it is unknown or has ended."""
    if key is None:
        return None
    task = office.ledger.task(parse_key(key))
    if not task.open:
        raise NotFoundError(
            f"{task.key} has ended: {task.resolution}", remedy=f"see `fleet task show {task.key}`"
        )
    return task.key


def _explain(tasks: list[dict[str, Any]]) -> None:
    for row in tasks:
        put("")
        put(f"{row['task']}  {plain(row['title'])}: {_prospect(row)}")
        for each in row["candidates"]:
            put(f"  {_candidate(each)}")
    if not tasks:
        put("no task is ready or waits")


def _prospect(row: dict[str, Any]) -> str:
    if row["slot"]:
        return f"it would start now with {row['slot']['profile']}/{row['slot']['account']}"
    until = f" (until {clock(row['until'])})" if row["until"] else ""
    return f"{row['status']}: {plain(row['reason'])}{until}"


def _candidate(row: dict[str, Any]) -> str:
    name = f"{row['profile']}/{row['account']}" if row["account"] else row["profile"]
    kind = "fallback " if row["fallback"] else ""
    if row["free"]:
        return f"{kind}{name}: free"
    state = f"{row['state']}, " if row["state"] else ""
    return f"{kind}{name}: {state}{plain(row['reason'])}, {_end(row)}"


def _end(row: dict[str, Any]) -> str:
    """Say when a refusal ends, and by whom where it does not end by itself."""
    if row["until"]:
        return f"until {clock(row['until'])}"
    if row["account"] is None:
        return "until fleet.yaml names one"
    if row["state"] == AccountState.BLOCKED.value:
        return "until somebody mends that"
    return "nobody knows until when"
