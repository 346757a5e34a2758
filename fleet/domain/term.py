"""Terms: who may coordinate a home; whoever was succeeded changes nothing any more."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fleet.domain.errors import DeposedError

COORDINATOR = "coordinator"
# a coordinator on another machine that was not heard of for so long has lost its term
LAPSES_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Term:
    """The right to coordinate, renewed by beats; one row, its `number` is the fencing token.

    `holder` is the token of one life of a coordinator, `what` what it was started for. `ended`
    says that it was given back.
    """

    name: str = COORDINATOR
    number: int
    holder: str
    host: str
    pid: int
    what: str
    since: datetime
    beat: datetime
    ended: bool = False
    version: int = 0

    @property
    def said(self) -> str:
        """Answer who holds it, in words."""
        return f"process {self.pid} on {self.host} ({self.what})"


def standing_in_the_way(standing: Term | None, *, host: str, now: datetime) -> bool:
    """Tell whether a term still keeps others out.

    On the same host it does not: the lock of the home, which its process held, was free. Elsewhere
    it does until it was given back or has lapsed; a beat of tomorrow is one of a clock gone wrong.
    """
    if standing is None or standing.ended or standing.host == host:
        return False
    return abs(now - standing.beat) <= LAPSES_AFTER


def succeeding(standing: Term | None, new: Term) -> Term:
    """Answer the new term as it takes the place of the one that stands."""
    if standing is None:
        return replace(new, number=1, version=0)
    return replace(new, number=standing.number + 1, version=standing.version)


def refuse_deposed(standing: Term | None, number: int) -> None:
    """Raise DeposedError where the term that stands has another number."""
    if standing is None or standing.number != number:
        who = standing.said if standing else "nobody"
        raise DeposedError(f"{who} coordinates this home now", remedy="leave it the work")
