"""Columns that every database keeps, orders and returns alike; instants and days as ISO text."""

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

# every table of the ledger stands in it
metadata = sa.MetaData()


class Instant(sa.TypeDecorator[datetime]):
    """An aware instant, kept as UTC text: every database orders and returns it alike."""

    impl = sa.String(32)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: sa.Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> str | None:
        """Answer the text; raises ValueError for a naive instant: nobody knows when it was."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive instant {value}")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(
        self,
        value: str | None,
        dialect: sa.Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:
        """Answer the instant, aware."""
        return None if value is None else datetime.fromisoformat(value)


class Day(sa.TypeDecorator[date]):
    """A day of some calendar, kept as ISO text."""

    impl = sa.String(10)
    cache_ok = True

    def process_bind_param(
        self,
        value: date | None,
        dialect: sa.Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> str | None:
        """Answer the text."""
        return None if value is None else value.isoformat()

    def process_result_value(
        self,
        value: str | None,
        dialect: sa.Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> date | None:
        """Answer the day."""
        return None if value is None else date.fromisoformat(value)


# SQLite counts up only what it calls INTEGER
COUNTED = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[str]:
    """Answer a column of text."""
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def whole(name: str, *, null: bool = False) -> sa.Column[int]:
    """Answer a column of a whole number."""
    return sa.Column(name, sa.BigInteger, nullable=null)


def later(name: str, kind: "sa.types.TypeEngine[Any]", older: str) -> "sa.Column[Any]":
    """Answer a column that came later, with what stands in it where a row is older."""
    return sa.Column(name, kind, nullable=False, server_default=sa.text(older))


def flag(name: str) -> sa.Column[bool]:
    """Answer a column of yes or no."""
    return sa.Column(name, sa.Boolean, nullable=False)


def at(name: str, *, null: bool = False) -> "sa.Column[datetime]":
    """Answer a column of an instant."""
    return sa.Column(name, Instant, nullable=null)


def day(name: str) -> "sa.Column[date]":
    """Answer a column of a day."""
    return sa.Column(name, Day, nullable=False)


def json(name: str) -> "sa.Column[object]":
    """Answer a column of what is nested."""
    return sa.Column(name, sa.JSON, nullable=False)
