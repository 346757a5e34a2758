"""What is in hand between two ticks; a restart finds all of it out again."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import cast

from fleet.app import roster
from fleet.app.crew import Report
from fleet.app.queues import Queues
from fleet.app.stations import collect, launch, watch
from fleet.app.stations.found import Held, Tried, Unmoved, Unsure
from fleet.domain.attempt import Attempt
from fleet.domain.merging import queue_key
from fleet.domain.plan import Action, Follow, Hearing
from fleet.domain.tries import Try
from fleet.ports import Clock, Exit

log = logging.getLogger(__name__)

RETRY = 3.0  # seconds until a transient failure is tried again
COOL = 5.0  # seconds until something that waits for the world is looked at again
UNCHECKED = 60.0  # seconds until a check that could not run is begun again
DEAF = 5.0  # seconds without an ear for what is said, from which on silence is forgiven
ANEW = 1.0  # seconds until a queue goes on whose target somebody else has moved
_WAITING = Held | Unsure | collect.Hindered | launch.Delayed


class InHand:
    """Actions handed to the crew, those to be tried later, and the containers that ended.

    `since` is when it began, when the clock was set or when the engine came back.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._retry_at: dict[str, float] = {}
        self._cool_until: dict[str, float] = {}
        self.since = clock.now()
        self.heard: dict[str, Hearing] = {}
        self.actions: dict[str, Action] = {}
        self.followed: set[str] = set()
        self.queues = Queues()
        self.exits: dict[str, Exit | None] = {}

    @property
    def timed(self) -> bool:
        """Tell whether anything is to be tried at a later instant."""
        return bool(self._retry_at or self._cool_until)

    @property
    def running(self) -> list[Attempt]:
        """Answer the attempts whose containers are being read."""
        return [each.attempt for each in self.actions.values() if isinstance(each, Follow)]

    def busy(self) -> frozenset[str]:
        """Answer the keys of what is being done or soon tried again."""
        self._expire(self._retry_at)
        return frozenset({*self.actions, *self._retry_at})

    def cooling(self) -> frozenset[str]:
        """Answer the keys of what waits for the world to change."""
        self._expire(self._cool_until)
        return frozenset(self._cool_until)

    def _expire(self, timers: dict[str, float]) -> None:
        now = self._clock.monotonic()
        for key in [key for key, due in timers.items() if due <= now]:
            del timers[key]

    def take(self, action: Action) -> None:
        """Remember an action that is handed out."""
        self.actions[action.key] = action
        if isinstance(action, Follow):
            self.followed.add(action.attempt.id)
            # what was said while nobody could read it comes only now
            before = self.heard.get(action.attempt.id, Hearing(since=None))
            self.heard[action.attempt.id] = replace(before, since=self._clock.now())
        if isinstance(action, Try):
            self.queues.began(action)

    def _heard_no_more(self, attempt: str) -> None:
        # it may be collected before its reader is through
        if attempt in self.heard:
            self.heard[attempt] = replace(self.heard[attempt], since=None)

    def clock_was_set(self, by: timedelta) -> None:
        """Count silence from now on, and the age of attempts without what the clock was set by."""
        self.forgive()
        for attempt, heard in self.heard.items():
            self.heard[attempt] = replace(heard, clock_set=heard.clock_set + by)

    def deaf(self, *, since: float) -> None:
        """Forgive silence where what was heard could not be written down for long.

        On a full disk the decider hears of one attempt only, until it has written that down.
        """
        if self._clock.monotonic() - since > DEAF:
            self.forgive()

    def forgive(self) -> None:
        """Count silence from now on."""
        self.since = self._clock.now()
        for attempt, heard in self.heard.items():
            self.heard[attempt] = replace(heard, since=heard.since and self.since)

    def taken(self, report: Report) -> "roster.Finding | watch.Told | None":
        """Take an action out of hand and answer what it found, if that moves the ledger."""
        action = self.actions.get(report.key)
        if report.last:
            self.actions.pop(report.key, None)
            if isinstance(action, Follow):
                self.followed.discard(action.attempt.id)
                self._heard_no_more(action.attempt.id)
        if report.error is not None and action is not None:
            self.queues.ended(report.key, None)
            return self._failed(action, report)
        self._remember(report)
        self.queues.ended(report.key, report.finding)
        if isinstance(report.finding, watch.Exited | watch.Stopped):
            return None
        return cast("roster.Finding | watch.Told | None", report.finding)

    def _remember(self, report: Report) -> None:
        """Keep what matters to the next plan but not to the ledger."""
        match report.finding:
            case watch.Exited() as exited:
                self.exits[exited.attempt] = exited.exit
            case collect.Gathered() as gathered:
                self.exits.pop(gathered.attempt, None)
                self.heard.pop(gathered.attempt, None)
            case Held() | Unmoved() as waits:
                self._wait(waits)
            case Tried() as tried if tried.candidate is None:
                self._cool(report.key)
            case watch.Stopped() | Unsure():
                self._cool(report.key)
            case _:
                pass

    def _wait(self, waits: Held | Unmoved) -> None:
        key = queue_key(waits.project, waits.target)
        if waits.moved_on:
            # soon, but never at once: what moves all the time would keep fleet at it
            self._retry_at[key] = self._clock.monotonic() + ANEW
        elif isinstance(waits, Held) and waits.verdicts and not waits.red_tip:
            # an error is not known by its tree: each look costs as much as the check
            self._cool(key, UNCHECKED)
        else:
            self._cool(key)

    def _cool(self, key: str, seconds: float = COOL) -> None:
        self._cool_until[key] = self._clock.monotonic() + seconds

    def _failed(self, action: Action, report: Report) -> "roster.Finding | None":
        error = report.error
        if report.transient or error is None:
            self._retry_at[action.key] = self._clock.monotonic() + RETRY
            return None
        log.warning("action failed", extra={"action": action.key, "reason": str(error)})
        finding = roster.failed(action, error)
        if finding is None or isinstance(finding, _WAITING):
            self._cool(action.key)
        if isinstance(finding, Held):
            self._wait(finding)
        return finding
