"""Room: whether the machine lets another attempt start, and how long that is waited for."""

from collections.abc import Callable

from fleet.domain.plan import Plan
from fleet.ports import Clock

PATIENCE = 600.0  # seconds for which a run that is else done waits for room: it often comes back


class Room:
    """Asks the machine's guards; `refused` is what they said last, "" while there is room."""

    def __init__(self, ask: Callable[[], str], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._since = 0.0
        self.refused = ""

    def look(self) -> str:
        """Ask, and answer why nothing may start now."""
        said = self._ask()
        if said and not self.refused:
            self._since = self._clock.monotonic()
        self.refused = said
        return said

    def changed(self) -> bool:
        """Tell whether the answer would be another one by now."""
        return self._ask() != self.refused

    def awaited(self, current: Plan, *, hindered: bool) -> bool:
        """Tell whether what waits for room is worth waiting for.

        `hindered` says that something could not be carried out, as it is on a full disk.
        """
        if not self.refused or self._clock.monotonic() - self._since > PATIENCE:
            return False
        return hindered or any(wait.reason == self.refused for wait in current.waits)
