"""`fleet up` says what goes by the clock, and refuses a home that another one holds."""

import os
import subprocess
import sys
from contextlib import nullcontext
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fleet.adapters.home import home_held
from fleet.adapters.memory import ManualClock
from fleet.app.run import STARTED, Run
from fleet.bootstrap import office_open
from fleet.cli.up import Service
from fleet.config import read_settings
from fleet.domain.cron import cron_of
from fleet.domain.hold import COORDINATOR, Hold, HoldKind
from fleet.domain.plan import Plan, Snapshot
from fleet.domain.schedule import Schedule, TimedReport, TimedRun
from fleet.ports import Log
from tests.builders import NOW, a_fleet, an_event
from tests.cli.reviewed import written
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

MIDNIGHT = datetime(2026, 3, 14, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")
NIGHT = TimedRun(name="night", cron=cron_of("0 22 * * *"), timezone=MOSCOW, until=time(8))
MORNING = TimedReport(
    name="morning", cron=cron_of("30 7 * * *"), timezone=MOSCOW, since=3600.0, to="traces/reports"
)


@pytest.fixture
def said(capsys):
    """Answer a function that says what a service tells of a schedule as the hours go by."""

    def lines(schedule, *hours):
        clock = ManualClock(MIDNIGHT)
        service = Service(a_fleet(schedule=schedule), clock, Path("/srv/night"))
        for hour in hours:
            clock.advance(MIDNIGHT + timedelta(hours=hour) - clock.now())
            service.seen(Snapshot(), Plan())
        return [" ".join(line.split()) for line in capsys.readouterr().err.splitlines()]

    return lines


_TALKS = """
import os, sys
from pathlib import Path
from fleet.adapters.memory import ManualClock
from fleet.cli.up import Service
from fleet.domain.plan import Plan, Snapshot
from tests.builders import NOW, a_fleet
from tests.cli.reviewed import written

home = Path(sys.argv[1])
service = Service(a_fleet(), ManualClock(NOW), home)
for night in range(3):
    os.write(2, b"%d" % night * 5_000_000)
    service.seen(Snapshot(), Plan())
os.write(2, b"the end")
"""


def talks(home, log):
    """Let a service that writes to that file say five megabytes, three times."""
    with log.open("ab") as written:
        command = [sys.executable, "-c", _TALKS, str(home)]
        subprocess.run(command, cwd=ROOT, stderr=written, check=True)


def test_the_log_of_a_service_is_bounded_while_it_grows(tmp_path):
    log = tmp_path / ".fleet" / "up.log"
    log.parent.mkdir()

    talks(tmp_path, log)

    assert log.read_bytes() == b"the end"
    kept = log.with_name("up.log.1")
    assert (kept.stat().st_size, kept.read_bytes()[-1:]) == (5_000_000, b"2")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in log.parent.iterdir()) == ["up.log", "up.log.1"]


def test_what_a_service_writes_elsewhere_is_not_its_log(tmp_path):
    (tmp_path / ".fleet").mkdir()
    log = tmp_path / ".fleet" / "up.log"
    log.write_text("of another day")

    talks(tmp_path, tmp_path / "journal")

    assert log.read_text() == "of another day"
    assert (tmp_path / "journal").stat().st_size > 15_000_000


def without_seconds(lines):
    return [line.partition("s ")[2] for line in lines]


def test_it_says_once_where_it_coordinates(said):
    assert said(Schedule(), 1, 2) == [
        "fleet up: coordinates /srv/night until it is stopped (Ctrl-C, SIGTERM)"
    ]


def test_it_says_when_a_run_begins_and_what_comes_after_it(said):
    lines = said(Schedule(runs=(NIGHT,)), 18, 19, 20, 29)

    assert without_seconds(lines[1:]) == [
        "schedule waits the run `night` begins at 2026-03-14 22:00 MSK",
        "run night is under way until 2026-03-15 08:00 MSK, 4 attempts at once",
        "schedule waits the run `night` begins at 2026-03-15 22:00 MSK",
    ]


def test_it_says_which_report_was_due_and_where_it_is(said):
    lines = said(Schedule(reports=(MORNING,)), 1, 5, 6)

    assert without_seconds(lines[1:]) == [
        "report morning was due 2026-03-13 07:30 MSK, see traces/reports",
        "report morning was due 2026-03-14 07:30 MSK, see traces/reports",
    ]


