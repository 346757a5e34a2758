"""`fleet approval`: the questions that wait for a human, and the answers."""

from typing import Annotated

import typer

from fleet.cli.output import document, plain, put, table
from fleet.cli.place import Json, opened, pen
from fleet.domain.errors import ConfigError
from fleet.domain.pending import ActionStatus

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Answered ones too.")] = False,
    json: Json = False,
) -> None:
    """Show what waits for your yes."""
    from fleet.app import views

    with opened(ctx) as office:
        rows = [views.action_view(action) for action in office.ledger.pending_actions()]
    rows = [row for row in rows if everything or row["status"] == "pending"]
    if json:
        document(rows)
    else:
        table(rows, ("id", "task", "category", "action", "status"))


@app.command()
def show(ctx: typer.Context, identity: str, json: Json = False) -> None:
    """Show one question: what will be done, files, diff, risks, rule."""
    from fleet.app import views

    with opened(ctx) as office:
        view = views.action_view(office.ledger.pending_action(identity.upper()))
    if json:
        document(view)
        return
    for name in ("id", "task", "status", "action", "rule", "files", "risks", "dry_run"):
        shown = ", ".join(view[name]) if isinstance(view[name], list) else view[name]
        if shown:
            put(f"{name + ':':<10}{plain(shown)}")
    for line in view["diff"].splitlines():
        put(f"  {plain(line.expandtabs())}")


@app.command()
def approve(
    ctx: typer.Context,
    identity: str,
    replace_check: Annotated[
        bool,
        typer.Option("--replace-check", help="Judge by the changed check files alone."),
    ] = False,
) -> None:
    """Say yes, for exactly the SHA or category asked about."""
    _answer(ctx, identity, ActionStatus.APPROVED, replace_check=replace_check)


@app.command()
def reject(ctx: typer.Context, identity: str, reason: str = "") -> None:
    """Say no; the reason goes to the next attempt."""
    _answer(ctx, identity, ActionStatus.REJECTED, reason=reason)


@app.command()
def clear(
    ctx: typer.Context,
    identity: Annotated[str | None, typer.Argument()] = None,
    everything: Annotated[bool, typer.Option("--all")] = False,
) -> None:
    """Drop a question without an answer; its task waits for you."""
    if everything == (identity is not None):
        raise ConfigError("clear what?", remedy="give an id, or --all")
    if identity is not None:
        _answer(ctx, identity, ActionStatus.CLEARED)
        return
    with opened(ctx) as office:
        pending = [a.id for a in office.ledger.pending_actions() if a.status == "pending"]
    for one in pending:
        _answer(ctx, one, ActionStatus.CLEARED)


def _answer(
    ctx: typer.Context,
    identity: str,
    status: ActionStatus,
    *,
    reason: str = "",
    replace_check: bool = False,
) -> None:
    from fleet.app.stations import review

    with opened(ctx) as office:
        action = review.answer(
            identity.upper(), status, pen(office), reason=reason, replace_check=replace_check
        )
    put(f"{action.id} ({action.task}) is {action.status}")
