"""The schedule: each entry reaches the domain, each wrong one is refused with its line."""

from datetime import time
from zoneinfo import ZoneInfo

import pytest

from fleet.config import load_fleet
from fleet.domain.cron import cron_of
from fleet.domain.errors import ConfigError
from fleet.domain.schedule import Schedule, TimedReport, TimedRun
from tests.config.homes import PROJECT, a_home

FULL = """\
timezone: America/New_York
schedule:
  - {name: night, cron: "0 22 * * 1-5", timezone: Europe/Moscow, run: {until: 08:00, parallel: 6}}
  - {name: morning, cron: "30 7 * * *", report: {since: 12h, to: ./traces/reports/}}
  - {name: noon, cron: "0 12 * * *", run: {until: "13:30"}}
"""


def test_runs_and_reports_reach_the_coordinator_without_a_timezone_in_the_fleets(tmp_path):
    schedule = load_fleet(a_home(tmp_path, PROJECT + FULL)).schedule

    new_york = ZoneInfo("America/New_York")
    night = TimedRun(
        name="night",
        cron=cron_of("0 22 * * mon-fri"),
        timezone=ZoneInfo("Europe/Moscow"),
        until=time(8),
        parallel=6,
    )
    noon = TimedRun(name="noon", cron=cron_of("0 12 * * *"), timezone=new_york, until=time(13, 30))
    morning = TimedReport(
        name="morning",
        cron=cron_of("30 7 * * *"),
        timezone=new_york,
        since=43200.0,
        to="traces/reports",
    )
    assert schedule == Schedule(runs=(night, noon), reports=(morning,))


def test_without_a_schedule_nothing_goes_by_the_clock(tmp_path):
    assert load_fleet(a_home(tmp_path)).schedule == Schedule()


RUN = 'name: n, cron: "0 2 * * *", run: {until: "08:00"}'
REPORT = 'name: n, cron: "0 2 * * *", report: {since: 12h, to: traces}'
MISTAKES = {
    "nothing to do": ('name: n, cron: "0 2 * * *"', "schedule[0]: expected either 'run' or 'rep"),
    "two things to do": (f"{RUN}, report: {{since: 1h, to: a}}", "expected either 'run' or 'rep"),
    "no cron": ("name: n, run: {until: '08:00'}", "schedule[0].cron: the key is missing"),
    "unknown cron": (RUN.replace("0 2 * * *", "daily"), "schedule[0].cron: expected a cron of fi"),
    "a wrong field": (RUN.replace("0 2", "0 25"), "schedule[0].cron: hour of the cron: expected"),
    "never": (RUN.replace("0 2 * *", "0 2 31 2"), "never comes"),
    "elsewhere": (f"{RUN}, timezone: Europe/Moskow", "did you mean 'Europe/Moscow'?"),
    "ends as it begins": (
        RUN.replace("08:00", "02:00"),
        "schedule n: it begins at 02:00, so it cannot end then",
    ),
    "ends as it begins again": (
        RUN.replace("0 2 *", "*/30 * *"),
        "schedule n: it begins at 08:00, so it cannot end then",
    ),
    "no end": (RUN.replace('until: "08:00"', "parallel: 2"), "run.until: the key is missing"),
    "no time of day": (RUN.replace("08:00", "8"), "expected a time from 00:00 to 23:59"),
    "nobody at once": (RUN.replace("}", ", parallel: 0}"), "greater than or equal to 1"),
    "too many at once": (RUN.replace("}", ", parallel: 257}"), "less than or equal to 256"),
    "unknown key": (RUN.replace("}", ", paralel: 2}"), "did you mean 'parallel'?"),
    "a report since ever": (REPORT.replace("12h", "8d"), "expected at most 7d"),
    "a report elsewhere": (REPORT.replace("traces", "/srv"), "expected a folder inside the home"),
    "a report above": (REPORT.replace("traces", "a/../../b"), "expected a folder inside the home"),
    "a report of the user": (REPORT.replace("traces", "~/r"), "expected a folder inside the home"),
    "a report in secret": (REPORT.replace("traces", ".fleet/r"), "expected a folder inside the"),
    "a report nowhere": (REPORT.replace("traces", "."), "expected a folder inside the home"),
}


@pytest.mark.parametrize(("entry", "said"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_in_the_schedule_names_its_line(tmp_path, entry, said):
    message = _refused(a_home(tmp_path, f"{PROJECT}schedule:\n  - {{{entry}}}\n"))

    assert said in message
    assert message.startswith(f"{tmp_path}/fleet.yaml:3: ")
    assert "\n" not in message


def test_two_entries_of_one_name_are_refused(tmp_path):
    text = f"{PROJECT}schedule:\n  - {{{RUN}}}\n  - {{{REPORT}}}\n"

    message = _refused(a_home(tmp_path, text))

    assert message == f"{tmp_path}/fleet.yaml:4: 'n' stands twice, first in line 3"


def _refused(home) -> str:
    with pytest.raises(ConfigError) as caught:
        load_fleet(home)
    return str(caught.value)
