"""The timekeeper: notices that the wall clock was set, or that the machine slept."""

from datetime import UTC, datetime, timedelta

from fleet.domain.events import Event
from fleet.domain.health import CLOCK_SLACK
from fleet.ports import Clock

_ANY = datetime(2000, 1, 1, tzinfo=UTC)


class Timekeeper:
    """Holds the wall clock against the monotonic one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._apart = self._difference()

    def look(self) -> timedelta:
        """Answer by how much the clock was set since it was noticed last; zero where it was not.

        Forward is positive; a machine that slept woke up with its clock set forward.
        """
        apart = self._difference()
        by = apart - self._apart
        if abs(by) <= CLOCK_SLACK:
            return timedelta()
        self._apart = apart
        return by

    def _difference(self) -> timedelta:
        wall = self._clock.now() - _ANY
        return wall - timedelta(seconds=self._clock.monotonic())


def clock_set(by: timedelta, *, at: datetime) -> Event:
    """Answer the event that says by how much the clock was set."""
    way = "forward" if by > timedelta() else "back"
    what = f"the clock went {way} by {abs(by)}: it was set, or the machine slept"
    return Event(kind="clock.set", at=at, what=what, data={"seconds": by.total_seconds()})
