"""The crew: what it is handed comes back as a report, however much and whatever it raises."""

import threading

import pytest

from fleet.app.crew import TRAY_SIZE, Crew, Report
from fleet.domain.errors import EngineDownError


@pytest.fixture
def crew():
    made = Crew({"git": 2})
    yield made
    made.close()


def reports(crew, count):
    """Answer that many reports, waiting for them."""
    taken: list[Report] = []
    while len(taken) < count:
        assert crew.woken.wait(10)
        crew.woken.clear()
        taken += crew.reports()
    return taken


def test_work_comes_back_as_a_report(crew):
    crew.hand("git", "land 1", lambda: "landed")

    (report,) = reports(crew, 1)

    assert (report.key, report.finding, report.error, report.last) == (
        "land 1", "landed", None, True
    )  # fmt: skip


@pytest.mark.parametrize(
    ("error", "transient"), [(EngineDownError("down"), True), (ZeroDivisionError("bug"), False)]
)
def test_whatever_goes_wrong_is_a_fact_for_the_decider(crew, error, transient):
    def fails():
        raise error

    crew.hand("git", "land 1", fails)

    (report,) = reports(crew, 1)
    assert (report.error, report.transient) == (error, transient)


def test_a_reader_that_fails_says_so_last(crew):
    def told():
        yield "one"
        raise EngineDownError("down")

    crew.read("follow a", told)

    first, last = reports(crew, 2)
    assert (first.finding, first.last) == ("one", False)
    assert (last.transient, last.last) == (True, True)


def test_a_flood_waits_for_the_decider_and_nothing_is_lost(crew):
    told, full = 3 * TRAY_SIZE, threading.Event()

    def flood():
        for number in range(told):
            if number == TRAY_SIZE:
                full.set()
            yield number

    crew.read("follow a", flood)
    assert full.wait(10)

    taken = reports(crew, told + 1)

    assert [report.finding for report in taken[:-1]] == list(range(told))
    assert taken[-1].last


def test_one_take_is_bounded(crew):
    crew.read("follow a", lambda: iter(range(2 * TRAY_SIZE)))
    assert crew.woken.wait(10)

    assert len(crew.reports()) <= TRAY_SIZE


def test_a_slow_reader_holds_nobody_else_up(crew):
    go = threading.Event()

    def slow():
        go.wait(10)
        yield "late"

    crew.read("follow slow", slow)
    crew.read("follow quick", lambda: iter(["soon"]))

    assert {report.key for report in reports(crew, 2)} == {"follow quick"}
    go.set()
    assert reports(crew, 2)[0].finding == "late"


def test_a_closed_crew_puts_nothing_on_the_tray():
    crew, go, done = Crew({"git": 1}), threading.Event(), threading.Event()

    def late():
        go.wait(10)
        done.set()

    crew.hand("git", "land 1", late)
    crew.close()
    go.set()

    assert done.wait(10)
    assert crew.reports() == []
