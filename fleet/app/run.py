"""A run: one order from its start to its clean end, however many lives it takes."""

from fleet.ports import Ledger

STARTED, ENDED = "coordinator.started", "coordinator.ended"
_FIRST_LOOK = 1000  # events


def run_of(ledger: Ledger) -> str | None:
    """Answer the run that a coordinator left without an end, None where there is none.

    Whoever starts next goes on with it: a crash must not renew the money of a run.
    """
    newest, back = ledger.latest_event(), _FIRST_LOOK
    while True:
        # history is long, and what is looked for stands near its end
        for event in reversed(ledger.events(after=max(0, newest - back))):
            if event.kind in {STARTED, ENDED} and isinstance(event.data.get("run"), str):
                return str(event.data["run"]) if event.kind == STARTED else None
        if back >= newest:
            return None
        back *= 8
