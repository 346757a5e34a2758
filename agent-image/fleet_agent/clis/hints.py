"""Reads out of an error's text when another try may help; every vendor says it otherwise."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

_LONGEST_WAIT = timedelta(days=8).total_seconds()
# a month's limit is real and waited for in parts; what lies further off is a misread number
_NONSENSE = timedelta(days=32).total_seconds()
_MINUTE = timedelta(minutes=1)
_LONGEST_TEXT = 8192
_MILLISECONDS_FROM = 1e11
_NOON = 12
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_UNITS = (("ms", 0.001), ("mil", 0.001), ("m", 60), ("s", 1), ("h", 3600), ("d", 86400))

_NUMBER = r"\d{1,15}(?:\.\d{1,9})?"
_UNIT = r"(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])"
_LENGTH = rf"(?:{_NUMBER}\s?{_UNIT}(?:,|\sand)?\s?){{1,4}}"
_CLOCK = r"(?:at )?(\d{1,2})(?::(\d{2}))?(?: ?([ap])\.?m\b\.?)?"
_ZONE = r"(?: ?(\([^)]{1,40}\)|utc\b|gmt\b|z\b|[pmce][sd]t\b))?(?![\w/])"

_PIECE = re.compile(rf"({_NUMBER})\s?({_UNIT})")
_WAIT = re.compile(
    rf"(?:again|retry|retrydelay|resets?|wait|available)(?:\W{{1,3}}(?:in|after|for|about))?"
    rf"[^\w-]{{1,4}}({_LENGTH})"
)
_SECONDS = re.compile(
    r"(?:retry|resets?)[-_ ](?:after|in)(?:[-_ ](ms|seconds|secs))?[^\w-]{1,4}"
    rf"({_NUMBER})(?!\s?{_UNIT})(?![\d.:])"
)
_EPOCH = re.compile(r"(?:resets?_?at[^\w-]{1,4}|limit reached\|)(\d{10,13})(?:\.\d+)?\b")
_INSTANT = re.compile(
    r"(?:reset|retry|again|until|available)[^\n]{0,40}?"
    r"(\d{4}-\d\d-\d\dt\d\d:\d\d(?::\d\d)?(?:\.\d{1,6})?(?:z|[+-]\d\d:\d\d)?)"
)
_TIME = re.compile(rf"(?:resets?|try again|until|available)(?: again)? {_CLOCK}{_ZONE}")
_DATE = re.compile(
    rf"(?:resets?|again|until|available)(?: on| at)? ({'|'.join(_MONTHS)})[a-z]* (\d{{1,2}})"
    rf"(?:st|nd|rd|th)?(?:,? (\d{{4}}))?(?:,? {_CLOCK}{_ZONE})?"
)


def retry_after(text: str, at: datetime) -> float | None:
    """Return after how many seconds from `at` (UTC) another try may help, or None if untold.

    Where several hints are told the longest counts: a try too early is a try lost. At most eight
    days; a time of day that is past means tomorrow; other zones than UTC are no hint, for a
    container's clock is UTC.
    """
    plain = _plain(text)
    waits = (*_lengths(plain), *(_until(instant, at) for instant in _instants(plain, at)))
    sane = [seconds for seconds in waits if 0 <= seconds <= _NONSENSE]
    return min(max(sane), _LONGEST_WAIT) if sane else None


def told_wait(text: str) -> float | None:
    """Return the longest wait that is told as a length of time, in seconds, or None if untold.

    A line that is parsed while the CLI works has no clock: an instant in it is no hint yet.
    """
    sane = [wait for wait in _lengths(_plain(text)) if 0 <= wait <= _NONSENSE]
    return min(max(sane), _LONGEST_WAIT) if sane else None


def _plain(text: str) -> str:
    # the same spelling for JSON, headers and prose
    return " ".join(text[:_LONGEST_TEXT].lower().split())


def _lengths(text: str) -> Iterator[float]:
    for wait in _WAIT.finditer(text):
        yield sum(float(number) * _unit(unit) for number, unit in _PIECE.findall(wait[1]))
    for unit, number in _SECONDS.findall(text):
        yield float(number) * (0.001 if unit == "ms" else 1)


def _unit(name: str) -> float:
    return next(seconds for prefix, seconds in _UNITS if name.startswith(prefix))


def _until(instant: datetime, at: datetime) -> float:
    return (instant - at).total_seconds()


def _instants(text: str, at: datetime) -> Iterator[datetime]:
    for epoch in _EPOCH.findall(text):
        yield _of_epoch(float(epoch))
    yield from _present(_of_iso(written) for written in _INSTANT.findall(text))
    yield from _present(_of_date(found, at) for found in _DATE.finditer(text))
    yield from _present(_of_time(found, at) for found in _TIME.finditer(text))


def _present(instants: Iterator[datetime | None]) -> Iterator[datetime]:
    return (instant for instant in instants if instant is not None)


def _of_epoch(number: float) -> datetime:
    seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
    return datetime.fromtimestamp(seconds, UTC)


def _of_iso(written: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(written.upper())
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _of_time(found: re.Match[str], at: datetime) -> datetime | None:
    hour, minute, half, zone = found.groups()
    clock = _clock(hour, minute, half, zone=zone)
    if clock is None or (minute is None and half is None):
        return None
    today = datetime.combine(at.date(), clock)
    if today <= at < today + _MINUTE:
        # told without seconds: it comes in this very minute, not tomorrow
        return today + _MINUTE
    return today if today > at else today + timedelta(days=1)


def _of_date(found: re.Match[str], at: datetime) -> datetime | None:
    month, day, year, hour, minute, half, zone = found.groups()
    clock = _clock(hour or "0", minute, half, zone=zone)
    if clock is None:
        return None
    number = _MONTHS.index(month) + 1
    # no year is told in December for January
    turned = year is None and number < at.month
    try:
        date = datetime(int(year or at.year + turned), number, int(day), tzinfo=UTC)
    except ValueError:
        return None
    return datetime.combine(date.date(), clock)


def _clock(hour: str, minute: str | None, half: str | None, *, zone: str | None) -> time | None:
    if zone and zone.strip("()") not in ("utc", "gmt", "z"):
        return None
    whole = int(hour)
    if half and whole > _NOON:
        return None
    if half:
        whole = whole % _NOON + (_NOON if half == "p" else 0)
    try:
        return time(whole, int(minute or 0), tzinfo=UTC)
    except ValueError:
        return None