def test_a_home_that_another_coordinator_holds_is_refused_with_its_name(home):
    with home_held(home.folder, since=NOW, what="fleet run"):
        done = home.run("up")

    assert done.code == 1
    assert f"process {os.getpid()} (fleet run) coordinates the home" in done.err
    assert "wait for it or stop it" in done.err


def test_since_when_another_holds_it_is_told_by_the_machines_clock_with_its_zone(home, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    with home_held(home.folder, since=NOW, what="fleet run"):
        done = home.run("up")

    assert f"since {NOW.astimezone(ZoneInfo('Asia/Kolkata')):%Y-%m-%d %H:%M} IST" in done.err


def test_who_follows_another_coordinator_is_told_what_its_tasks_wait_for(home):
    home.agent("gone", "")
    key, other = home.task("do it", "--profile", "gone"), home.task("more", "--profile", "gone")
    (home.folder / "profiles" / "gone.yaml").unlink()
    with home_held(home.folder, since=NOW, what="fleet up"), home.start("run", key) as process:
        assert process.stderr is not None
        said = [process.stderr.readline() for _ in range(2)]
        process.terminate()
        said += process.communicate(timeout=60)[1].splitlines()

    assert f"it does the work; following {key}" in said[0]
    assert key in said[1]
    assert "there is no profile of that name" in said[1]
    assert not any(other in line for line in said)


@pytest.mark.parametrize("kind", list(HoldKind))
def test_a_coordinator_that_is_ending_already_is_not_to_be_stopped_but_waited_for(home, kind):
    told = Hold(subject=COORDINATOR, kind=kind, active=True, who="ann", at=NOW)
    written(home, told)

    with home_held(home.folder, since=NOW - timedelta(minutes=1), what="fleet up"):
        done = home.run("up")

    assert done.code == 1
    assert "and ends: stopped by ann" in done.err
    assert "wait until it has ended" in done.err
    assert ("fleet down --now" in done.err) == (kind is HoldKind.DRAIN)


def test_what_its_predecessor_was_told_is_not_said_of_who_begins_now(home):
    written(home, Hold(subject=COORDINATOR, kind=HoldKind.STOP, active=True, who="ann", at=NOW))

    with home_held(home.folder, since=NOW + timedelta(minutes=1), what="fleet up"):
        done = home.run("up")

    assert "ends: stopped by" not in done.err
    assert "wait for it or stop it" in done.err


@pytest.mark.parametrize(
    ("holder", "waits"), [("fleet up", True), ("fleet run", False), (None, False)]
)
def test_who_asks_what_a_task_waits_for_is_told_of_the_schedule_where_a_service_keeps_it(
    home, holder, waits
):
    home.agent("writes", "")
    key = home.task("do it")
    # more than half a year away, whenever this is run
    month = (datetime.now(UTC).month + 6) % 12 + 1  # noqa: TID251 - the command asks it as well
    run = {"name": "yearly", "cron": f"0 2 1 {month} *", "run": {"until": "03:00"}}
    home.configure(schedule=[run])

    held = nullcontext() if holder is None else home_held(home.folder, since=NOW, what=holder)
    with held:
        queue = home.run("status", "--json").json["queue"]
        explained = home.run("pool", "status", "--explain", "--json").json["tasks"]

    (row,) = [row for row in queue if row["task"] == key]
    assert ("the run `yearly` begins at" in row["waiting_for"]) is waits
    assert (row["until"] is not None) is waits
    assert ("the run `yearly` begins at" in explained[0]["reason"]) is waits


@pytest.mark.parametrize(
    ("held", "told", "parallel"), [(True, 7, 7), (True, None, 4), (False, 7, 4)]
)
def test_status_shows_how_many_run_at_once_as_whoever_coordinates_was_ordered(
    home, held, told, parallel
):
    ordered = Run(id="one", parallel=told)
    with office_open(read_settings(home.folder)) as office:
        office.ledger.commit([Log(event=an_event(STARTED, task=None, data=ordered.data))])

    with home_held(home.folder, since=NOW, what="fleet run") if held else nullcontext():
        shown = home.run("status", "--json").json["slots"]
        said = home.run("status").out

    assert shown == [{"parallel": parallel, "running": 0}]
    assert f"0 of {parallel} attempts run" in said
