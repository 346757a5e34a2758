"""A coordinator in the foreground, with signals and progress; or following another one."""

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event
from types import FrameType
from typing import TYPE_CHECKING

from fleet.cli.output import plain, say, told
from fleet.cli.place import around, halted, plans_with
from fleet.domain.errors import BusyError
from fleet.domain.health import engine_refused
from fleet.domain.hold import COORDINATOR, HoldKind

INTERRUPTED = 130

if TYPE_CHECKING:
    from fleet.app.coordinator import Coordinator, Order
    from fleet.bootstrap import Office, Seen
    from fleet.domain.plan import Plan, Snapshot


def order_for(
    office: "Office",
    *,
    keys: Sequence[str] = (),
    parallel: int | None = None,
    until: datetime | None = None,
    merges_only: bool = False,
) -> "Order":
    """Answer what a coordinator is to do; raises NotFoundError for an unknown key."""
    from fleet.app.coordinator import Order

    for key in keys:
        office.ledger.task(key)
    return Order(
        keys=frozenset(keys) or None,
        parallel=parallel or office.fleet.parallel,
        until=until,
        merges_only=merges_only,
    )


def run_or_follow(office: "Office", order: "Order", *, what: str, quiet: bool) -> Mapping[str, str]:
    """Coordinate in this process, or follow the named tasks where another one does already.

    Answers why tasks that were ready could not start in the end, where this process knows.
    Raises BusyError when another coordinator holds the home and no key was named.
    """
    progress = Progress(quiet=quiet)
    while True:
        try:
            coordinate(office, order, what=what, seen=progress.seen)
        except BusyError as error:
            if order.keys is None:
                raise
            say(f"{error.message}: it does the work; following {', '.join(sorted(order.keys))}")
            if not _follow(office, order.keys, progress):
                continue
        if order.until is None and progress.next:
            say(progress.next)
        return progress.waits


def coordinate(office: "Office", order: "Order", *, what: str, seen: "Seen") -> None:
    """Coordinate in this process until done, or until a signal ends it by KeyboardInterrupt.

    Raises BusyError when another coordinator holds the home.
    """
    from fleet.bootstrap import coordinator_ready

    try:
        with coordinator_ready(office, order, what=what, seen=seen, told=told) as coordinator:
            warn_of_blocked_targets(office)
            with signals_stop(coordinator):
                coordinator.run()
    except BusyError as error:
        raise _of_one_that_ends(error, office) from error


def _of_one_that_ends(error: BusyError, office: "Office") -> BusyError:
    """Answer the refusal; where the holder was told to end already, with that beside it."""
    from fleet.bootstrap import held_by

    hold, holder = office.ledger.hold(COORDINATOR), held_by(office)
    if hold is None or not hold.active or holder is None:
        return error
    if hold.at < datetime.fromisoformat(str(holder["since"])):
        # its predecessor was meant; it lifts that as soon as it has begun
        return error
    sooner = " or end it at once: `fleet down --now`" if hold.kind is HoldKind.DRAIN else ""
    said = f"{error.message}, and ends: {plain(hold.said)}"
    return BusyError(said, remedy=f"wait until it has ended{sooner}")


def warn_of_blocked_targets(office: "Office") -> None:
    """Say in a line where merges will have to wait, and how to avoid it."""
    from fleet.bootstrap import worktrees

    git = worktrees(office)
    for project in office.fleet.projects.values():
        blocked = git.target_blocked(project)
        if blocked:
            say(f"{project.key}: merges into {project.target} will wait: {blocked}")


@contextmanager
def signals_stop(coordinator: "Coordinator") -> Iterator[None]:
    """Stop cleanly on SIGTERM and Ctrl-C inside the block; a second one stops at once.

    So does a terminal that is closed, unless nobody is to hear of that (nohup).
    """
    asked = Event()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            if number == signal.SIGHUP:
                return  # a shell that ends says it again: nobody is impatient
            # at once, whatever the threads do: the next life finds everything again
            os._exit(INTERRUPTED)
        asked.set()
        coordinator.stop()
        say("stopping: agents are told to stop, their work is committed (again: stop at once)")

    heard = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        heard.append(signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked.is_set():
        raise KeyboardInterrupt


def _follow(office: "Office", keys: frozenset[str], progress: "Progress") -> bool:
    """Wait until nothing of the tasks can move by itself; False when the other one has gone."""
    from fleet.app import views
    from fleet.bootstrap import held_by

    wait, told = Event(), -1
    while True:
        latest = office.ledger.latest_event()
        if latest != told:
            progress.seen(*_foreseen(office, keys))
            told = latest
        snapshot = office.ledger.snapshot()
        if not keys & views.moving(snapshot, office.fleet, halted=halted(office)):
            return True
        if held_by(office) is None:
            return False
        wait.wait(1)


def _foreseen(office: "Office", keys: frozenset[str]) -> tuple["Snapshot", "Plan"]:
    """Answer what of these tasks whoever coordinates sees and plans."""
    from fleet.app.views.outlook import outlook

    snapshot, fleet = plans_with(office)
    current = outlook(snapshot, fleet, now=office.clock.now(), around=around(office))
    attempts = tuple(each for each in snapshot.attempts if each.task in keys)
    waits = tuple(each for each in current.waits if each.task in keys)
    return replace(snapshot, attempts=attempts), replace(current, waits=waits)


@dataclass
class Progress:
    """One line whenever something moved, on standard error.

    `next` says what would go on later by itself, "" where nothing would.
    """

    quiet: bool
    waits: dict[str, str] = field(default_factory=dict)
    next: str = ""
    _shown: dict[str, str] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)

    def seen(self, snapshot: "Snapshot", plan: "Plan") -> None:
        """Tell what changed since the last look: attempts that moved, tasks that wait."""
        self.waits = {wait.task: wait.reason for wait in plan.waits}
        self.next = _next(plan)
        if self.quiet:
            return
        for attempt in snapshot.attempts:
            self.tell(attempt.id, f"attempt {attempt.number} {attempt.state}", attempt.reason)
        for wait in plan.waits:
            until = f" until {wait.until.astimezone():%H:%M}" if wait.until else ""
            self.tell(wait.task, f"waits{until}", wait.reason)
        if plan.halted or "fleet" in self._shown:
            self.tell("fleet", "starts nothing" if plan.halted else "goes on", plan.halted)
        down = engine_refused(snapshot.health)
        if down or "engine" in self._shown:
            self.tell("engine", "is waited for" if down else "answers again", down)
        if plan.storm or "pool" in self._shown:
            self.tell("pool", "stands still" if plan.storm else "goes on", plan.storm)

    def tell(self, identity: str, said: str, reason: str) -> None:
        """Say it in a line, but for what was said of the same the last time."""
        if self._shown.get(identity) == said + reason:
            return
        self._shown[identity] = said + reason
        seconds = time.monotonic() - self._began
        say(f"{seconds:7.1f}s  {identity:<24} {said:<22} {plain(reason)[:200]}".rstrip())


def _next(plan: "Plan") -> str:
    """Say which instant a run that goes on would wait for, "" where it knows of none."""
    known = [(wait.until, wait.reason) for wait in plan.waits if wait.until is not None]
    if not known:
        return ""
    until, reason = min(known)
    # by the clock of this machine: `--until` is read by it
    at = f"{until.astimezone():%Y-%m-%d %H:%M %Z}"
    return f"nothing can start before {at}: {plain(reason)}; `fleet run --until HH:MM` waits"
