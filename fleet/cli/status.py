"""`fleet status`: who coordinates, what runs, what waits for what, what was spent today."""

from typing import TYPE_CHECKING, Any

import typer

from fleet.cli.output import clock, document, plain, put, table
from fleet.cli.place import Json, around, outdated, plans_with, site_opened
from fleet.cli.vitals import three
from fleet.domain.errors import ConfigError

if TYPE_CHECKING:
    from fleet.bootstrap import Office, Site

_STOP = "what runs goes on; `fleet stop --all`, or a file named STOP in {home}, stops it all"


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command()(status)


def status(ctx: typer.Context, json: Json = False) -> None:
    """Show who coordinates, what runs, what waits for what and until when, and today's money."""
    from fleet.app import views
    from fleet.bootstrap import held_by

    with site_opened(ctx) as site:
        office = _office(site)
        now = office.clock.now()
        snapshot, fleet = plans_with(office)
        view = views.status_view(snapshot, fleet, now=now, around=around(office))
        holder = held_by(office)
        view["outdated"] = outdated(office)
    view["coordinator"] = holder
    if json:
        document(view)
        return
    said = "process {pid} on {host} ({holder})".format(**holder) if holder else "nobody coordinates"
    put("{said}; {running} of {parallel} attempts run".format(said=said, **view["slots"][0]))
    for told in (view["outdated"], view["halted"], view["engine"], view["storm"]):
        if told:
            put(plain(told))
    _show_tables(view)


def _office(site: "Site") -> "Office":
    from fleet.bootstrap import office_of

    try:
        return office_of(site)
    except ConfigError as error:
        remedy = "; ".join(filter(None, (error.remedy, _STOP.format(home=site.home))))
        raise ConfigError(error.message, remedy=remedy) from error


def _show_tables(view: dict[str, Any]) -> None:
    if view["running"]:
        rows = [row | three(row) for row in view["running"]]
        table(rows, ("attempt", "profile", "state", "alive", "progressing", "finished"))
        for row in view["running"]:
            if row["stopped"] and not view["halted"]:
                put(plain(f"{row['task']}: {row['stopped']}"))
    if view["queue"]:
        rows = [{**row, "until": clock(row["until"])} for row in view["queue"]]
        table(rows, ("task", "waiting_for", "until"))
    used = [row for row in view["spend"] if row["requests"] or row["daily_budget_usd"] is not None]
    if used:
        money = ("spent_usd", "reserved_usd", "daily_budget_usd")
        table(used, ("account", "day", *money, "requests", "daily_requests"))
