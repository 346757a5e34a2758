"""Cron expressions mean what crontab(5) says; APScheduler's reading of the same is the witness."""

from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import example, given
from hypothesis import strategies as st

from fleet.domain.cron import cron_of
from fleet.domain.errors import ConfigError

TICK = timedelta(microseconds=1)
walls = st.datetimes(datetime(2000, 1, 1), datetime(2050, 12, 31))  # noqa: DTZ001 - clocks on walls


def wall(text):
    return datetime.fromisoformat(text)


@st.composite
def fields(draw, least, most):
    """Draw a field: anything, a number, a range, steps, a list of numbers."""
    low = draw(st.integers(least, most))
    high = draw(st.integers(low, most))
    step = draw(st.integers(1, max(1, high - low)))  # their reading takes no longer one
    several = draw(st.sets(st.integers(least, most), min_size=1, max_size=4))
    forms = ["*", str(low), f"{low}-{high}", f"*/{step}"]
    forms += [f"{low}-{high}/{step}"] if low < high else []
    return draw(st.sampled_from([*forms, ",".join(map(str, sorted(several)))]))


clock_fields = st.tuples(fields(0, 59), fields(0, 23))
day_fields = st.one_of(
    st.tuples(fields(1, 28), fields(1, 12), st.just("*")),
    st.tuples(st.just("*"), fields(1, 12), st.sampled_from(["mon-fri", "sun", "sat,sun", "wed"])),
)


@pytest.mark.parametrize(
    ("cron", "at", "first", "last"),
    [
        # 14 March 2026 is a Saturday
        ("0 22 * * *", "2026-03-14T21:59", "2026-03-14T22:00", "2026-03-13T22:00"),
        ("0 22 * * *", "2026-03-14T22:00", "2026-03-14T22:00", "2026-03-14T22:00"),
        ("0 22 * * *", "2026-03-14T22:00:01", "2026-03-15T22:00", "2026-03-14T22:00"),
        ("*/15 9-17 * * *", "2026-03-14T12:01", "2026-03-14T12:15", "2026-03-14T12:00"),
        ("*/15 9-17 * * *", "2026-03-14T17:46", "2026-03-15T09:00", "2026-03-14T17:45"),
        # weekdays count from Sunday, which is 0 and 7
        ("0 2 * * 1-5", "2026-03-14T00:00", "2026-03-16T02:00", "2026-03-13T02:00"),
        ("0 2 * * 0", "2026-03-14T00:00", "2026-03-15T02:00", "2026-03-08T02:00"),
        ("0 2 * * 7", "2026-03-14T00:00", "2026-03-15T02:00", "2026-03-08T02:00"),
        ("0 2 * * SUN", "2026-03-14T00:00", "2026-03-15T02:00", "2026-03-08T02:00"),
        ("0 2 * * fri-sun", "2026-03-16T00:00", "2026-03-20T02:00", "2026-03-15T02:00"),
        ("0 2 * * sun-tue", "2026-03-14T00:00", "2026-03-15T02:00", "2026-03-10T02:00"),
        ("0 2 * * */2", "2026-03-14T03:00", "2026-03-15T02:00", "2026-03-14T02:00"),
        ("0 2 * * 0-0", "2026-03-16T00:00", "2026-03-22T02:00", "2026-03-15T02:00"),
        # the turn of a month, of a year, and a leap day, which 2100 has not
        ("0 0 1 * *", "2026-03-14T00:00", "2026-04-01T00:00", "2026-03-01T00:00"),
        ("0 0 31 * *", "2026-04-01T00:00", "2026-05-31T00:00", "2026-03-31T00:00"),
        ("5 4 * jan,jul *", "2026-08-01T00:00", "2027-01-01T04:05", "2026-07-31T04:05"),
        ("0 0 29 2 *", "2097-01-01T00:00", "2104-02-29T00:00", "2096-02-29T00:00"),
    ],
)
def test_a_cron_fires_when_crontab_says(cron, at, first, last):
    found = cron_of(cron)

    assert found.first_from(wall(at)) == wall(first)
    assert found.last_until(wall(at)) == wall(last)


@given(clock_fields, day_fields, walls)
@example(("0", "0"), ("29", "2", "*"), wall("2026-03-14T00:00"))
def test_the_first_time_is_the_one_that_apscheduler_finds(clock, days, at):
    text = " ".join((*clock, *days))
    # its clock is one that never jumps
    theirs = CronTrigger.from_crontab(text, timezone=UTC)

    fires = theirs.get_next_fire_time(None, at.replace(tzinfo=UTC))

    assert cron_of(text).first_from(at) == fires.replace(tzinfo=None)


@given(clock_fields, day_fields, walls)
def test_nothing_lies_between_the_last_time_and_the_first(clock, days, at):
    cron = cron_of(" ".join((*clock, *days)))
    last, first = cron.last_until(at), cron.first_from(at)

    assert last <= at <= first
    assert cron.first_from(last) == last
    assert last == at or cron.first_from(last + TICK) == first


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("", "expected a cron of five fields, MINUTE HOUR DAY MONTH WEEKDAY, found ''"),
        ("0 22 * *", "five fields"),
        ("0 22 * * * *", "five fields"),
        ("@daily", "five fields"),
        ("60 * * * *", "minute of the cron: expected *, or numbers 0-59 as in 1,3-5 or */2"),
        ("0 24 * * *", "hour of the cron: expected *, or numbers 0-23"),
        ("0 0 0 * *", "day of the cron: expected *, or numbers 1-31"),
        ("0 0 * 13 *", "month of the cron: expected *, or numbers 1-12 or jan-dec"),
        ("0 0 * * 8", "weekday of the cron: expected *, or numbers 0-7 or sun-sat"),
        ("0 0 * * mun", "found 'mun'"),
        ("0 jan * * *", "found 'jan'"),
        ("0 9-8 * * *", "found '9-8'"),
        ("0 0 * * fri-mon", "found 'fri-mon'"),
        ("5/10 * * * *", "found '5/10'"),
        ("*/0 * * * *", "found '*/0'"),
        ("*/ * * * *", "found '*/'"),
        ("1, * * * *", "found ''"),
        ("1- * * * *", "found '1-'"),
        ("-1 * * * *", "found '-1'"),
        ("007 * * * *", "found '007'"),
        ("² * * * *", "found '²'"),
        ("0 0 1 * 1", "names days of the month and weekdays; leave one of the two *"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 2,4,6 *", "never comes"),
    ],
)
def test_what_is_no_cron_is_refused_with_the_field(cron, said):
    with pytest.raises(ConfigError) as caught:
        cron_of(cron)

    assert said in caught.value.message
