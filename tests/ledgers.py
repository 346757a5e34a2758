"""Ledgers on SQLite that begin empty: migrated once, copied ever after."""

import tempfile
from functools import cache
from pathlib import Path

from fleet.adapters.ledger import SqlLedger
from fleet.adapters.memory import ManualClock
from fleet.ports import Clock
from tests.builders import NOW


def a_ledger(folder: Path, clock: Clock) -> SqlLedger:
    """Open the empty ledger `ledger.db` in a folder; migrating it would take thirty times as long.

    What migrating does is looked at by the tests of the upgrade, and by all that use PostgreSQL.
    """
    path = folder / "ledger.db"
    path.write_bytes(_migrated())
    return SqlLedger(f"sqlite:///{path}", clock=clock)


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        SqlLedger(f"sqlite:///{path}", clock=ManualClock(NOW)).close()
        return path.read_bytes()
