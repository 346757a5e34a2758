"""Every ledger there is, behind one fixture: what holds for one holds for all."""

from collections.abc import Iterator

import pytest

from fleet.adapters.ledger import SqlLedger
from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.ports import Ledger
from tests.builders import NOW
from tests.ledgers import a_ledger


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ledger(request, tmp_path, clock) -> Iterator[Ledger]:
    """Return an empty ledger of each kind."""
    match request.param:
        case "memory":
            opened: Ledger = MemoryLedger(clock=clock)
        case "sqlite":
            opened = a_ledger(tmp_path, clock)
        case _:
            opened = SqlLedger(request.getfixturevalue("postgres_url"), clock=clock)
    yield opened
    opened.close()
