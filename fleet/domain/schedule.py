"""The schedule: runs and reports that begin by the clock, worked out for any instant anew.

Nothing is remembered: what holds at an instant follows from the entries and the clock alone, so
a restart misses nothing. Of a time that the clock on the wall shows twice the first counts; one
that it skips is the instant of the jump.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from fleet.domain.cron import Cron
from fleet.domain.window import first_shown, on_the_wall

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)
LATE = _DAY  # a report that nobody was there to write is made up for within that time
# a clock that goes back may have shown tomorrow already
_NEAR = range(1, -4, -1)


@dataclass(frozen=True, kw_only=True)
class TimedRun:
    """Begins whenever `cron` fires, ends when the clock next shows `until`, another time.

    `parallel` attempts at once; None: as many as without it.
    """

    name: str
    cron: Cron
    timezone: tzinfo
    until: time
    parallel: int | None = None


@dataclass(frozen=True, kw_only=True)
class TimedReport:
    """Tells what happened in the last `since` seconds, in the folder `to` of the home."""

    name: str
    cron: Cron
    timezone: tzinfo
    since: float
    to: str


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """What is done by the clock; without runs work is dispatched always."""

    runs: tuple[TimedRun, ...] = ()
    reports: tuple[TimedReport, ...] = ()


UNSCHEDULED = Schedule()


@dataclass(frozen=True, kw_only=True)
class Shift:
    """One time that a run takes place."""

    run: TimedRun
    starts: datetime
    ends: datetime

    @property
    def id(self) -> str:
        """Answer the id of this run: the same in every life of a coordinator."""
        return f"{self.run.name} {self.starts:%Y-%m-%dT%H:%MZ}"


@dataclass(frozen=True, kw_only=True)
class Hours:
    """What the schedule says at an instant.

    `shifts` are those under way, `refused` says why nothing starts ("" where it may), `until` is
    the next instant at which the answer may be another, None where it never is.
    """

    parallel: int
    shifts: tuple[Shift, ...] = ()
    refused: str = ""
    until: datetime | None = None

    @property
    def run(self) -> str | None:
        """Answer the run that money is counted for: of those under way the one begun last."""
        newest = max(self.shifts, key=lambda shift: (shift.starts, shift.run.name), default=None)
        return None if newest is None else newest.id


def hours_at(runs: Sequence[TimedRun], now: datetime, *, parallel: int) -> Hours:
    """Answer what runs say at that instant; `parallel` holds where they name none.

    Of runs that overlap the largest number counts.
    """
    near = [shift_near(run, now) for run in runs]
    if not near:
        return Hours(parallel=parallel)
    shifts = tuple(shift for shift in near if shift.starts <= now)
    until = min(shift.ends if shift in shifts else shift.starts for shift in near)
    if shifts:
        most = max(shift.run.parallel or parallel for shift in shifts)
        return Hours(parallel=most, shifts=shifts, until=until)
    first = min(near, key=lambda shift: shift.starts)
    begins = first.starts.astimezone(first.run.timezone)
    refused = f"the run `{first.run.name}` begins at {begins:%Y-%m-%d %H:%M} {begins.tzname()}"
    return Hours(parallel=parallel, refused=refused, until=until)


def shift_near(run: TimedRun, now: datetime) -> Shift:
    """Answer the shift under way at that instant, else the next one."""
    wall = _shown_last(run.until, run.timezone, now)
    while True:
        begins = run.cron.first_from(wall)
        wall = _next(run.until, begins)
        shift = Shift(
            run=run,
            starts=first_shown(begins, run.timezone),
            ends=first_shown(wall, run.timezone),
        )
        # both are the same where the clock skipped all of it
        if shift.starts < shift.ends:
            return shift


def due(report: TimedReport, now: datetime) -> datetime | None:
    """Answer the last instant at which it was to be written, None where that is long ago."""
    wall = on_the_wall(now, report.timezone)
    # of a clock that has gone back, what it showed before counts
    bound = wall + _DAY if now.astimezone(report.timezone).fold else wall
    while (at := first_shown(fires := report.cron.last_until(bound), report.timezone)) > now:
        bound = fires - _MINUTE
    return at if now - at <= LATE else None


def due_next(report: TimedReport, now: datetime) -> datetime:
    """Answer the first later instant at which it is to be written."""
    wall = on_the_wall(now, report.timezone)
    while (at := first_shown(fires := report.cron.first_from(wall), report.timezone)) <= now:
        wall = fires + _MINUTE
    return at


def _shown_last(clock: time, zone: tzinfo, now: datetime) -> datetime:
    """Answer the newest time on the wall of which it is true that the clock has shown it."""
    today = on_the_wall(now, zone)
    walls = (datetime.combine(today + offset * _DAY, clock) for offset in _NEAR)
    return next(wall for wall in walls if first_shown(wall, zone) <= now)


def _next(clock: time, wall: datetime) -> datetime:
    """Answer the first later time on the wall that is that time of day."""
    today = datetime.combine(wall, clock)
    return today if today > wall else today + _DAY
