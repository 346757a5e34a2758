"""`fleet memory reflect`: what recurs becomes a task to amend constitution and skills."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleet.cli.output import document, plain, put
from fleet.cli.place import DryRun, Json, opened, pen

if TYPE_CHECKING:
    from fleet.app.stations.reflect import Reflecting


def register(app: typer.Typer) -> None:
    """Add the command to the noun."""
    app.command()(reflect)


def reflect(
    ctx: typer.Context,
    since: Annotated[str, typer.Option(help="Like 30m, 12h or 7d.")] = "7d",
    profile: Annotated[str | None, typer.Option(help="Who evaluates.")] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Look for what recurs, and add a task that proposes rules and skills for your review."""
    from fleet.app.stations import reflect as station
    from fleet.cli.report import span

    with opened(ctx) as office:
        start = office.clock.now() - span(since)
        wanted = station.reflecting(office.ledger, office.fleet, since=start, profile=profile)
        key = wanted.known.key if wanted and wanted.known else None
        if wanted is not None and key is None and not dry_run:
            key = station.ask(wanted, office.fleet, pen(office)).key
    if json:
        document({"key": key, **_view(wanted)})
        return
    _show(wanted, key, since=since)


def _view(wanted: "Reflecting | None") -> dict[str, Any]:
    if wanted is None:
        return {"noticed": [], "made": False}
    return {
        "noticed": [each.fields for each in wanted.digest.told],
        "left_out": wanted.digest.left_out,
        "project": wanted.project,
        "profile": wanted.profile,
        "made": wanted.known is None,
    }


def _show(wanted: "Reflecting | None", key: str | None, *, since: str) -> None:
    if wanted is None:
        put(f"nothing recurred in the last {since}, and nobody left a note: no task is needed")
        return
    for each in wanted.digest.told:
        evidence = ", ".join(each.evidence)
        put(f"{each.kind.value:<9}{each.count:>3}x  {plain(each.text)}  ({plain(evidence)})")
    if wanted.digest.left_out:
        put(f"{wanted.digest.left_out} more have no room")
    if wanted.known is not None:
        end = "was merged" if wanted.known.resolution else "is open"
        put(f"{key} asks just that and {end}: no second task")
    elif key is None:
        put(f"would add a task in {wanted.project} for {wanted.profile}")
    else:
        put(f"{key} asks {wanted.profile} for a pull request, which waits for your review")
