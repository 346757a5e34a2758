"""Braking: what people stop is ended, though the ledger cannot write it down now."""

from collections.abc import Container

from fleet.app.clerk import Clerk
from fleet.app.crew import Crew
from fleet.app.stations import halting, watch
from fleet.app.tools import Tools
from fleet.domain.attempt import Attempt
from fleet.domain.plan import Snapshot

_AGAIN = 15.0  # seconds until a stop is sent again that nobody could write down yet


class Braking:
    """Sends the stops of people while the ledger refuses to be written, as on a full disk.

    `unwritten` tells of which attempts, and why: they are written down once there is room. Dies
    this process before, the next one finds the order where people gave it.
    """

    def __init__(self, tools: Tools, clerk: Clerk) -> None:
        self._tools = tools
        self._clerk = clerk
        self._again: dict[str, float] = {}
        self.unwritten: dict[str, str] = {}

    def act(self, snapshot: Snapshot, crew: Crew, *, ended: Container[str]) -> None:
        """Let the crew end what people stopped, where the ledger refused what was written last.

        Attempts that `ended` already are judged by how they did.
        """
        if not self._clerk.refused:
            return
        for stop in halting.stops(snapshot, halted=self._tools.brake.pulled()):
            if stop.attempt.id not in ended:
                self.unwritten.setdefault(stop.attempt.id, stop.reason)
                self._send(stop.attempt, crew)

    def _send(self, attempt: Attempt, crew: Crew) -> None:
        now, runtime = self._tools.clock.monotonic(), self._tools.runtime
        if now >= self._again.get(attempt.id, now):
            self._again[attempt.id] = now + _AGAIN
            # a stop is safe to repeat: what was sent in vain is sent again
            crew.hand("stop", f"brake {attempt.id}", lambda: watch.end(attempt, runtime))
