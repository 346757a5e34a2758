"""The crew: what it is handed comes back as a report, however much and whatever it raises."""

import errno
import threading
from contextlib import contextmanager

import pytest

from fleet.app.crew import TRAY_SIZE, Crew, Report
from fleet.app.stations import watch
from fleet.domain.errors import EngineDownError
from fleet.domain.wire import Line

BEAT = Line(seq=1, type="beat", data={})
WORD = Line(seq=2, type="progress", data={})


def never(finding):
    return False


@contextmanager
def no_thread_can_be_made():
    """Ask for more memory for a thread's stack than any machine has, inside the block."""
    before = threading.stack_size(1 << 46)
    try:
        yield
    finally:
        threading.stack_size(before)


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
    ("error", "transient"),
    [
        (EngineDownError("down"), True),
        (ZeroDivisionError("bug"), False),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (RuntimeError("bug"), False),
    ],
)
def test_whatever_goes_wrong_is_a_fact_for_the_decider(crew, error, transient):
    def fails():
        raise error

    crew.hand("git", "land 1", fails)

    (report,) = reports(crew, 1)
    assert (report.error, report.transient) == (error, transient)


def test_work_that_finds_no_thread_for_its_own_helpers_is_tried_again(crew):
    def helped():
        with no_thread_can_be_made():
            threading.Thread(target=never).start()

    crew.hand("git", "land 1", helped)

    (report,) = reports(crew, 1)
    assert (type(report.error), report.transient) == (RuntimeError, True)


def test_a_reader_that_fails_says_so_last(crew):
    def told():
        yield "one"
        raise EngineDownError("down")

    crew.read("follow a", told, patient=never)

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

    crew.read("follow a", flood, patient=never)
    assert full.wait(10)

    taken = reports(crew, told + 1)

    assert [report.finding for report in taken[:-1]] == list(range(told))
    assert taken[-1].last


def test_one_take_is_bounded(crew):
    crew.read("follow a", lambda: iter(range(2 * TRAY_SIZE)), patient=never)
    assert crew.woken.wait(10)

    assert len(crew.reports()) <= TRAY_SIZE


def test_a_slow_reader_holds_nobody_else_up(crew):
    go = threading.Event()

    def slow():
        go.wait(10)
        yield "late"

    crew.read("follow slow", slow, patient=never)
    crew.read("follow quick", lambda: iter(["soon"]), patient=never)

    assert {report.key for report in reports(crew, 2)} == {"follow quick"}
    go.set()
    assert reports(crew, 2)[0].finding == "late"


def test_a_patient_word_wakes_nobody_and_is_taken_at_the_next_look(crew):
    lies_there, go = threading.Event(), threading.Event()

    def told():
        yield "beat"
        lies_there.set()
        go.wait(10)
        yield "word"

    crew.read("follow a", told, patient=lambda finding: finding == "beat")
    assert lies_there.wait(10)
    assert not crew.woken.is_set()

    go.set()

    assert [report.finding for report in reports(crew, 3)] == ["beat", "word", None]


@pytest.mark.parametrize(
    ("finding", "waits"),
    [
        (watch.Told(attempt="a", lines=(BEAT, BEAT)), True),
        (watch.Told(attempt="a", lines=(BEAT, WORD)), False),
        (watch.Told(attempt="a", lines=(BEAT,), dropped=1), False),
        (watch.Exited(attempt="a", exit=None), False),
    ],
)
def test_beats_alone_may_wait(finding, waits):
    assert watch.patient(finding) is waits


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


def test_work_that_no_thread_can_be_made_for_fails_for_now_and_is_never_done_unasked(crew):
    done = []
    with no_thread_can_be_made():
        crew.hand("git", "land 1", lambda: done.append("land 1"))
        crew.read("follow 1", lambda: iter([WORD]), patient=never)

    refused = reports(crew, 2)
    crew.hand("git", "land 2", lambda: done.append("land 2"))

    assert [(report.key, report.transient) for report in refused] == [
        ("land 1", True),
        ("follow 1", True),
    ]
    assert [report.key for report in reports(crew, 1)] == ["land 2"]
    assert crew.settled(within=10)
    assert done == ["land 2"]


def test_work_without_a_thread_of_its_own_is_told_of_once_and_not_done_once_it_was_refused(crew):
    at_work, go_on, done = threading.Event(), threading.Event(), []

    def busy():
        at_work.set()
        go_on.wait(10)

    crew.hand("git", "land 1", busy)
    assert at_work.wait(10)
    with no_thread_can_be_made():
        crew.hand("git", "land 2", lambda: done.append("land 2"))
    (refused,) = reports(crew, 1)
    go_on.set()
    crew.hand("git", "land 3", lambda: None)

    told = reports(crew, 2)

    assert (refused.key, refused.transient) == ("land 2", True)
    assert sorted(report.key for report in told) == ["land 1", "land 3"]
    assert crew.settled(within=10)
    assert done == []
