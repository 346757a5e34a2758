"""A service keeps the schedule: runs begin and end by the clock, reports are written once."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from fleet.app.clerk import Clerk
from fleet.app.clockwork import Clockwork
from fleet.app.coordinator import Order
from fleet.app.run import BEGAN, Run, run_of
from fleet.app.scribe import WRITTEN, Scribe
from fleet.domain.attempt import State
from fleet.domain.cron import cron_of
from fleet.domain.errors import FleetError, TransientError
from fleet.domain.schedule import Schedule, TimedReport, TimedRun
from tests.app.pooled import HANGS, STARTED, add, ends, happened, plays, rest, sleep
from tests.builders import NOW, a_profile
from tests.memory_world import Life, Play, World, a_tenure, line, result

PATIENT = a_profile(heartbeat_lost_after=1e6, stall_after=1e6, attempt_timeout=1e6)
SERVICE = Order(parallel=2, service=True)


def at(clock, days=0):
    # NOW is 09:26:53
    return datetime.combine(NOW.date(), time.fromisoformat(clock), tzinfo=UTC) + timedelta(days)


def a_run(cron, until, **fields):
    return TimedRun(
        **({"name": "noon"} | fields),
        cron=cron_of(cron),
        until=time.fromisoformat(until),
        timezone=UTC,
    )


def a_world(*runs, reports=(), **fields):
    return World(
        schedule=Schedule(runs=runs, reports=reports), profiles={"local": PATIENT}, **fields
    )


def a_life(world, order=SERVICE):
    """Begin a life as bootstrap does: it goes on with the run that was left without an end."""
    left = run_of(world.ledger)
    world.run = left.id if left else "fresh"
    life = Life(world, order)
    rest(life)
    return life


def move_to(life, instant):
    life.world.clock.advance(instant - life.world.clock.now())
    rest(life)


def paid(world):
    return {row.task: row.run for row in world.ledger.settlements()}


def test_a_task_outside_of_runs_starts_at_the_minute_in_which_one_begins():
    world = a_world(a_run("30 11 * * *", "12:00"))
    add(world)
    life = a_life(world)
    (wait,) = life.plan.waits
    assert wait.reason == "the run `noon` begins at 2026-03-14 11:30 UTC"
    assert wait.until == at("11:30")
    assert ends(world) == []

    sleep(life)

    (attempt,) = world.ledger.attempts("APP-1")
    assert (attempt.created, attempt.state) == (at("11:30"), State.MERGED)


def test_at_its_end_nothing_more_is_dispatched_but_what_runs_is_finished_and_merged():
    world = a_world(a_run("0 9 * * *", "10:00"))
    plays(world, Play(edits={"a.txt": "half"}, says=(STARTED,), code=None))
    add(world)
    life = a_life(world)
    assert ends(world) == [(State.RUNNING, "local")]

    assert world.alarm.at == at("10:00")
    sleep(life)
    add(world)
    rest(life)

    assert ends(world, "APP-2") == []
    assert life.plan.waits[0].until == at("09:00", days=1)
    (attempt,) = world.ledger.attempts("APP-1")
    world.runtime.ends(attempt.container, result(2))
    rest(life)
    assert ends(world) == [(State.MERGED, "local")]


@pytest.mark.parametrize(("named", "most"), [(3, 3), (1, 1), (None, 2)])
def test_a_run_says_how_many_attempts_there_are_at_once(named, most):
    world = a_world(a_run("0 9 * * *", "10:00", parallel=named))
    plays(world, HANGS)
    for _ in range(4):
        add(world)

    a_life(world)

    assert [a.state for a in world.ledger.attempts()] == [State.RUNNING] * most


def a_clockwork(schedule, *, parallel):
    world = World()
    clerk = Clerk(world.ledger, world.clock, a_tenure(world).fence)
    return Clockwork(schedule, world.alarm, clerk, parallel=parallel)


def test_there_are_hands_for_the_largest_run_from_the_start():
    runs = (a_run("0 9 * * *", "10:00"), a_run("0 22 * * *", "08:00", name="n", parallel=6))

    assert a_clockwork(Schedule(runs=runs), parallel=2).most == 6
    assert a_clockwork(Schedule(), parallel=2).most == 2


def test_what_waits_for_another_reason_does_not_wait_for_the_run():
    world = a_world(a_run("30 11 * * *", "12:00"))
    add(world)
    life = a_life(world)

    life.coordinator.stop()
    life.tick()

    (wait,) = life.plan.waits
    assert (wait.reason, wait.until) == ("the coordinator stops", None)


def test_in_a_run_too_nothing_starts_without_room():
    world = a_world(a_run("0 9 * * *", "10:00"))
    add(world)
    world.run = "fresh"
    life = Life(world, SERVICE)
    life.room = "disk is full"

    rest(life)

    (wait,) = life.plan.waits
    assert (wait.reason, wait.until) == ("disk is full", None)


def test_without_runs_a_service_dispatches_always_and_never_ends_by_being_idle():
    world = a_world()
    add(world)

    life = a_life(world)

    assert ends(world) == [(State.MERGED, "local")]
    assert not life.done
    life.coordinator.stop()
    life.tick()
    assert life.done


def test_only_a_service_keeps_the_schedule():
    world = a_world(a_run("30 11 * * *", "12:00"))
    add(world)

    a_life(world, Order())

    assert ends(world) == [(State.MERGED, "local")]


def test_each_shift_of_a_run_is_paid_for_by_itself():
    world = a_world(a_run("0 9 * * *", "10:00"))
    add(world)
    life = a_life(world)
    sleep(life)
    add(world)
    rest(life)

    sleep(life)

    first, second = "noon 2026-03-14T09:00Z", "noon 2026-03-15T09:00Z"
    assert paid(world) == {"APP-1": first, "APP-2": second}
    assert [event.data["run"] for event in happened(world, BEGAN)] == [first, second]
    assert run_of(world.ledger) == Run(id=second, parallel=SERVICE.parallel)


def test_what_is_finished_after_the_end_is_paid_by_the_run_that_began_it():
    world = a_world(a_run("0 9 * * *", "10:00"))
    plays(world, HANGS)
    add(world)
    life = a_life(world)
    sleep(life)

    second = a_life(world)
    (attempt,) = world.ledger.attempts("APP-1")
    world.runtime.ends(attempt.container, line(2, "usage", turns=1), result(3))
    rest(second)

    assert paid(world) == {"APP-1": "noon 2026-03-14T09:00Z"}


def test_a_life_that_begins_in_the_middle_goes_on_with_the_same_run():
    world = a_world(a_run("0 9 * * *", "10:00"))
    add(world)
    a_life(world)
    world.clock.advance(timedelta(minutes=20))
    add(world)

    a_life(world)

    assert set(paid(world).values()) == {"noon 2026-03-14T09:00Z"}
    assert len(happened(world, BEGAN)) == 1


def test_nothing_starts_before_the_beginning_of_the_run_is_written_down():
    world = a_world(a_run("0 9 * * *", "10:00"))
    add(world)
    world.run = "fresh"
    life = Life(world, SERVICE)
    commit, failures = world.ledger.commit, [TransientError("busy")]

    def fails_first(writes):
        if failures:
            raise failures.pop()
        commit(writes)

    world.ledger.commit = fails_first
    life.tick()
    assert life.plan.actions == ()
    assert "not written down yet" in life.plan.waits[0].reason
    assert life.crew.woken.is_set()
    rest(life)

    assert paid(world) == {"APP-1": "noon 2026-03-14T09:00Z"}


def test_a_clock_set_forward_over_the_beginning_is_noticed_though_no_alarm_rings():
    world = a_world(a_run("30 11 * * *", "12:00"))
    add(world)
    life = a_life(world)
    latest = world.ledger.latest_event()
    world.alarm.close()
    world.clock.advance(at("11:31") - NOW)

    life.coordinator._wait(latest)

    rest(life)
    assert ends(world) == [(State.MERGED, "local")]


# --- reports --------------------------------------------------------------------------------

REPORT = TimedReport(
    name="morning", cron=cron_of("30 10 * * *"), timezone=UTC, since=43200.0, to="traces/reports"
)
TODAY = ("traces/reports", "morning-2026-03-14T1030Z.md")
YESTERDAY = ("traces/reports", "morning-2026-03-13T1030Z.md")


def test_a_report_is_written_at_its_minute_and_tells_of_its_hours():
    world = a_world(reports=(REPORT,))
    add(world)
    life = a_life(world)
    world.reports.files.clear()
    assert world.alarm.at == at("10:30")

    sleep(life)

    assert list(world.reports.files) == [TODAY]
    assert "**APP-1** Do it" in world.reports.files[TODAY]
    (event,) = [e for e in happened(world, WRITTEN) if e.at >= at("10:30")]
    assert event.what == "traces/reports/morning-2026-03-14T1030Z.md"


def test_a_report_of_a_fleet_that_a_file_stopped_says_so():
    world = a_world(reports=(REPORT,))
    world.brake.said = "stopped by a file"

    a_life(world)

    assert "everything is stopped by a file" in world.reports.files[YESTERDAY]


def test_a_report_that_was_missed_is_made_up_for_once():
    world = a_world(reports=(REPORT,))

    life = a_life(world)
    life.tick()

    assert list(world.reports.files) == [YESTERDAY]
    assert len(happened(world, WRITTEN)) == 1


def test_two_reports_of_one_minute_are_both_written():
    world = a_world(reports=(REPORT, replace(REPORT, name="second")))

    a_life(world)
    a_life(world)

    assert [name for _, name in world.reports.files] == [YESTERDAY[1], "second" + YESTERDAY[1][7:]]


def test_a_report_that_is_being_written_is_not_taken_in_hand_again():
    scribe = Scribe((REPORT,))

    (taken,) = scribe.take(NOW)

    assert taken == ("report morning", REPORT, at("10:30", days=-1))
    assert list(scribe.take(NOW)) == []
    assert scribe.next(NOW) is None


def test_a_report_is_not_written_again_by_a_later_life_though_its_file_was_taken_away():
    world = a_world(reports=(REPORT,))
    a_life(world)
    world.reports.files.clear()

    a_life(world)

    assert world.reports.files == {}


def test_a_life_killed_before_it_noted_a_report_leaves_the_file_as_it_is():
    world = a_world(reports=(REPORT,))
    world.reports.files[YESTERDAY] = "as it was"

    a_life(world)

    assert world.reports.files == {YESTERDAY: "as it was"}
    assert len(happened(world, WRITTEN)) == 1


def test_a_report_that_cannot_be_written_is_told_and_tried_again_after_a_minute(caplog):
    world = a_world(reports=(REPORT,))
    world.faults.plan("report", FleetError("no room"))

    with caplog.at_level(logging.ERROR):
        life = a_life(world)
    assert world.reports.files == {}
    assert [(e.message, e.reason) for e in caplog.records] == [("report not written", "no room")]
    assert world.alarm.at == NOW + timedelta(minutes=1)
    sleep(life)

    assert list(world.reports.files) == [YESTERDAY]


def test_a_report_that_could_not_be_written_all_day_is_given_up():
    world = a_world(reports=(REPORT,))
    world.faults.plan("report", *[FleetError("no room")] * 2)
    life = a_life(world)

    move_to(life, at("10:31"))
    assert world.reports.files == {}
    sleep(life)

    assert list(world.reports.files) == [TODAY]
    assert world.alarm.at == at("10:30", days=1)


def test_a_report_that_fell_due_too_long_ago_is_none():
    seldom = TimedReport(
        name="weekly", cron=cron_of("0 9 * * fri"), timezone=UTC, since=3600.0, to="r"
    )
    world = a_world(reports=(seldom,))

    a_life(world)

    assert world.reports.files == {}
    assert world.alarm.at == at("09:00", days=6)


def test_only_a_service_writes_reports():
    world = a_world(reports=(REPORT,))

    a_life(world, Order())

    assert world.reports.files == {}
