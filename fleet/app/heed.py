"""Heed: what people told the coordinator to stop, by signals, holds and the brake."""

from fleet.app.clerk import Clerk
from fleet.app.leftovers import STOP_WITHIN
from fleet.domain.events import Event
from fleet.domain.halting import halts_of
from fleet.domain.plan import Snapshot
from fleet.ports import Brake, Clock, Log


class Heed:
    """What stood when it looked last.

    `stopping` says that this coordinator ends now, `draining` that it ends once nothing moves any
    more, `halted` what stops everything beside the holds, "" where nothing does.
    """

    def __init__(self, brake: Brake, clerk: Clerk, clock: Clock) -> None:
        self._brake = brake
        self._clerk = clerk
        self._clock = clock
        self._since = 0.0
        self.stopping = False
        self.draining = False
        self.halted = ""

    def stop(self) -> None:
        """End now; may be called from a signal handler."""
        if not self.stopping:
            self._since = self._clock.monotonic()
            self.stopping = True

    @property
    def late(self) -> bool:
        """Tell whether a clean stop takes too long, as on a full disk."""
        return self.stopping and self._clock.monotonic() - self._since > STOP_WITHIN

    def look(self, snapshot: Snapshot) -> None:
        """See what stands now; that the brake was pulled or released is written down."""
        pulled = self._brake.pulled()
        if bool(pulled) != bool(self.halted):
            kind, what = ("fleet.held", pulled) if pulled else ("fleet.resumed", self.halted)
            self._clerk.insist([Log(event=Event(kind=kind, at=self._clock.now(), what=what))])
        self.halted = pulled
        halts = halts_of(snapshot.holds, halted=pulled)
        self.draining = bool(halts.drain)
        if halts.closing:
            self.stop()

    @property
    def moved(self) -> bool:
        """Tell whether the brake is no longer as it was seen."""
        return self._brake.pulled() != self.halted
