"""The ledger on SQLAlchemy Core: SQLite by default, PostgreSQL by URL."""

from fleet.adapters.ledger.sql import SqlLedger

__all__ = ["SqlLedger"]
