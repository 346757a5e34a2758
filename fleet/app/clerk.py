"""The clerk: writes to the ledger for the decider, again where somebody was faster or busy."""

import logging
from threading import Event

from fleet.domain.errors import DuplicateError, StaleLeaseError, TransientError
from fleet.ports import Clock, Fence, Ledger, Write

log = logging.getLogger(__name__)

MOMENT = 0.05  # seconds that whoever was faster or busy is given
INSISTENCE = 5.0  # seconds for which what no later tick would write is tried again


class Clerk:
    """Commits what was decided, as long as this coordinator's term is not over.

    Both methods raise DeposedError once another one has taken over: nothing was written then.
    `refused` tells that the ledger itself could not be written the last time: full, busy, away.
    """

    def __init__(self, ledger: Ledger, clock: Clock, fence: Fence) -> None:
        self._ledger = ledger
        self._clock = clock
        self._fence = fence
        self._pause = Event()  # never set: only time may pass
        self.refused = False

    def commit(self, writes: list[Write]) -> bool:
        """Tell whether it was written; where not, it is to be decided anew on fresh rows."""
        try:
            self._ledger.commit([self._fence, *writes])
        except (StaleLeaseError, DuplicateError, TransientError) as error:
            self.refused = isinstance(error, TransientError)
            log.info("commit to be repeated", extra={"reason": str(error)})
            self._pause.wait(MOMENT)
            return False
        self.refused = False
        return True

    def moved_on(self, latest: int) -> bool:
        """Tell whether anybody wrote since; a ledger that cannot be read is looked into."""
        try:
            return self._ledger.latest_event() != latest
        except TransientError:
            return True

    def insist(self, writes: list[Write]) -> bool:
        """Tell whether it was written at last; a ledger that stays busy is given up."""
        late = self._clock.monotonic() + INSISTENCE
        for _ in range(round(INSISTENCE / MOMENT)):
            if self.commit(writes):
                return True
            # a single try may take seconds
            if self._clock.monotonic() > late:
                break
        log.error("not written, the ledger stays busy", extra={"writes": len(writes)})
        return False
