"""Windows and days: instants against the clock on the wall of a timezone.

Instants are aware of their timezone (ValueError where one is not) and are answered in UTC.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import count

ALL_DAYS = frozenset(range(7))
_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY = timedelta(days=1)
_NOON = 12
# the next of a weekday, and the one after it: clocks can skip a whole window once
_FAR_ENOUGH = range(-1, 16)


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
    days: frozenset[int] = ALL_DAYS

    def __str__(self) -> str:
        hours = f"{self.opens:%H:%M}-{self.closes:%H:%M} {self.timezone}"
        named = ", ".join(name for day, name in enumerate(_NAMES) if day in self.days)
        return hours if self.days == ALL_DAYS else f"{hours} on {named or 'no day'}"

    def closing(self, at: datetime) -> datetime | None:
        """Answer when the window that is open at that instant closes, None while it is closed."""
        near = range(-1, 2)
        return next((end for start, end in self._about(at, near) if start <= at < end), None)

    def opening(self, at: datetime) -> datetime | None:
        """Answer the first instant from `at` on at which it is open, None where there is none."""
        spans = self._about(at, _FAR_ENOUGH)
        return next((max(start, _utc(at)) for start, end in spans if at < end), None)

    def _about(self, at: datetime, offsets: range) -> Iterator[tuple[datetime, datetime]]:
        """Yield start and end of what opens on the days around that instant, in order."""
        today = day_of(at, self.timezone)
        overnight = _DAY if self.closes <= self.opens else timedelta()
        for day in (today + offset * _DAY for offset in offsets):
            if day.weekday() in self.days:
                start = first_shown(datetime.combine(day, self.opens), self.timezone)
                end = first_shown(datetime.combine(day + overnight, self.closes), self.timezone)
                # both are the same where the clock skipped all of it
                if start < end:
                    yield start, end


def day_of(at: datetime, zone: tzinfo) -> date:
    """Answer the day it is there at that instant."""
    return on_the_wall(_utc(at), zone).date()


def next_day(at: datetime, zone: tzinfo) -> datetime:
    """Answer the first later instant at which it is a later day there, in UTC."""
    instant = _utc(at)
    midnight = datetime.combine(day_of(instant, zone) + _DAY, time())
    first = first_shown(midnight, zone)
    # clocks that went back over midnight come to the same day a second time
    return first if first > instant else midnight.replace(tzinfo=zone, fold=1).astimezone(UTC)


def night_of(at: datetime, zone: tzinfo) -> date:
    """Answer the night it belongs to, from noon to noon: the day on which it began."""
    wall = on_the_wall(_utc(at), zone)
    if wall.hour >= _NOON:
        return wall.date()
    # not just a day less: where the calendar skipped one, the night began before that
    return day_of(first_shown(datetime.combine(wall, time()), zone) - datetime.resolution, zone)


def night_over(night: date, zone: tzinfo) -> datetime:
    """Answer when that night is over there: at the noon after it, in UTC."""
    noons = (first_shown(datetime.combine(night + n * _DAY, time(_NOON)), zone) for n in count(1))
    # where the calendar skipped a day, that one had no noon
    return next(noon for noon in noons if night_of(noon, zone) != night)


def first_shown(wall: datetime, zone: tzinfo) -> datetime:
    """Answer the first instant at which the clock there shows that time or a later one."""
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if on_the_wall(instant, zone) == wall:
        return instant
    # skipped: the jump lies between the readings by the clock after it and by that before it
    start = wall.replace(tzinfo=zone, fold=1, microsecond=0).astimezone(UTC)
    seconds = range(int((instant - start).total_seconds()) + 1)
    jump = bisect_left(
        seconds, wall, key=lambda second: on_the_wall(start + timedelta(seconds=second), zone)
    )
    return start + timedelta(seconds=jump)


def on_the_wall(instant: datetime, zone: tzinfo) -> datetime:
    """Answer what the clock on the wall there shows, naive."""
    return instant.astimezone(zone).replace(tzinfo=None)


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError(f"{at} has no timezone: give an aware instant")
    return at.astimezone(UTC)
