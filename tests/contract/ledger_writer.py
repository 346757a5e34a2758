"""A process of its own that writes to a ledger, for the tests that kill it or race it."""

import sys
from dataclasses import replace
from itertools import count

from fleet.adapters.ledger import SqlLedger
from fleet.adapters.memory import ManualClock
from fleet.domain.attempt import State
from fleet.domain.errors import StaleLeaseError
from fleet.ports import Append, Immutable, Log, Save
from tests.builders import NOW, a_receipt, a_settlement, an_attempt, an_event

CLIMBS = 60


def climb(ledger: SqlLedger, title: str) -> None:
    task = replace(ledger.task("APP-1"), title=title)
    ledger.commit([Save(row=task), Log(event=an_event(what=title))])


def forever(ledger: SqlLedger) -> None:
    """Commit state and event until killed; say which commits are through."""
    for number in count(1):
        climb(ledger, str(number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def swap(ledger: SqlLedger) -> None:
    """Commit ended attempts with settlement and receipt until killed; say which are through."""
    for number in count(1):
        attempt = an_attempt(number=number, state=State.SWAPPED)
        rows: list[Immutable] = [a_settlement(attempt, micros=1), a_receipt(attempt)]
        ledger.commit([Save(row=attempt), *(Append(row=row) for row in rows)])
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def race(ledger: SqlLedger) -> None:
    """Try to be the one who writes each version; say how often it was."""
    won = 0
    for _ in range(CLIMBS):
        try:
            climb(ledger, "mine")
            won += 1
        except StaleLeaseError:
            continue
    sys.stdout.write(f"{won}\n")


def opened(_ledger: SqlLedger) -> None:
    """Say whether opening needed alembic."""
    sys.stdout.write(f"alembic imported: {'alembic' in sys.modules}\n")


if __name__ == "__main__":
    what, url = sys.argv[1:]
    modes = {"forever": forever, "swap": swap, "race": race, "open": opened}
    modes[what](SqlLedger(url, clock=ManualClock(NOW)))
