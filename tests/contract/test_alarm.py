"""Every alarm rings at the instant it was last set for, and at no other."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event

import pytest

from fleet.adapters.schedule import ScheduledAlarm
from fleet.adapters.system import SystemClock
from fleet.ports import Alarm, Clock
from tests.builders import NOW
from tests.twins import MemoryAlarm, WatchedClock

# far enough away that the next word comes before it on any machine
SOON = timedelta(seconds=2)
LATER = timedelta(hours=1)


@dataclass
class Bedside:
    """An alarm, the clock it goes by, how its time passes, and when it rang."""

    alarm: Alarm
    clock: Clock
    passes: Callable[[timedelta], object]
    rung: Event = field(default_factory=Event)
    rang: list[datetime] = field(default_factory=list)

    def set(self, after):
        """Set it so far from now; answer the instant."""
        at = self.clock.now() + after
        self.alarm.set(at)
        return at

    def wake(self):
        self.rang.append(self.clock.now())
        self.rung.set()


@pytest.fixture(params=["memory", "scheduled"])
def bedside(request):
    if request.param == "memory":
        moved = WatchedClock(NOW)
        found = Bedside(MemoryAlarm(moved), moved, moved.advance)
    else:
        pause = Event()
        found = Bedside(
            ScheduledAlarm(), SystemClock(), lambda by: pause.wait(by.total_seconds() + 0.3)
        )
    found.alarm.ready(found.wake)
    yield found
    found.alarm.close()


def test_it_rings_when_its_time_has_come_and_not_before(bedside):
    at = bedside.set(SOON)

    bedside.passes(SOON)

    # a thread of its own may come late, but never early
    assert bedside.rung.wait(60)
    assert bedside.rang[0] >= at


def test_an_instant_that_has_passed_rings_at_once(bedside):
    bedside.set(-LATER)
    bedside.passes(timedelta())

    assert bedside.rung.wait(60)


def test_a_later_word_replaces_an_earlier(bedside):
    bedside.set(SOON)
    bedside.set(LATER)
    bedside.passes(SOON)
    assert not bedside.rung.is_set()

    bedside.set(SOON)
    bedside.passes(SOON)

    assert bedside.rung.wait(60)


def test_it_rings_once(bedside):
    bedside.set(SOON)
    bedside.passes(SOON)
    assert bedside.rung.wait(60)

    bedside.passes(SOON)

    assert len(bedside.rang) == 1


@pytest.mark.parametrize("silence", [lambda a: a.set(None), lambda a: a.close()])
def test_what_is_taken_back_never_rings(bedside, silence):
    bedside.set(SOON)

    silence(bedside.alarm)
    bedside.passes(SOON)

    assert bedside.rang == []


def test_it_may_be_closed_without_ever_being_ready():
    ScheduledAlarm().close()
