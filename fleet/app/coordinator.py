"""The coordinator: one thread that reads, plans, records and hands out."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from threading import Event

from fleet.app import leftovers, roster
from fleet.app.braking import Braking
from fleet.app.clerk import Clerk
from fleet.app.clockwork import Clockwork, comes_soon
from fleet.app.crew import Crew, Report
from fleet.app.desk import Desk
from fleet.app.heed import Heed
from fleet.app.in_hand import RETRY, InHand
from fleet.app.outage import Outage
from fleet.app.room import Room
from fleet.app.run import ENDED
from fleet.app.stations import watch
from fleet.app.tenure import Tenure
from fleet.app.timekeeper import Timekeeper, clock_set
from fleet.app.tools import Tools
from fleet.app.weighing import Weighing
from fleet.domain import events
from fleet.domain.errors import DeposedError, TransientError
from fleet.domain.plan import Action, Dispatch, Follow, Plan, Sight, Snapshot
from fleet.domain.planner import plan
from fleet.domain.schedule import UNSCHEDULED
from fleet.ports import Log

log = logging.getLogger(__name__)

COALESCE = 0.015  # seconds in which reports gather, so that one tick takes them all
BEAT = 1.0  # seconds between two looks at what other processes wrote
_SEEN_THROUGH = frozenset({"launch", "follow", "stop", "collect", "clean", "land"})


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to do: `keys` None means every task; `until` None means until idle.

    With `merges_only` nothing is dispatched. A `service` goes on though there is nothing to do,
    and keeps the fleet's schedule.
    """

    keys: frozenset[str] | None = None
    parallel: int = 4
    until: datetime | None = None
    merges_only: bool = False
    service: bool = False


