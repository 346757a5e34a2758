"""Windows and days: instants against the clock on the wall of a timezone."""

from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo


@dataclass(frozen=True, kw_only=True)
class Window:
    """When an account may be used, by the clock on the wall of its timezone.

    It opens at `opens` of each of `days` (0 is Monday) and closes at the next `closes` after
    that, over midnight where that is earlier; where both are the same it is open for the whole
    day. A time that is skipped when clocks go forward is the instant of the jump; of one that
    comes twice the first counts.
    """

    opens: time
    closes: time
    timezone: tzinfo
    days: frozenset[int] = frozenset(range(7))

    def closing(self, at: datetime) -> datetime | None:
        """Answer when the window that is open at that instant closes, None while it is closed."""
        raise NotImplementedError

    def opening(self, at: datetime) -> datetime | None:
        """Answer the first instant from `at` on at which it is open, None where there is none."""
        raise NotImplementedError


def day_of(at: datetime, zone: tzinfo) -> date:
    """Answer the day it is there at that instant."""
    return at.astimezone(zone).date()


def next_day(at: datetime, zone: tzinfo) -> datetime:
    """Answer the first instant of the following day there, in UTC."""
    raise NotImplementedError


def night_of(at: datetime, zone: tzinfo) -> date:
    """Answer the night it belongs to, from noon to noon: the day on which it began."""
    raise NotImplementedError
