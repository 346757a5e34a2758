"""The scribe: writes the reports of the schedule when they fall due, each fire once."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from fleet.app import views
from fleet.app.crew import Report
from fleet.app.run import newest_first
from fleet.app.tools import Tools
from fleet.domain.events import Event
from fleet.domain.schedule import TimedReport, due, due_next
from fleet.ports import Log

log = logging.getLogger(__name__)

WRITTEN = "report.written"
RETRY = timedelta(minutes=1)  # until a report that could not be written is tried again


class Scribe:
    """What is known of each report's newest fire; a restart finds it out in the ledger again."""

    def __init__(self, reports: Sequence[TimedReport]) -> None:
        self._reports = {f"report {each.name}": each for each in reports}
        self._in_hand: dict[str, datetime] = {}
        self._written: dict[str, datetime] = {}
        self._again: dict[str, datetime] = {}

    def take(self, now: datetime) -> Iterator[tuple[str, TimedReport, datetime]]:
        """Take in hand what is to be written now: its key, and of which fire it is."""
        for key, report in self._reports.items():
            at = due(report, now)
            if at is None or at == self._written.get(key):
                self._again.pop(key, None)
            elif key not in self._in_hand and now >= self._again.get(key, now):
                self._in_hand[key] = at
                yield key, report, at

    def hear(self, reports: Iterable[Report], now: datetime) -> None:
        """Take note of what came of it; what failed is tried again until it is too late."""
        for report in reports:
            at = self._in_hand.pop(report.key, None)
            if at is None:
                continue
            if report.error is None:
                self._written[report.key] = at
            else:
                told = {"report": report.key, "reason": str(report.error)}
                log.error("report not written", extra=told)
                self._again[report.key] = now + RETRY

    def next(self, now: datetime) -> datetime | None:
        """Answer when there is something to write next, None where there is no report."""
        at_rest = ((k, each) for k, each in self._reports.items() if k not in self._in_hand)
        return min((self._again.get(k) or due_next(each, now) for k, each in at_rest), default=None)


def write(report: TimedReport, at: datetime, tools: Tools) -> None:
    """Find or write the report of that fire; raises FleetError where it cannot be written."""
    if _known(report, at, tools):
        return
    view = views.report(
        tools.ledger,
        tools.fleet,
        since=at - timedelta(seconds=report.since),
        now=tools.clock.now(),
        around=views.Around(unfit=tools.unfit(), halted=tools.brake.pulled()),
    )
    name = f"{report.name}-{at:%Y-%m-%dT%H%MZ}.md"
    tools.reports.write(report.to, name, views.report_markdown(view) + "\n")
    # after the file: killed in between, the next life finds the file
    data = {"report": report.name, "due": at.isoformat()}
    what = f"{report.to}/{name}"
    told = Event(kind=WRITTEN, at=tools.clock.now(), what=what, data=data)
    tools.ledger.commit([Log(event=told)])


def _known(report: TimedReport, at: datetime, tools: Tools) -> bool:
    """Tell whether an earlier life has written it, wherever its file may be by now."""
    fire = {"report": report.name, "due": at.isoformat()}
    for event in newest_first(tools.ledger):
        if event.at < at:
            return False
        if event.kind == WRITTEN and event.data == fire:
            return True
    return False
