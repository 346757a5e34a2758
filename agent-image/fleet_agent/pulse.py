"""The heartbeat: says every few seconds that the runner lives, whatever the CLI does."""

import threading
import time

from fleet_agent.effort import Effort
from fleet_agent.system import now
from fleet_agent.wire import Wire

# what is done is told by the next beat, not by the one after it
_LOOKS_A_BEAT = 2


class Pulse:
    """What the next beat says, and the threads that say it and look what is done meanwhile.

    `worked_at` is when anybody but the runner was last seen to work, in monotonic seconds.
    """

    def __init__(self, wire: Wire, effort: Effort, *, every: float) -> None:
        """Start to beat, once in so many seconds."""
        self.phase = "starting"
        self.worked_at: float | None = None
        self._wire = wire
        self._effort = effort
        self._every = every
        self._last_activity: str | None = None
        self._began = time.monotonic()
        self._over = threading.Event()
        # apart from each other: a file system that hangs must not stop the heart
        for name, life in (("pulse", self._beat), ("effort", self._look)):
            threading.Thread(target=life, name=name, daemon=True).start()

    def felt(self) -> None:
        """Note that the command at work did something just now."""
        self._last_activity = now()

    def stop(self) -> None:
        """Beat no more."""
        self._over.set()

    def _beat(self) -> None:
        told: float | None = None
        while not self._over.wait(self._every):
            worked = self.worked_at
            fields: dict[str, object] = {
                "phase": self.phase,
                "last_activity_at": self._last_activity,
                "working": worked != told,
                "ran_seconds": round(time.monotonic() - self._began, 3),
            }
            self._wire.emit("beat", fields)
            told = worked

    def _look(self) -> None:
        while not self._over.wait(self._every / _LOOKS_A_BEAT):
            if self._effort.shown():
                self.worked_at = time.monotonic()
