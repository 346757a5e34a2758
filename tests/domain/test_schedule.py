"""What the schedule says at an instant, on the days on which clocks jump too."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from fleet.domain.cron import cron_of
from fleet.domain.schedule import Hours, TimedReport, TimedRun, due, due_next, hours_at, shift_near
from tests.domain.test_window import instants, near_a_jump, zones

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_run(cron="0 22 * * *", until="08:00", zone="UTC", **fields):
    named = {"name": "night"} | fields
    return TimedRun(
        cron=cron_of(cron), until=time.fromisoformat(until), timezone=ZoneInfo(zone), **named
    )


def a_report(cron="30 7 * * *", zone="UTC"):
    zone_ = ZoneInfo(zone)
    return TimedReport(name="morning", cron=cron_of(cron), timezone=zone_, since=43200.0, to="r")


# --- runs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cron", "until", "at", "starts", "ends"),
    [
        # 14 March 2026 is a Saturday
        ("0 22 * * *", "08:00", "2026-03-14T21:59", "2026-03-14T22:00", "2026-03-15T08:00"),
        ("0 22 * * *", "08:00", "2026-03-14T22:00", "2026-03-14T22:00", "2026-03-15T08:00"),
        ("0 22 * * *", "08:00", "2026-03-15T07:59", "2026-03-14T22:00", "2026-03-15T08:00"),
        ("0 22 * * *", "08:00", "2026-03-15T08:00", "2026-03-15T22:00", "2026-03-16T08:00"),
        ("0 9 * * *", "17:00", "2026-03-14T12:00", "2026-03-14T09:00", "2026-03-14T17:00"),
        ("0 22 * * 5", "08:00", "2026-03-14T03:00", "2026-03-13T22:00", "2026-03-14T08:00"),
        ("0 22 * * 5", "08:00", "2026-03-14T08:00", "2026-03-20T22:00", "2026-03-21T08:00"),
        # what fires again before the end goes on with the same run
        ("0 22,23 * * *", "08:00", "2026-03-14T23:30", "2026-03-14T22:00", "2026-03-15T08:00"),
        ("0 22 29 2 *", "06:00", "2028-03-01T05:59", "2028-02-29T22:00", "2028-03-01T06:00"),
        ("0 22 31 12 *", "06:00", "2027-01-01T05:59", "2026-12-31T22:00", "2027-01-01T06:00"),
    ],
)
def test_a_run_lasts_from_the_minute_of_its_cron_until_the_clock_next_shows_its_end(
    cron, until, at, starts, ends
):
    shift = shift_near(a_run(cron, until), utc(at))

    assert (shift.starts, shift.ends) == (utc(starts), utc(ends))


@pytest.mark.parametrize(
    ("cron", "until", "at", "starts", "ends"),
    [
        # Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC; 25 October: 03:00 becomes 02:00
        ("0 22 * * *", "08:00", "2026-03-28T21:00", "2026-03-28T21:00", "2026-03-29T06:00"),
        ("0 22 * * *", "08:00", "2026-10-24T20:00", "2026-10-24T20:00", "2026-10-25T07:00"),
        # skipped times are the instant of the jump
        ("30 2 * * *", "08:00", "2026-03-29T00:59", "2026-03-29T01:00", "2026-03-29T06:00"),
        ("0 22 * * *", "02:30", "2026-03-29T00:59", "2026-03-28T21:00", "2026-03-29T01:00"),
        # a run that the clock skipped altogether is none
        ("15 2 * * *", "02:45", "2026-03-29T00:00", "2026-03-30T00:15", "2026-03-30T00:45"),
        # of times that come twice the first counts
        ("30 2 * * *", "08:00", "2026-10-25T00:29", "2026-10-25T00:30", "2026-10-25T07:00"),
        ("0 22 * * *", "02:30", "2026-10-25T00:29", "2026-10-24T20:00", "2026-10-25T00:30"),
        ("0 22 * * *", "02:30", "2026-10-25T01:15", "2026-10-25T21:00", "2026-10-26T01:30"),
    ],
)
def test_a_run_goes_by_the_clock_on_the_wall(cron, until, at, starts, ends):
    shift = shift_near(a_run(cron, until, "Europe/Berlin"), utc(at))

    assert (shift.starts, shift.ends) == (utc(starts), utc(ends))


def test_a_run_that_ended_at_midnight_is_over_though_the_clock_goes_back_before_it():
    # St John's, 7 November 2010: a minute past midnight, at 02:31 UTC, it became 23:01 again
    turned = shift_near(a_run(until="00:00", zone="America/St_Johns"), utc("2010-11-07T02:45"))

    assert turned.starts == utc("2010-11-08T01:30")


def test_without_runs_nothing_is_refused_and_nothing_changes():
    assert hours_at((), utc("2026-03-14T12:00"), parallel=4) == Hours(parallel=4)


def test_outside_of_runs_the_next_one_is_named_with_its_beginning_by_its_own_clock():
    early = a_run("0 20 * * *", "21:00", "Europe/Moscow", name="early")

    hours = hours_at((a_run(), early), utc("2026-03-14T12:00"), parallel=4)

    assert hours.refused == "the run `early` begins at 2026-03-14 20:00 MSK"
    assert (hours.until, hours.run, hours.parallel) == (utc("2026-03-14T17:00"), None, 4)


@pytest.mark.parametrize(("named", "most"), [(6, 6), (2, 2), (None, 4)])
def test_a_run_says_how_many_attempts_there_are_at_once(named, most):
    hours = hours_at((a_run(parallel=named),), utc("2026-03-14T23:00"), parallel=4)

    assert (hours.refused, hours.parallel) == ("", most)
    assert hours.until == utc("2026-03-15T08:00")


@pytest.mark.parametrize(
    ("at", "run", "most", "until"),
    [
        ("2026-03-14T23:00", "night 2026-03-14T22:00Z", 2, "2026-03-15T00:00"),
        ("2026-03-15T00:30", "rush 2026-03-15T00:00Z", 8, "2026-03-15T01:00"),
        ("2026-03-15T01:00", "night 2026-03-14T22:00Z", 2, "2026-03-15T08:00"),
    ],
)
def test_of_runs_that_overlap_the_larger_number_holds_and_the_newest_is_paid_for(
    at, run, most, until
):
    rush = a_run("0 0 * * *", "01:00", name="rush", parallel=8)

    for runs in ((a_run(parallel=2), rush), (rush, a_run(parallel=2))):
        hours = hours_at(runs, utc(at), parallel=4)
        assert (hours.run, hours.parallel, hours.until) == (run, most, utc(until))


def test_a_run_in_the_shadow_of_a_larger_one_lowers_nothing():
    rush = a_run("0 0 * * *", "01:00", name="rush", parallel=2)

    assert hours_at((a_run(parallel=6), rush), utc("2026-03-15T00:30"), parallel=4).parallel == 6


clock_times = st.times().map(lambda t: t.replace(second=0, microsecond=0))
weekdays = st.sets(st.integers(0, 6), min_size=1)


@st.composite
def timed_runs(draw):
    """Draw a run on some weekdays, at one time of the day."""
    begins, until = draw(clock_times), draw(clock_times)
    assume(begins != until)
    days = ",".join(map(str, sorted(draw(weekdays))))
    cron = f"{begins.minute} {begins.hour} * * {days}"
    return TimedRun(name="n", cron=cron_of(cron), until=until, timezone=draw(zones))


@given(timed_runs(), instants, st.booleans())
def test_the_turn_at_an_instant_is_the_same_all_its_time(run, at, jump):
    at = near_a_jump(run.timezone, at) if jump else at

    shift = shift_near(run, at)

    assert shift.starts < shift.ends
    assert at < shift.ends
    assert shift_near(run, shift.starts) == shift
    assert shift_near(run, shift.ends - TICK) == shift
    assert shift_near(run, shift.ends).starts >= shift.ends
    # the one before it was over by then
    assert shift_near(run, shift.starts - TICK).ends in {shift.starts, shift.ends}


@given(timed_runs(), instants, st.booleans())
def test_a_turn_begins_and_ends_when_the_clock_shows_it_but_where_it_jumped(run, at, jump):
    at = near_a_jump(run.timezone, at) if jump else at
    shift = shift_near(run, at)
    near = [shift.starts + timedelta(hours=h) for h in range(-26, 50)]
    assume(len({each.astimezone(run.timezone).utcoffset() for each in near}) == 1)

    starts, ends = (each.astimezone(run.timezone) for each in (shift.starts, shift.ends))

    assert run.cron.first_from(starts.replace(tzinfo=None)) == starts.replace(tzinfo=None)
    assert ends.time() == run.until
    assert shift.ends - shift.starts < DAY


@given(timed_runs(), instants)
def test_the_answer_stays_the_same_up_to_the_instant_it_names(run, at):
    hours = hours_at((run,), at, parallel=4)
    assert hours.until is not None

    assert at < hours.until
    assert hours_at((run,), hours.until - TICK, parallel=4) == hours
    assert hours_at((run,), hours.until, parallel=4) != hours


# --- reports --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cron", "at", "last", "following"),
    [
        ("30 7 * * *", "2026-03-14T07:29", "2026-03-13T07:30", "2026-03-14T07:30"),
        ("30 7 * * *", "2026-03-14T07:30", "2026-03-14T07:30", "2026-03-15T07:30"),
        # 14 March 2026 is a Saturday: what fell due a day ago is made up for, no more than that
        ("30 7 * * 5", "2026-03-14T07:30", "2026-03-13T07:30", "2026-03-20T07:30"),
        ("30 7 * * 5", "2026-03-14T07:31", None, "2026-03-20T07:30"),
    ],
)
def test_a_report_falls_due_once_a_fire_and_is_made_up_for_within_a_day(cron, at, last, following):
    report = a_report(cron)

    assert due(report, utc(at)) == (last and utc(last))
    assert due_next(report, utc(at)) == utc(following)


@pytest.mark.parametrize(
    ("cron", "at", "last", "following"),
    [
        # Berlin, 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC; 29 March: 02:00 becomes 03:00
        ("30 2 * * *", "2026-10-25T00:30", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("30 2 * * *", "2026-10-25T01:10", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("30 2 * * *", "2026-10-25T01:30", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("*/30 * * * *", "2026-10-25T01:10", "2026-10-25T00:30", "2026-10-25T02:00"),
        ("30 2 * * *", "2026-03-29T01:00", "2026-03-29T01:00", "2026-03-30T00:30"),
        ("*/20 2 * * *", "2026-03-29T01:00", "2026-03-29T01:00", "2026-03-30T00:00"),
    ],
)
def test_a_report_falls_due_once_though_the_clock_shows_its_time_twice_or_never(
    cron, at, last, following
):
    report = a_report(cron, "Europe/Berlin")

    assert due(report, utc(at)) == utc(last)
    assert due_next(report, utc(at)) == utc(following)


@given(clock_times, zones, instants, st.booleans())
@example(time(23, 45), ZoneInfo("America/Havana"), utc("2026-11-01T05:10"), False)
def test_what_falls_due_next_is_what_was_due_last_once_it_has_come(clock, zone, at, jump):
    at = near_a_jump(zone, at) if jump else at
    report = a_report(f"{clock.minute} {clock.hour} * * *", str(zone))

    following = due_next(report, at)

    assert following > at
    assert due(report, following) == following
    last = due(report, following - TICK)
    assert last is None or last <= at
