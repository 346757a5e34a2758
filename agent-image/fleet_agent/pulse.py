"""The heartbeat: says every few seconds that the runner lives, whatever the CLI does."""

import threading

from fleet_agent.system import now
from fleet_agent.wire import Wire


class Pulse:
    """What the next beat says, and the thread that says it."""

    def __init__(self, wire: Wire, *, every: float) -> None:
        """Start to beat, once in so many seconds."""
        self.phase = "starting"
        self._wire = wire
        self._every = every
        self._last_activity: str | None = None
        self._over = threading.Event()
        threading.Thread(target=self._beat, name="pulse", daemon=True).start()

    def felt(self) -> None:
        """Note that the command at work did something just now."""
        self._last_activity = now()

    def stop(self) -> None:
        """Beat no more."""
        self._over.set()

    def _beat(self) -> None:
        while not self._over.wait(self._every):
            last = self._last_activity
            self._wire.emit("beat", {"phase": self.phase, "last_activity_at": last})
