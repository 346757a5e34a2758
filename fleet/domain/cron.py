"""Cron expressions: five fields read as crontab(5) reads them, asked of the clock on a wall.

Times are naive, what a clock on a wall shows; which instants those are is the schedule's part.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import count

from fleet.domain.errors import ConfigError

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_SUNDAY, _SUNDAY_AGAIN = 0, 7  # crontab counts from Sunday and takes 7 for it too
_LONGEST = dict(zip(range(1, 13), (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), strict=True))


@dataclass(frozen=True, kw_only=True)
class Cron:
    """On which days and at which times of them it fires; `weekdays` count from Monday, 0.

    `times` are sorted, and at least one of `days` comes in one of `months`.
    """

    times: tuple[time, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def first_from(self, wall: datetime) -> datetime:
        """Answer the first time from that one on at which it fires."""
        if self._on(wall.date()) and wall.time() <= self.times[-1]:
            return datetime.combine(wall, self.times[bisect_left(self.times, wall.time())])
        return datetime.combine(self._near(wall.date(), _DAY), self.times[0])

    def last_until(self, wall: datetime) -> datetime:
        """Answer the last time up to that one at which it fires."""
        if self._on(wall.date()) and wall.time() >= self.times[0]:
            return datetime.combine(wall, self.times[bisect_right(self.times, wall.time()) - 1])
        return datetime.combine(self._near(wall.date(), -_DAY), self.times[-1])

    def _near(self, day: date, step: timedelta) -> date:
        # ends: even a 29 February comes again within eight years
        return next(found for n in count(1) if self._on(found := day + n * step))

    def _on(self, day: date) -> bool:
        monthly = day.day in self.days and day.month in self.months
        return monthly and day.weekday() in self.weekdays


def cron_of(text: str) -> Cron:
    """Read `MINUTE HOUR DAY MONTH WEEKDAY`; raises ConfigError saying which field is wrong."""
    words = text.split()
    if len(words) != len(_FIELDS):
        raise ConfigError(
            f"expected a cron of five fields, MINUTE HOUR DAY MONTH WEEKDAY, found {text!r}"
        )
    minutes, hours, days, months, weekdays = (
        field.read(word.lower()) for field, word in zip(_FIELDS, words, strict=True)
    )
    _refuse_riddles(days, months, weekdays, text=text)
    return Cron(
        times=tuple(time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)),
        days=days,
        months=months,
        weekdays=frozenset((day - 1) % len(_WEEKDAYS) for day in weekdays),
    )


def _refuse_riddles(
    days: frozenset[int], months: frozenset[int], weekdays: frozenset[int], *, text: str
) -> None:
    if len(days) < _DAYS.most and len({day % len(_WEEKDAYS) for day in weekdays}) < len(_WEEKDAYS):
        # crontab(5) takes either, other programs want both: whoever reads it is misled
        raise ConfigError(
            f"cron {text!r} names days of the month and weekdays; leave one of the two *"
        )
    if all(min(days) > _LONGEST[month] for month in months):
        raise ConfigError(f"cron {text!r} never comes: no such day in these months")


@dataclass(frozen=True, kw_only=True)
class _Field:
    """A field: its numbers, and names for them from `least` on."""

    title: str
    least: int
    most: int
    names: tuple[str, ...] = ()

    def read(self, word: str) -> frozenset[int]:
        return frozenset(number for part in word.split(",") for number in self._part(part))

    def _part(self, part: str) -> range:
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            least, most = self.least, self.most
        else:
            least = self._number(first, part)
            most = self._number(last, part) if dash else least
        if self is _WEEKDAY and most == _SUNDAY < least:
            most = _SUNDAY_AGAIN  # mon-sun
        stepped = not slash or (_plain(step) and int(step) > 0 and (dash or span == "*"))
        if most < least or not stepped:
            raise self._refused(part)
        return range(least, most + 1, int(step) if slash else 1)

    def _number(self, word: str, part: str) -> int:
        if word in self.names:
            return self.least + self.names.index(word)
        if not _plain(word) or not self.least <= int(word) <= self.most:
            raise self._refused(part)
        return int(word)

    def _refused(self, part: str) -> ConfigError:
        named = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        return ConfigError(
            f"{self.title} of the cron: expected *, or numbers {self.least}-{self.most}{named} "
            f"as in 1,3-5 or */2, found {part!r}"
        )


def _plain(word: str) -> bool:
    """Tell whether it is a number of one or two digits."""
    return word.isascii() and word.isdigit() and len(word) <= len("59")


_DAYS = _Field(title="day", least=1, most=31)
_WEEKDAY = _Field(title="weekday", least=_SUNDAY, most=_SUNDAY_AGAIN, names=_WEEKDAYS)
_FIELDS = (
    _Field(title="minute", least=0, most=59),
    _Field(title="hour", least=0, most=23),
    _DAYS,
    _Field(title="month", least=1, most=12, names=_MONTHS),
    _WEEKDAY,
)
