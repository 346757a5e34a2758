"""`fleet approval`: the questions that wait for a human, and the answers."""

from typing import TYPE_CHECKING, Annotated

import typer

from fleet.cli.output import UsageError, clock, document, plain, plain_lines, put, table
from fleet.cli.place import DryRun, Json, opened, pen
from fleet.domain.errors import ConfigError
from fleet.domain.pending import ActionStatus, PendingAction

if TYPE_CHECKING:
    from fleet.bootstrap import Office

app = typer.Typer(no_args_is_help=True)
_SHOWN = ("id", "task", "status", "answer", "action", "rule", "files", "dry_run")


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
        table(rows, ("id", "task", "category", "rule", "action", "status"))


@app.command()
def show(ctx: typer.Context, identity: str, json: Json = False) -> None:
    """Show one question: what will be done, files, diff, risks, rule."""
    from fleet.app import views

    with opened(ctx) as office:
        view = views.action_view(office.ledger.pending_action(identity.upper()))
    if json:
        document(view)
        return
    for name in _SHOWN:
        shown = ", ".join(view[name]) if isinstance(view[name], list) else view[name]
        if shown:
            put(f"{name + ':':<10}{plain(shown)}")
    if view["answered_at"]:
        put(f"{'answered:':<10}{plain(view['answered_by'])}, {clock(view['answered_at'])}")
    for risk in view["risks"]:
        put(f"{'risk:':<10}{plain(risk)}")
    for line in plain_lines(view["diff"].rstrip("\n")) if view["diff"] else ():
        put(f"  {line}")


@app.command()
def approve(
    ctx: typer.Context,
    identity: str,
    replace_check: Annotated[
        bool,
        typer.Option("--replace-check", help="Judge by the changed check files alone."),
    ] = False,
    json: Json = False,
) -> None:
    """Say yes, for exactly the SHA or category asked about."""
    from fleet.app.stations import review

    with opened(ctx) as office:
        yes = ActionStatus.APPROVED
        told = review.answer(identity.upper(), yes, pen(office), replace_check=replace_check)
    _tell(told, json=json)


@app.command()
def reject(ctx: typer.Context, identity: str, reason: str = "", json: Json = False) -> None:
    """Say no; the reason goes to the next attempt."""
    from fleet.app.stations import review

    with opened(ctx) as office:
        no = ActionStatus.REJECTED
        told = review.answer(identity.upper(), no, pen(office), reason=reason)
    _tell(told, json=json)


@app.command()
def clear(
    ctx: typer.Context,
    identity: Annotated[str | None, typer.Argument()] = None,
    everything: Annotated[bool, typer.Option("--all")] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Drop a question without an answer; its task waits for you."""
    from fleet.app.stations import review

    if everything == (identity is not None):
        raise UsageError("clear what?", remedy="give an id, or --all")
    with opened(ctx) as office:
        meant = _pending(office) if identity is None else [_one(office, identity.upper())]
        if not dry_run:
            meant = [review.answer(one.id, ActionStatus.CLEARED, pen(office)) for one in meant]
    if json:
        document([_row(one) for one in meant])
    elif dry_run:
        _tell_all([f"{one.id} ({one.task}) would be cleared: {one.action}" for one in meant])
    else:
        _tell_all([f"{one.id} ({one.task}) is {one.status}" for one in meant])


def _pending(office: "Office") -> list[PendingAction]:
    actions = office.ledger.pending_actions()
    return [one for one in actions if one.status is ActionStatus.PENDING]


def _one(office: "Office", identity: str) -> PendingAction:
    action = office.ledger.pending_action(identity)
    if action.status is not ActionStatus.PENDING:
        raise ConfigError(f"{identity} is {action.status} already", remedy="fleet approval list")
    return action


def _tell_all(lines: list[str]) -> None:
    for line in lines:
        put(plain(line))


def _tell(action: PendingAction, *, json: bool) -> None:
    if json:
        document(_row(action))
    else:
        put(f"{action.id} ({action.task}) is {action.status}")


def _row(action: PendingAction) -> dict[str, str]:
    return {"id": action.id, "task": action.task, "status": action.status.value}
