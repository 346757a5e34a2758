"""`fleet gc`: what is left in the world and nobody needs goes; nothing that is the last copy."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleet.cli.output import confirm, document, plain, put, say
from fleet.cli.place import DryRun, Json, Yes, opened, pen

if TYPE_CHECKING:
    from fleet.app.cleaning import Broom, Foreseen, Swept
    from fleet.bootstrap import Office
    from fleet.domain.clearing import Fate, Leftover

_UNITS = ("bytes", "KB", "MB", "GB", "TB")
_STEP = 1000


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command()(gc)


def gc(
    ctx: typer.Context,
    force: Annotated[
        list[str] | None,
        typer.Option("--force", metavar="REF", help="Delete this kept work too, for good."),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Remove what fleet left and nobody needs: containers, worktrees, branches, old traces."""
    from fleet.app import cleaning

    with opened(ctx) as office:
        broom = _broom(office, force or ())
        plan = cleaning.foreseen(broom)
        _refuse_unknown(plan, broom.forced)
        if dry_run:
            _tell(plan, [cleaning.Swept(fate=each) for each in plan.going], json=json, done=False)
            return
        if not plan.going:
            _tell(plan, [], json=json, done=True)
            return
        if not yes:
            for each in plan.going:
                say(_line(each))
        confirm(f"Remove these {len(plan.going)}?", yes=yes)
        swept = [_told(each, json=json) for each in cleaning.carried_out(plan, broom)]
        _tell(plan, swept, json=json, done=True)
    if any(each.trouble for each in swept):
        raise typer.Exit(1)


def _broom(office: "Office", force: Sequence[str]) -> "Broom":
    from fleet.app.cleaning import Broom
    from fleet.bootstrap import held_by, leftovers
    from fleet.domain.clearing import KEPT_REFS

    return Broom(
        stores=leftovers(office),
        pen=pen(office),
        keep=timedelta(days=office.fleet.traces_keep_days),
        coordinated=lambda: held_by(office) is not None,
        forced=frozenset(KEPT_REFS + name.removeprefix(KEPT_REFS) for name in force),
    )


def _refuse_unknown(plan: "Foreseen", forced: frozenset[str]) -> None:
    """Refuse a reference that is not there; whoever mistypes one must not lose another."""
    from fleet.config.problems import nearest
    from fleet.domain.clearing import LeftoverKind
    from fleet.domain.errors import NotFoundError

    kept = {each.leftover.name for each in plan.fates if each.leftover.kind is LeftoverKind.KEPT}
    for name in sorted(forced - kept):
        raise NotFoundError(f"nothing is kept as {name}{nearest(name, kept)}")


def _told(swept: "Swept", *, json: bool) -> "Swept":
    """Tell what went as it goes: whoever kills it half-way sees how far it came."""
    if swept.trouble:
        say(f"{_line(swept.fate)}: it stays: {plain(swept.trouble)}")
    elif not json:
        put(_line(swept.fate))
    return swept


def _tell(plan: "Foreseen", swept: Sequence["Swept"], *, json: bool, done: bool) -> None:
    gone = [each.fate for each in swept if not each.trouble]
    total = sum(each.leftover.bytes or 0 for each in gone)
    if json:
        rows = [_row(each.fate) | {"trouble": each.trouble} for each in swept]
        staying = [_row(each) for each in plan.staying]
        document({"dry_run": not done, "goes": rows, "stays": staying, "bytes": total})
        return
    if not done:
        for each in gone:
            put(_line(each))
    for each in plan.staying:
        if each.leftover.odd:
            say(f"stays: {each.leftover.kind} {plain(each.leftover.name)}: {plain(each.why)}")
    said = "removed" if done else "would be removed"
    stay = f"{len(plan.staying)} stay, needed or kept (`fleet gc --dry-run --json` names each)"
    say(f"{len(gone)} {said}, {_size(total)}; {stay}")


def _line(fate: "Fate") -> str:
    leftover = fate.leftover
    size = "" if leftover.bytes is None else f" ({_size(leftover.bytes)})"
    return plain(f"{leftover.kind:<9} {leftover.name}{size}: {fate.why}{_first(leftover)}")


def _first(leftover: "Leftover") -> str:
    from fleet.domain.clearing import KEPT_REFS

    if not leftover.unsaved:
        return ""
    return f"; what is in no commit of it is kept as {KEPT_REFS}{leftover.attempt} first"


def _row(fate: "Fate") -> dict[str, Any]:
    from fleet.domain.clearing import KEPT_REFS

    leftover = fate.leftover
    return {
        "kind": leftover.kind.value,
        "name": leftover.name,
        "project": leftover.project,
        "attempt": leftover.attempt,
        "bytes": leftover.bytes,
        "sha": leftover.sha,
        "why": fate.why,
        "keeps": f"{KEPT_REFS}{leftover.attempt}" if leftover.unsaved else "",
    }


def _size(count: int) -> str:
    """Word an amount of bytes."""
    amount = float(count)
    for unit in _UNITS[:-1]:
        if amount < _STEP:
            return f"{amount:.3g} {unit}"
        amount /= _STEP
    return f"{amount:.3g} {_UNITS[-1]}"
