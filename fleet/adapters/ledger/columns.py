"""Types of columns that every database keeps, orders and returns alike: as ISO text."""

from datetime import UTC, date, datetime

import sqlalchemy as sa


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
