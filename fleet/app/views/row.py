"""What read models are made of: rows of plain values, instants as ISO texts in UTC."""

from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]


def moment(at: datetime | None) -> str | None:
    """Answer an instant as text in UTC, None where there is none."""
    return at.astimezone(UTC).isoformat() if at else None
