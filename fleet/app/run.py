"""A run: one order from its start to its clean end, however many lives it takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fleet.domain.events import Event
from fleet.ports import Ledger

STARTED, BEGAN, ENDED = "coordinator.started", "run.began", "coordinator.ended"
_FIRST_LOOK = 1000  # events


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run as its first event tells it: its id, and at most how many attempts at once.

    `parallel` is None where it was not told.
    """

    id: str
    parallel: int | None

    @property
    def data(self) -> dict[str, object]:
        """Answer what its first event says of it."""
        return {"run": self.id, "parallel": self.parallel}

    def began(self, at: datetime) -> Event:
        """Answer the event of a run of the schedule that begins."""
        return Event(kind=BEGAN, at=at, what=self.id, data=self.data)


def run_of(ledger: Ledger) -> Run | None:
    """Answer the run that a coordinator left without an end, None where there is none.

    Whoever starts next goes on with it: a crash must not renew the money of a run.
    """
    for event in newest_first(ledger):
        if event.kind in {STARTED, BEGAN, ENDED} and isinstance(event.data.get("run"), str):
            parallel = event.data.get("parallel")
            known = parallel if isinstance(parallel, int) else None
            return None if event.kind == ENDED else Run(id=event.data["run"], parallel=known)
    return None


def source_of(ledger: Ledger, *, since: datetime) -> str:
    """Answer `Fleet.source` of the coordinator that began then, "" where it is not known (yet)."""
    for event in newest_first(ledger):
        if event.at < since:
            break
        if event.kind == STARTED:
            return str(event.data.get("source", ""))
    return ""


def newest_first(ledger: Ledger) -> Iterator[Event]:
    """Yield what happened, newest first; what is far back is read only when it is asked for."""
    newest, back = ledger.latest_event(), _FIRST_LOOK
    unseen = newest
    while unseen > 0:
        after = max(0, newest - back)
        # history is long, and what is looked for stands near its end
        events = ledger.events(after=after)
        yield from (event for event in reversed(events) if event.id <= unseen)
        unseen, back = after, back * 8
