"""The machine's clock and its source of fresh names."""

import secrets
import time
from datetime import UTC, datetime

from fleet.ports import Clock


class SystemClock(Clock):
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class SystemIds:
    """Names from the kernel's randomness."""

    def token(self) -> str:
        """Answer 16 fresh hex digits, which nobody else has."""
        return secrets.token_hex(8)
