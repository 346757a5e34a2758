"""What the coordinator does by the clock: the hours of runs, reports, and the next alarm."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from fleet.app.clerk import Clerk
from fleet.app.crew import Report
from fleet.app.run import Run
from fleet.app.scribe import Scribe, write
from fleet.app.tools import Tools
from fleet.domain.plan import Plan
from fleet.domain.schedule import Hours, Schedule, hours_at
from fleet.ports import Alarm, Log

Work = tuple[str, Callable[[], object]]

# a run that ends when idle still waits for what it knows to come that soon
_SOON = timedelta(seconds=60)


def comes_soon(current: Plan, now: datetime) -> bool:
    """Tell whether what waits may go on so soon that waiting for it is no surprise."""
    awaited = any(wait.until is not None for wait in current.waits)
    return awaited and current.wake is not None and current.wake - now <= _SOON


class Clockwork:
    """The schedule as it stands now; `hours` holds until the next look."""

    def __init__(self, schedule: Schedule, alarm: Alarm, clerk: Clerk, *, parallel: int) -> None:
        self._schedule = schedule
        self._alarm = alarm
        self._clerk = clerk
        self._parallel = parallel
        self._scribe = Scribe(schedule.reports)
        self._wake: datetime | None = None
        self.hours = Hours(parallel=parallel)

    @property
    def most(self) -> int:
        """Answer how many attempts there may be at once at any time."""
        return max(self._parallel, *(run.parallel or 0 for run in self._schedule.runs), 0)

    def look(self, run: str, now: datetime) -> str:
        """Answer which run it is from now on: that one, or one of the schedule that has begun.

        It is written down first, and nothing starts before: from then on its money is counted.
        """
        self.hours = hours_at(self._schedule.runs, now, parallel=self._parallel)
        begun = self.hours.run
        if begun is None or begun == run:
            return run
        if self._clerk.commit([Log(event=Run(id=begun, parallel=self._parallel).began(now))]):
            return begun
        waits = f"the run {begun} is not written down yet"
        self.hours = replace(self.hours, refused=waits, until=now)
        return run

    def writing(self, reports: Iterable[Report], tools: Tools) -> Iterator[Work]:
        """Hear what came of reports in hand, and yield those that are to be written now."""
        now = tools.clock.now()
        self._scribe.hear(reports, now)
        for key, report, at in self._scribe.take(now):
            yield key, partial(write, report, at, tools)

    def set_alarm(self, wake: datetime | None, now: datetime) -> None:
        """Wake the decider when the plan, the hours or a report wants it."""
        instants = (wake, self.hours.until, self._scribe.next(now))
        first = min((at for at in instants if at is not None), default=None)
        if first != self._wake:
            self._wake = first
            self._alarm.set(first)

    def rung(self, now: datetime) -> bool:
        """Tell whether that instant has come: an alarm sleeps through a clock set forward."""
        return self._wake is not None and now >= self._wake
