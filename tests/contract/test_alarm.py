"""Every alarm rings at the instant it was last set for, and at no other."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Event

import pytest

from fleet.adapters.schedule import ScheduledAlarm
from fleet.adapters.system import SystemClock
from fleet.ports import Alarm, Clock
from tests.builders import NOW
from tests.twins import MemoryAlarm, WatchedClock

SOON = timedelta(seconds=0.2)
LATER = timedelta(hours=1)


@dataclass
class Bedside:
    """An alarm, the clock it goes by, how its time passes, and what it wakes."""

    alarm: Alarm
    clock: Clock
    passes: Callable[[timedelta], object]
    rung: Event

    def set(self, after):
        self.alarm.set(self.clock.now() + after)


@pytest.fixture(params=["memory", "scheduled"])
def bedside(request):
    clock = WatchedClock(NOW) if request.param == "memory" else SystemClock()
    rung, pause = Event(), Event()
    if isinstance(clock, WatchedClock):
        made: Alarm = MemoryAlarm(clock)
        passes: Callable[[timedelta], object] = clock.advance
    else:
        made = ScheduledAlarm()
        passes = lambda by: pause.wait(by.total_seconds() + 0.3)  # noqa: E731
    made.ready(rung.set)
    yield Bedside(made, clock, passes, rung)
    made.close()


def test_it_rings_when_its_time_has_come_and_not_before(bedside):
    bedside.set(SOON)
    assert not bedside.rung.is_set()

    bedside.passes(SOON)

    assert bedside.rung.is_set()


def test_an_instant_that_has_passed_rings_at_once(bedside):
    bedside.set(-LATER)
    bedside.passes(timedelta())

    assert bedside.rung.is_set()


def test_a_later_word_replaces_an_earlier(bedside):
    bedside.set(SOON)
    bedside.set(LATER)
    bedside.passes(SOON)
    assert not bedside.rung.is_set()

    bedside.set(SOON)
    bedside.passes(SOON)

    assert bedside.rung.is_set()


def test_it_rings_once(bedside):
    bedside.set(SOON)
    bedside.passes(SOON)
    bedside.rung.clear()

    bedside.passes(SOON)

    assert not bedside.rung.is_set()


@pytest.mark.parametrize("silence", [lambda a: a.set(None), lambda a: a.close()])
def test_what_is_taken_back_never_rings(bedside, silence):
    bedside.set(SOON)

    silence(bedside.alarm)
    bedside.passes(SOON)

    assert not bedside.rung.is_set()


def test_it_may_be_closed_without_ever_being_ready():
    ScheduledAlarm().close()
