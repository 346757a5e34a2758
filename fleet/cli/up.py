"""`fleet up`: the coordinator as a service, keeping the schedule."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fleet.cli import running
from fleet.cli.output import UsageError, put, say
from fleet.cli.place import SERVICE, opened
from fleet.domain.schedule import due, hours_at

if TYPE_CHECKING:
    from fleet.domain.plan import Plan, Snapshot
    from fleet.domain.profile import Fleet
    from fleet.ports import Clock


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command()(up)


def up(
    ctx: typer.Context,
    background: Annotated[
        bool, typer.Option("--detach", help="Leave it running; answer its process once it works.")
    ] = False,
    as_unit: Annotated[
        bool, typer.Option("--unit", help="Print a unit for systemd, do nothing.")
    ] = False,
) -> None:
    """Coordinate until stopped: work on tasks as they come, in the hours of the schedule."""
    from fleet.app.coordinator import Order
    from fleet.cli import detach, unit

    if background and as_unit:
        raise UsageError("--detach and --unit exclude each other")
    with opened(ctx) as office:
        home, variables = office.home, office.settings.variables
        if as_unit:
            put(unit.unit(home, detach.program()).rstrip())
            return
    if background:
        detach.up(home, variables)
        return
    with opened(ctx) as office:
        order = Order(parallel=office.fleet.parallel, service=True)
        service = Service(office.fleet, office.clock, office.home)
        running.coordinate(office, order, what=SERVICE, seen=service.seen)


class Service:
    """Tells what goes by the clock, and what moves."""

    def __init__(self, fleet: "Fleet", clock: "Clock", home: Path) -> None:
        self._fleet = fleet
        self._clock = clock
        self._home = home
        self._progress = running.Progress(quiet=False)
        self._greeted = False

    def seen(self, snapshot: "Snapshot", plan: "Plan") -> None:
        """Tell what changed since the last look."""
        from fleet.cli.detach import trim_log

        trim_log(self._home)
        if not self._greeted:
            self._greeted = True
            say(f"fleet up: coordinates {self._home} until it is stopped (Ctrl-C, SIGTERM)")
        for name, said, reason in self._by_the_clock(self._clock.now()):
            self._progress.tell(name, said, reason)
        self._progress.seen(snapshot, plan)

    def _by_the_clock(self, now: datetime) -> Iterator[tuple[str, str, str]]:
        fleet = self._fleet
        hours = hours_at(fleet.schedule.runs, now, parallel=fleet.parallel)
        if hours.refused:
            yield "schedule", "waits", hours.refused
        for shift in hours.shifts:
            until = _wall(shift.ends, shift.run.timezone)
            reason = f"until {until}, {hours.parallel} attempts at once"
            yield f"run {shift.run.name}", "is under way", reason
        for report in fleet.schedule.reports:
            at = due(report, now)
            if at is not None:
                due_at = _wall(at, report.timezone)
                yield f"report {report.name}", "was due", f"{due_at}, see {report.to}"


def _wall(at: datetime, zone: tzinfo) -> str:
    there = at.astimezone(zone)
    return f"{there:%Y-%m-%d %H:%M} {there.tzname()}"