class Coordinator:
    """Runs until nothing can move by itself, or until it is told to stop.

    `tenure` is its right to coordinate. `room` answers why nothing may start now ("" when it
    may); `seen` is called after each tick with what was read and planned, for showing progress.
    """

    def __init__(
        self,
        tools: Tools,
        order: Order,
        *,
        tenure: Tenure,
        room: Callable[[], str],
        seen: Callable[[Snapshot, Plan], None],
    ) -> None:
        self._tools = tools
        self._order = order
        self._tenure = tenure
        self._room = Room(room, tools.clock)
        self._weighing = Weighing(tools)
        self._seen = seen
        self._timekeeper = Timekeeper(tools.clock)
        self._clerk = Clerk(tools.ledger, tools.clock, tenure.fence)
        self._heed = Heed(tools.brake, self._clerk, tools.clock)
        self._braking = Braking(tools, self._clerk)
        self._memory = InHand(tools.clock)
        self._outage = Outage(tools)
        self._pause = Event()  # never set: what is waited on when only time may pass
        self._storming = False
        schedule = tools.fleet.schedule if order.service else UNSCHEDULED
        self._clockwork = Clockwork(schedule, tools.alarm, self._clerk, parallel=order.parallel)
        # a merge never stands behind the checks of branches: what is verified lands first
        each = dict.fromkeys(("start", "check", "merge"), self._clockwork.most)
        # one task learns at a time: limits of lessons hold, and a slow provider keeps no merge
        ones = dict.fromkeys(("learn", "report", "weigh", "look"), 1)
        self._crew = Crew({**each, "git": 4, "stop": 4, **ones})

    def stop(self) -> None:
        """Ask for a clean stop; may be called from a signal handler or another thread."""
        # wakes nobody: a signal may have interrupted the very thread that holds an Event's lock;
        # the decider looks once a beat
        self._heed.stop()

    def settled(self, *, within: float) -> bool:
        """Tell whether no call to the engine may still act, after at most so many seconds."""
        return self._crew.settled(within=within)

    def run(self) -> None:
        """Tick until done; raises EngineDownError when no engine answers at the start.

        Raises DeposedError once another coordinator has taken over: what runs is its own then.
        """
        self._tools.runtime.ping()
        leftovers.sweep(self._tools, self._snapshot())
        self._tools.alarm.ready(self._crew.woken.set)
        self._tools.supervisor.ready()
        try:
            self._go_on()
        except DeposedError:
            self._heed.stopping = False  # the checks under way are the other one's now
            raise
        finally:
            self._tools.supervisor.stopping()
            self._tools.alarm.close()
            self._crew.close()
            if self._heed.stopping:
                leftovers.end_checks(self._tools, self._crew, keep=self._tenure.keep)
        self._end()

    def _go_on(self) -> None:
        while not self._heed.late:
            current, snapshot = self._tick()
            if self._leads_on(current):
                continue
            if not current.actions and self._done(current):
                return
            self._wait(snapshot.latest_event)

    def _end(self) -> None:
        """Write down that the run came to its end; without it the next life goes on with it."""
        if not self._order.merges_only:
            now, run = self._tools.clock.now(), self._tools.run
            ended = events.Event(kind=ENDED, at=now, data={"run": run})
            # an end that is lost makes the next run go on with the money of this one
            self._clerk.insist([Log(event=ended)])

    def _tick(self) -> tuple[Plan, Snapshot]:
        self._crew.woken.clear()
        self._tools.supervisor.alive()
        self._tenure.keep()
        self._keep_time()
        self._keep_hours()
        began = self._tools.clock.monotonic()
        snapshot = self._apply(self._crew.reports())
        self._memory.deaf(since=began)
        self._heed.look(snapshot)
        current = self._outage.possible(plan(snapshot, self._tools.fleet, self._sight()))
        if self._record(snapshot, current):
            for action in current.actions:
                self._hand_out(action)
        self._outage.look(self._crew, busy=bool(self._memory.actions))
        self._weighing.look(self._crew, self._memory.running)
        self._clockwork.set_alarm(current.wake, self._tools.clock.now())
        self._seen(snapshot, current)
        return current, snapshot

    def _keep_time(self) -> None:
        """Let nobody be judged by a clock that was set, and write down that it was."""
        if by := self._timekeeper.look():
            self._memory.clock_was_set(by)
            self._clerk.insist([Log(event=clock_set(by, at=self._tools.clock.now()))])

    def _keep_hours(self) -> None:
        """Go over to a run of the schedule that has begun."""
        run = self._clockwork.look(self._tools.run, self._tools.clock.now())
        if run != self._tools.run:
            self._tools = replace(self._tools, run=run)

    def _leads_on(self, current: Plan) -> bool:
        """Tell whether what was recorded leads on: what follows from it can be planned at once."""
        in_hand = self._memory.actions
        # a launch does not wait until the receipt of its swap is traced
        return any(isinstance(a, Dispatch) or a.key not in in_hand for a in current.actions)

    def _snapshot(self) -> Snapshot:
        """Read the ledger, again while it is out of reach; raises TransientError once stopping."""
        while True:
            try:
                return self._tools.ledger.snapshot(run=self._tools.run)
            except TransientError as error:
                if self._heed.stopping:
                    raise
                log.warning("ledger not read", extra={"reason": str(error)})
                self._tools.supervisor.alive()
                self._pause.wait(RETRY)

    def _done(self, current: Plan) -> bool:
        if self._heed.stopping:
            in_hand = {key.split()[0] for key in self._memory.actions}
            return self._heed.late or not in_hand & _SEEN_THROUGH
        if self._heed.draining:
            return current.idle
        if self._order.service:
            return False
        if self._order.until is None:
            short = self._room.awaited(current, hindered=bool(self._memory.cooling()))
            return current.idle and not comes_soon(current, self._tools.clock.now()) and not short
        if self._tools.clock.now() >= self._order.until:
            self.stop()
        return False

    def _wait(self, latest: int) -> None:
        """Wait for a report, a due retry, or what another process wrote.

        With nothing in hand, one number is read a second and nothing else.
        """
        if self._crew.woken.is_set():
            self._pause.wait(COALESCE)
        while not self._crew.woken.wait(BEAT):
            self._tools.supervisor.alive()
            self._tenure.keep()
            timers = self._memory.timed or self._order.until or self._outage.reason
            moved = self._clerk.moved_on(latest) or self._heed.moved
            moved = moved or self._clockwork.rung(self._tools.clock.now()) or self._room.changed()
            if moved or timers or self._memory.actions or self._heed.stopping:
                return

    def _sight(self) -> Sight:
        memory, hours = self._memory, self._clockwork.hours
        closed = "merges only" if self._order.merges_only else hours.refused
        # asked though nothing may start anyway: a change is told by what was answered here
        room = self._room.look()
        return Sight(
            now=self._tools.clock.now(),
            since=memory.since,
            busy=memory.busy(),
            cooling=memory.cooling(),
            followed=frozenset(memory.followed),
            heard=dict(memory.heard),
            exited=frozenset(memory.exits),
            shown=memory.queues.shown(),
            keys=self._order.keys,
            stopping=self._heed.stopping,
            parallel=hours.parallel,
            dispatch_refused=closed or self._outage.reason or room,
            dispatch_until=hours.until if hours.refused else None,
            unfit=self._tools.unfit(),
            halted=self._heed.halted,
            sizes=self._weighing.sizes,
            unwritten=self._braking.unwritten,
        )

    def _apply(self, reports: list[Report]) -> Snapshot:
        """Fold reports into the ledger and answer what it holds then.

        Done again on fresh rows where somebody was faster; what a late stop drops is found again.
        """
        if self._outage.hear(reports):
            self._memory.forgive()
        for key, work in self._clockwork.writing(reports, self._tools):
            self._crew.hand("report", key, work)
        findings = [
            found for report in reports if (found := self._memory.taken(report)) is not None
        ]
        traced = False
        while True:
            self._tools.supervisor.alive()
            snapshot = self._snapshot()
            if not findings or self._heed.late:
                return snapshot
            desk = Desk(snapshot, at=self._tools.clock.now())
            told = roster.fold(findings, desk, self._tools)
            if not traced:
                watch.trace(told, self._tools)
                traced = True
            if self._clerk.commit(desk.writes()):
                return desk.after() or self._snapshot()
            self._braking.act(snapshot, self._crew, ended=self._memory.exits)

    def _record(self, snapshot: Snapshot, current: Plan) -> bool:
        """Tell whether what is about to be done is written down."""
        desk = Desk(snapshot, at=self._tools.clock.now())
        for action in current.actions:
            roster.record(action, desk, self._tools)
        if current.storm and not self._storming:
            desk.log("pool.storm", None, what=current.storm)
        self._outage.tell(desk)
        writes = desk.writes()
        written = not writes or self._clerk.commit(writes)
        if written:
            self._storming = bool(current.storm)
        else:
            self._braking.act(snapshot, self._crew, ended=self._memory.exits)
        return written

    def _hand_out(self, action: Action) -> None:
        if isinstance(action, Follow):
            self._memory.take(action)
            told = partial(watch.read, action, self._tools)
            self._crew.read(action.key, told, patient=watch.patient)
            return
        todo = roster.work(action, self._tools, self._memory.exits)
        if todo is not None:
            self._memory.take(action)
            self._crew.hand(todo[0], action.key, todo[1])
