"""Tenure: this process's term as the one coordinator of a home, beaten, fencing its writes."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from fleet.domain.errors import (
    BusyError,
    DeposedError,
    DuplicateError,
    StaleLeaseError,
    TransientError,
)
from fleet.domain.term import LAPSES_AFTER, Term, refuse_deposed, standing_in_the_way, succeeding
from fleet.ports import Clock, Fence, Ledger, Save

log = logging.getLogger(__name__)

BEAT_EVERY = 5.0  # seconds


class Tenure:
    """A term that was taken: it is held until another coordinator takes its place."""

    def __init__(self, ledger: Ledger, clock: Clock, term: Term) -> None:
        self._ledger = ledger
        self._clock = clock
        self._term = term
        self._due = clock.monotonic() + BEAT_EVERY

    @property
    def fence(self) -> Fence:
        """Answer what belongs into each of this coordinator's transactions."""
        return Fence(term=self._term.number)

    def keep(self) -> None:
        """Beat where it is time to; raises DeposedError once somebody else has taken over."""
        now = self._clock.monotonic()
        if now < self._due:
            return
        self._due = now + BEAT_EVERY
        try:
            # no event goes with it: nobody is woken by a beat
            self._write(replace(self._term, beat=self._clock.now()))
        except TransientError as error:
            log.warning("term not beaten", extra={"reason": str(error)})

    def end(self) -> None:
        """Give the term back, so that nobody has to wait until it lapses."""
        try:
            self._write(replace(self._term, beat=self._clock.now(), ended=True))
        except (TransientError, DeposedError) as error:
            log.warning("term not given back", extra={"reason": str(error)})

    def _write(self, term: Term) -> None:
        try:
            self._ledger.commit([self.fence, Save(row=term)])
        except StaleLeaseError:
            # a beat that seemed to fail came through: the row is at another version
            standing = self._ledger.term()
            refuse_deposed(standing, term.number)
            version = term.version if standing is None else standing.version
            term = replace(term, version=version)
            self._ledger.commit([self.fence, Save(row=term)])
        self._term = replace(term, version=term.version + 1)


@contextmanager
def held(ledger: Ledger, clock: Clock, new: Term) -> Iterator[Tenure]:
    """Hold the term inside the block; raises BusyError where somebody else holds it."""
    tenure = taken(ledger, clock, new)
    try:
        yield tenure
    finally:
        tenure.end()


def taken(ledger: Ledger, clock: Clock, new: Term) -> Tenure:
    """Take the term, after whoever had it before; raises BusyError as `held` does."""
    standing = refuse_standing(ledger, clock, host=new.host)
    own = succeeding(standing, new)
    try:
        ledger.commit([Save(row=own)])
    except (StaleLeaseError, DuplicateError) as error:
        raise _refusal(ledger.term(), clock) from error
    return Tenure(ledger, clock, replace(own, version=own.version + 1))


def refuse_standing(ledger: Ledger, clock: Clock, *, host: str) -> Term | None:
    """Answer the term before; raises BusyError where it still keeps this host out."""
    standing = ledger.term()
    if standing_in_the_way(standing, host=host, now=clock.now()):
        raise _refusal(standing, clock)
    return standing


def _refusal(standing: Term | None, clock: Clock) -> BusyError:
    if standing is None:
        return BusyError("another process coordinates this home", remedy="try again")
    ago = (clock.now() - standing.beat).total_seconds()
    said = f"{standing.said} coordinates this home since {standing.since:%Y-%m-%d %H:%M} UTC"
    lapses = f"once it was silent for {LAPSES_AFTER.total_seconds():.0f} s another may take over"
    return BusyError(f"{said}, last heard {ago:.0f} s ago", remedy=f"stop it there; {lapses}")
