"""Windows and days by the clock on the wall, on the days on which that clock jumps too."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from fleet.domain.window import Window, day_of, next_day, night_of, night_over

TICK = timedelta(microseconds=1)
# whose clocks jump at midnight, by half an hour, over a whole day, backwards over midnight
ODD = (
    "America/Havana",
    "America/St_Johns",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Apia",
    "Pacific/Chatham",
)


def tables_of_zones():
    """Leave out what some systems hold beside the zones: no tables, or right ones of TAI."""
    return sorted(name for name in available_timezones() if "/" in name)


zones = st.sampled_from([*ODD, *tables_of_zones()]).map(ZoneInfo)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2050, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
clock_times = st.times().map(lambda t: t.replace(second=0, microsecond=0))
windows = st.builds(
    Window,
    opens=clock_times,
    closes=clock_times,
    timezone=zones,
    days=st.frozensets(st.integers(0, 6)),
)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_window(hours, zone="UTC", days=range(7)):
    opens, closes = (time.fromisoformat(each) for each in hours.split("-"))
    return Window(opens=opens, closes=closes, timezone=ZoneInfo(zone), days=frozenset(days))


def near_a_jump(zone, at):
    """Answer the next instant from `at` on, within a year, at which the clock there jumps."""
    step = timedelta(hours=6)
    offset = at.astimezone(zone).utcoffset()
    for _ in range(4 * 366):
        if (at + step).astimezone(zone).utcoffset() != offset:
            return at
        at += step
    return at


# --- tables ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "days", "at", "closing", "opening"),
    [
        # 14 March 2026 is a Saturday
        ("09:00-17:00", range(7), "2026-03-14T08:59", None, "2026-03-14T09:00"),
        ("09:00-17:00", range(7), "2026-03-14T09:00", "2026-03-14T17:00", "2026-03-14T09:00"),
        ("09:00-17:00", range(7), "2026-03-14T16:59", "2026-03-14T17:00", "2026-03-14T16:59"),
        ("09:00-17:00", range(7), "2026-03-14T17:00", None, "2026-03-15T09:00"),
        # over midnight: the day is the one on which it opens
        ("22:00-06:00", [5], "2026-03-14T03:00", None, "2026-03-14T22:00"),
        ("22:00-06:00", [5], "2026-03-15T03:00", "2026-03-15T06:00", "2026-03-15T03:00"),
        ("22:00-06:00", [5], "2026-03-15T06:00", None, "2026-03-21T22:00"),
        ("22:00-06:00", [6], "2026-03-15T03:00", None, "2026-03-15T22:00"),
        # until midnight, and from midnight on
        ("18:00-00:00", [5], "2026-03-14T23:59", "2026-03-15T00:00", "2026-03-14T23:59"),
        ("18:00-00:00", [5], "2026-03-15T00:00", None, "2026-03-21T18:00"),
        ("00:00-06:00", [6], "2026-03-15T05:00", "2026-03-15T06:00", "2026-03-15T05:00"),
        # the same twice: the whole day, from that time on
        ("00:00-00:00", [5], "2026-03-14T12:00", "2026-03-15T00:00", "2026-03-14T12:00"),
        ("00:00-00:00", [5], "2026-03-15T00:00", None, "2026-03-21T00:00"),
        ("12:00-12:00", [5], "2026-03-15T11:00", "2026-03-15T12:00", "2026-03-15T11:00"),
        ("12:00-12:00", [5], "2026-03-14T11:00", None, "2026-03-14T12:00"),
        # on no day, on a leap day, over the turn of a year
        ("09:00-17:00", [], "2026-03-14T12:00", None, None),
        ("22:00-06:00", range(7), "2028-02-29T05:00", "2028-02-29T06:00", "2028-02-29T05:00"),
        ("22:00-06:00", range(7), "2028-02-28T23:00", "2028-02-29T06:00", "2028-02-28T23:00"),
        ("22:00-06:00", range(7), "2026-12-31T23:30", "2027-01-01T06:00", "2026-12-31T23:30"),
    ],
)
def test_a_window_opens_and_closes_by_the_clock(hours, days, at, closing, opening):
    window = a_window(hours, days=days)

    assert window.closing(utc(at)) == (closing and utc(closing))
    assert window.opening(utc(at)) == (opening and utc(opening))


@pytest.mark.parametrize(
    ("hours", "zone", "at", "closing"),
    [
        # Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC; 25 October: 03:00 becomes 02:00
        ("22:00-06:00", "Europe/Berlin", "2026-03-28T21:00", "2026-03-29T04:00"),
        ("22:00-06:00", "Europe/Berlin", "2026-10-24T20:00", "2026-10-25T05:00"),
        ("22:00-02:30", "Europe/Berlin", "2026-03-28T21:00", "2026-03-29T01:00"),
        ("02:30-06:00", "Europe/Berlin", "2026-03-29T01:00", "2026-03-29T04:00"),
        ("22:00-02:30", "Europe/Berlin", "2026-10-24T20:00", "2026-10-25T00:30"),
        ("02:30-06:00", "Europe/Berlin", "2026-10-25T00:30", "2026-10-25T05:00"),
        # the night to 29 March 2026 of Beirut and the one to 8 March of Havana have no midnight
        ("00:00-06:00", "Asia/Beirut", "2026-03-28T22:00", "2026-03-29T03:00"),
        ("20:00-00:00", "America/Havana", "2026-03-08T04:00", "2026-03-08T05:00"),
        ("00:30-02:00", "America/Havana", "2026-03-08T05:00", "2026-03-08T06:00"),
        # half an hour: 02:00 becomes 02:30 on 4 October 2026, and 01:30 on 5 April
        ("01:00-02:15", "Australia/Lord_Howe", "2026-10-03T14:30", "2026-10-03T15:30"),
        ("01:00-01:45", "Australia/Lord_Howe", "2026-04-04T14:00", "2026-04-04T14:45"),
        # Apia had no 30 December 2011: what would close on it closes when it would have begun
        ("22:00-06:00", "Pacific/Apia", "2011-12-30T08:00", "2011-12-30T10:00"),
        # St John's went back over midnight: what had opened with the new day stays open
        ("00:00-06:00", "America/St_Johns", "2010-11-07T02:30", "2010-11-07T09:30"),
        ("00:00-06:00", "America/St_Johns", "2010-11-07T02:45", "2010-11-07T09:30"),
    ],
)
def test_a_skipped_time_is_the_jump_and_of_a_repeated_one_the_first_counts(
    hours, zone, at, closing
):
    window = a_window(hours, zone)

    assert window.closing(utc(at)) == utc(closing)


@pytest.mark.parametrize(
    ("hours", "zone", "at"),
    [
        # the second 02:15 and the second 02:45 of Berlin: it closed at the first 02:30
        ("22:00-02:30", "Europe/Berlin", "2026-10-25T00:30"),
        ("22:00-02:30", "Europe/Berlin", "2026-10-25T01:15"),
        ("22:00-02:30", "Europe/Berlin", "2026-10-25T01:45"),
        # wholly skipped
        ("02:10-02:50", "Europe/Berlin", "2026-03-29T01:00"),
        ("09:00-17:00", "Pacific/Apia", "2011-12-30T10:00"),
    ],
)
def test_a_window_is_never_open_outside_either_reading_of_the_clock(hours, zone, at):
    assert a_window(hours, zone).closing(utc(at)) is None


def test_a_window_that_the_clock_skips_opens_a_week_later():
    sunday = a_window("02:10-02:50", "Europe/Berlin", [6])

    assert sunday.opening(utc("2026-03-28T12:00")) == utc("2026-04-05T00:10")


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("UTC", "2026-03-14T00:00", 24),
        ("Europe/Berlin", "2026-03-28T23:00", 23),
        ("Europe/Berlin", "2026-10-24T22:00", 25),
        ("America/Havana", "2026-03-08T05:00", 23),
        ("Asia/Beirut", "2026-03-28T22:00", 23),
        ("Asia/Beirut", "2026-10-23T21:00", 25),
        ("Australia/Lord_Howe", "2026-10-03T13:30", 23.5),
        ("Australia/Lord_Howe", "2026-04-04T13:00", 24.5),
        ("Pacific/Apia", "2011-12-29T10:00", 24),
    ],
)
def test_a_day_is_as_long_as_the_clock_makes_it(zone, day, hours):
    start, there = utc(day), ZoneInfo(zone)

    assert next_day(start - TICK, there) == start
    assert next_day(start, there) - start == timedelta(hours=hours)


def test_a_day_that_the_calendar_skipped_never_comes():
    apia = ZoneInfo("Pacific/Apia")

    jump = next_day(utc("2011-12-29T12:00"), apia)

    assert (jump, day_of(jump, apia)) == (utc("2011-12-30T10:00"), date(2011, 12, 31))


def test_a_day_that_the_clock_comes_back_to_ends_at_its_second_midnight():
    # until 2011 St John's went back at one minute past midnight, to the evening before
    there, again = ZoneInfo("America/St_Johns"), utc("2010-11-07T02:45")

    assert day_of(again - timedelta(minutes=14, seconds=1), there) == date(2010, 11, 7)
    assert day_of(again, there) == date(2010, 11, 6)
    assert next_day(again, there) == utc("2010-11-07T03:30")


@pytest.mark.parametrize(
    ("zone", "at", "night"),
    [
        ("UTC", "2026-03-14T12:00", date(2026, 3, 14)),
        ("UTC", "2026-03-14T11:59", date(2026, 3, 13)),
        ("UTC", "2028-03-01T00:00", date(2028, 2, 29)),
        ("Europe/Berlin", "2026-07-01T09:59", date(2026, 6, 30)),
        ("Europe/Berlin", "2026-07-01T10:00", date(2026, 7, 1)),
        ("Europe/Berlin", "2026-03-30T05:00", date(2026, 3, 29)),
        ("Pacific/Apia", "2011-12-30T11:00", date(2011, 12, 29)),
        ("Asia/Beirut", "2026-03-28T22:00", date(2026, 3, 28)),
    ],
)
def test_a_night_runs_from_noon_to_noon(zone, at, night):
    assert night_of(utc(at), ZoneInfo(zone)) == night


@pytest.mark.parametrize(
    ("zone", "night", "over"),
    [
        ("UTC", date(2028, 2, 28), "2028-02-29T12:00"),
        ("Europe/Berlin", date(2026, 3, 28), "2026-03-29T10:00"),
        ("Europe/Berlin", date(2026, 10, 24), "2026-10-25T11:00"),
        ("Pacific/Apia", date(2011, 12, 29), "2011-12-30T22:00"),
    ],
)
def test_a_night_is_over_when_another_one_begins(zone, night, over):
    there, ends = ZoneInfo(zone), utc(over)

    assert night_over(night, there) == ends
    assert night_of(ends - timedelta.resolution, there) == night
    assert night_of(ends, there) > night


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (a_window("22:00-06:00", "Europe/Berlin"), "22:00-06:00 Europe/Berlin"),
        (a_window("22:00-06:30", days=[6, 0]), "22:00-06:30 UTC on Mon, Sun"),
        (a_window("00:00-00:00", days=[]), "00:00-00:00 UTC on no day"),
    ],
)
def test_a_window_says_its_hours_zone_and_days(window, said):
    assert str(window) == said


@pytest.mark.parametrize(
    "ask",
    [
        a_window("09:00-17:00").closing,
        a_window("09:00-17:00").opening,
        lambda at: day_of(at, UTC),
        lambda at: next_day(at, UTC),
        lambda at: night_of(at, UTC),
    ],
)
def test_an_instant_without_timezone_is_refused(ask):
    with pytest.raises(ValueError, match="has no timezone"):
        ask(datetime(2026, 3, 14))  # noqa: DTZ001 - that is what the test is about


def test_an_instant_of_another_timezone_is_the_same_instant():
    at = utc("2026-10-25T00:15")
    berlin = at.astimezone(ZoneInfo("Europe/Berlin"))
    window = a_window("22:00-02:30", "Europe/Berlin")

    assert window.closing(berlin) == window.closing(at) == utc("2026-10-25T00:30")
    assert window.closing(berlin.replace(fold=1)) is None
    assert next_day(berlin, berlin.tzinfo) == utc("2026-10-25T23:00")


# --- rules ----------------------------------------------------------------------------------


@given(windows, instants, st.booleans())
def test_closing_and_opening_agree(window, at, jump):
    at = near_a_jump(window.timezone, at) if jump else at

    closing, opening = window.closing(at), window.opening(at)

    assert (closing is not None) is (opening == at)
    assert (opening is None) is (not window.days)
    if opening is not None:
        assert opening >= at
        assert window.closing(opening) is not None
    if closing is not None:
        assert at < closing <= at + timedelta(hours=26)
        assert window.closing(closing - TICK) == closing
        assert window.closing(closing) is None or window.opening(closing) == closing


@given(windows, instants, st.booleans())
def test_nothing_is_open_before_the_opening(window, at, jump):
    at = near_a_jump(window.timezone, at) if jump else at
    opening = window.opening(at)
    assume(opening is not None and opening > at)

    assert window.closing(opening - TICK) is None
    assert window.closing(at + (opening - at) / 2) is None


@given(windows, instants, st.booleans())
def test_an_open_window_shows_a_time_between_its_two_but_where_the_clock_jumped(window, at, jump):
    at = near_a_jump(window.timezone, at) if jump else at
    wall = at.astimezone(window.timezone)
    jumped = any(
        (at + timedelta(hours=hours)).astimezone(window.timezone).utcoffset() != wall.utcoffset()
        for hours in range(-26, 27)
    )
    assume(not jumped)

    shown, today = wall.time(), wall.weekday()
    over_midnight = window.closes <= window.opens
    since_today = today in window.days and window.opens <= shown
    since_yesterday = (today - 1) % 7 in window.days and shown < window.closes
    expected = (
        since_today or since_yesterday if over_midnight else since_today and shown < window.closes
    )
    assert (window.closing(at) is not None) is expected


@given(zones, instants, st.booleans())
@example(ZoneInfo("America/St_Johns"), utc("2010-11-07T02:30"), False)
@example(ZoneInfo("America/St_Johns"), utc("2010-11-07T02:31"), False)
@example(ZoneInfo("Pacific/Apia"), utc("2011-12-30T09:59"), False)
def test_days_follow_each_other_without_a_gap(zone, at, jump):
    at = near_a_jump(zone, at) if jump else at

    turn = next_day(at, zone)

    assert turn > at
    assert day_of(turn, zone) > day_of(at, zone)
    assert day_of(turn - TICK, zone) <= day_of(at, zone)
    assert next_day(turn, zone) > turn
    assert next_day(turn - TICK, zone) == turn


@given(zones, instants, instants)
def test_days_never_turn_back_as_time_goes_on(zone, one, other):
    early, late = sorted((one, other))

    assert next_day(early, zone) <= next_day(late, zone)


@given(zones, instants, instants)
def test_a_night_began_on_the_day_or_the_day_before_and_never_turns_back(zone, one, other):
    early, late = sorted((one, other))

    assert day_of(late - timedelta(hours=26), zone) <= night_of(late, zone) <= day_of(late, zone)
    assert night_of(early, zone) <= night_of(late, zone)
