"""An outage of the engine: noticed by looking, waited out with growing pauses, told in the ledger.

Where an engine is gone every call fails at once; where it hangs each one takes minutes. So what
needs it is held back while a single look after the other asks whether it answers again.
"""

from collections.abc import Iterable
from dataclasses import replace

from fleet.app import roster
from fleet.app.crew import Crew, Report
from fleet.app.desk import Desk
from fleet.app.tools import Tools
from fleet.domain.errors import EngineDownError
from fleet.domain.health import ENGINE, Health
from fleet.domain.plan import Plan
from fleet.domain.words import age

LOOK = "look engine"
EVERY = 10.0  # seconds between two looks while anything is in hand
_FIRST, _LONGEST = 3.0, 60.0  # seconds between two looks while it does not answer


class Outage:
    """What is known of the engine; `reason` is why it cannot be used, "" while it can."""

    def __init__(self, tools: Tools) -> None:
        self._clock = tools.clock
        self._runtime = tools.runtime
        self._looking = False
        self._pause = _FIRST
        self._due = self._clock.monotonic() + EVERY
        self.reason = ""

    def look(self, crew: Crew, *, busy: bool) -> None:
        """Let the crew see whether it answers, when it is time; a fleet that rests asks nobody."""
        if self._looking or not (busy or self.reason) or self._clock.monotonic() < self._due:
            return
        self._looking = True
        crew.hand("look", LOOK, self._ask)

    def _ask(self) -> None:
        self._runtime.ping()

    def hear(self, reports: Iterable[Report]) -> bool:
        """Take note of what reports tell of it; tell whether it has just come back."""
        before = self.reason
        for report in reports:
            if report.key == LOOK:
                self._looked(report)
            elif isinstance(report.error, EngineDownError) and not self.reason:
                self._begin(report.error)
                # one call that broke off may be all there was
                self._due = self._clock.monotonic()
        return bool(before) and not self.reason

    def _looked(self, report: Report) -> None:
        self._looking = False
        if report.error is None:
            self.reason, self._pause = "", _FIRST
            self._due = self._clock.monotonic() + EVERY
            return
        if not self.reason:
            self._begin(report.error)
        self._due = self._clock.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST)

    def _begin(self, error: Exception) -> None:
        self.reason = f"{error}; fleet looks for it again and again, and goes on once it answers"

    def possible(self, current: Plan) -> Plan:
        """Answer the plan without what could do nothing while the engine does not answer.

        Stops among it: an attempt that cannot be heard is not judged by its silence.
        """
        if not self.reason:
            return current
        actions = tuple(each for each in current.actions if not roster.needs_engine(each))
        return replace(current, actions=actions)

    def tell(self, desk: Desk) -> None:
        """Write down that it began or ended, for those who only read the ledger."""
        known = desk.health.get(ENGINE)
        if (known.reason if known else "") == self.reason:
            return
        row = known or Health(subject=ENGINE, kind=EngineDownError.code, reason="", since=desk.at)
        desk.save(replace(row, reason=self.reason, since=desk.at))
        if self.reason:
            desk.log("engine.down", None, what=self.reason)
            return
        lasted = age((desk.at - row.since).total_seconds())
        desk.log("engine.back", None, what=f"the engine answers again, after {lasted}")
