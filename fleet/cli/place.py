"""Where a command acts: the home it was given or finds, opened for the command's life."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fleet.app.desk import Pen
    from fleet.app.views import Around
    from fleet.bootstrap import Office, Site
    from fleet.domain.plan import Snapshot
    from fleet.domain.profile import Fleet

SERVICE = "fleet up"  # what a service holds the home as
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, do nothing.")]


@contextmanager
def opened(ctx: typer.Context) -> Iterator["Office"]:
    """Open the home inside the block; raises ConfigError when there is none."""
    with opened_at(ctx.find_root().obj) as office:
        yield office


@contextmanager
def opened_at(home: Path | None) -> Iterator["Office"]:
    """Open this home, or without one the home that surrounds the current folder."""
    from fleet.bootstrap import office_open
    from fleet.config import read_settings

    with office_open(read_settings(home)) as office:
        yield office


@contextmanager
def site_opened(ctx: typer.Context) -> Iterator["Site"]:
    """Open the home, whatever its fleet.yaml says; raises ConfigError when there is none."""
    from fleet.bootstrap import site_open
    from fleet.config import read_settings

    with site_open(read_settings(ctx.find_root().obj)) as site:
        yield site


def pen(site: "Site") -> "Pen":
    """Answer the pen of the person at the keyboard."""
    from fleet.app.desk import Pen
    from fleet.cli.output import who

    return Pen(ledger=site.ledger, clock=site.clock, who=who())


def plans_with(office: "Office") -> tuple["Snapshot", "Fleet"]:
    """Answer what the ledger holds now, and the fleet that whoever coordinates plans for.

    The snapshot has the money of the run under way; a service alone has a schedule.
    """
    from fleet.app.run import run_of
    from fleet.bootstrap import held_by
    from fleet.domain.hold import COORDINATOR
    from fleet.domain.schedule import UNSCHEDULED

    run, holder, fleet = run_of(office.ledger), held_by(office), office.fleet
    snapshot = office.ledger.snapshot(run=run.id if run else "")
    if holder is None:
        # whoever was told to end is gone: nobody who begins now heeds that
        holds = tuple(hold for hold in snapshot.holds if hold.subject != COORDINATOR)
        return replace(snapshot, holds=holds), replace(fleet, schedule=UNSCHEDULED)
    if run is not None and run.parallel is not None:
        # as it was ordered, whatever the file says
        fleet = replace(fleet, parallel=run.parallel)
    if holder["holder"] != SERVICE:
        fleet = replace(fleet, schedule=UNSCHEDULED)
    return snapshot, fleet


def outdated(office: "Office") -> str:
    """Say that whoever coordinates goes by other files than those of now, "" where it does not."""
    from fleet.app.run import source_of
    from fleet.bootstrap import held_by

    holder = held_by(office)
    if holder is None:
        return ""
    began = datetime.fromisoformat(str(holder["since"]))
    if source_of(office.ledger, since=began) in {"", office.fleet.source}:
        return ""
    return (
        f"fleet.yaml, profiles/ or the policies changed since process {holder['pid']} began: it "
        "goes by what they said then, what is told here by what they say now (`fleet down`, then "
        "start it again)"
    )


def around(office: "Office") -> "Around":
    """Answer what a reader sees beyond the ledger: credentials, and the machine's room."""
    from fleet.app.views import Around
    from fleet.bootstrap import room_now

    return Around(unfit=unfit(office), room=room_now(office), halted=halted(office))


def halted(site: "Site") -> str:
    """Answer what stops everything beside the holds of the ledger, "" where nothing does."""
    from fleet.bootstrap import brake

    return brake(site).pulled()


def stopped(site: "Site", task: str) -> str:
    """Answer why people keep that task from going on, "" while they do not."""
    from fleet.domain.halting import halts_of

    return halts_of(site.ledger.snapshot().holds, halted=halted(site)).stop(task)


def unfit(office: "Office") -> dict[str, str]:
    """Answer why credentials of accounts cannot be used now, by account."""
    from fleet.bootstrap import credential_fault

    faults = {
        name: credential_fault(office.settings, account)
        for name, account in office.fleet.accounts.items()
    }
    return {name: str(fault) for name, fault in faults.items() if fault is not None}
