"""The loop of a simulated night: the coordinator's tick, with a clock that jumps."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol

from fleet.app import roster
from fleet.app.desk import Desk
from fleet.app.in_hand import InHand
from fleet.app.simulation.books import Books
from fleet.app.simulation.diary import Diary
from fleet.app.simulation.play import Dice, picked
from fleet.app.simulation.world import World
from fleet.app.tools import Terms
from fleet.domain.attempt import attempt_id
from fleet.domain.plan import Dispatch, Plan, Sight, Snapshot
from fleet.domain.planner import plan
from fleet.domain.scenario import Batch, Scenario
from fleet.domain.task import Review, Task
from fleet.ports import Clock, Ledger, Save

HOME8 = "51a71a7e"
RUN = "simulated"
_DRAIN = timedelta(minutes=10)  # after the end, until what ran is collected


class MovedClock(Clock, Protocol):
    """A clock that somebody moves."""

    def advance(self, by: timedelta) -> None:
        """Move on by that much."""
        ...


class Night:
    """Plays a scenario from its start to its end; the same dice give the same night."""

    def __init__(
        self, scenario: Scenario, ledger: Ledger, *, clock: MovedClock, dice: Dice
    ) -> None:
        self._scenario = scenario
        self._ledger = ledger
        self._clock = clock
        self._dice = dice
        self._terms = Terms(home8=HOME8, run=RUN, fleet=scenario.fleet)
        self._memory = InHand(clock)
        self.books = Books(scenario, clock)
        self.diary = Diary()
        self._world = World(scenario, clock, dice, self.books)

    def play(self) -> None:
        """Tick from instant to instant until nothing can move, or the night is over."""
        self._ledger.commit([Save(row=task) for task in self._tasks()])
        while True:
            current = self._tick()
            if any(action.key not in self._memory.actions for action in current.actions):
                continue
            at = self._next(current)
            if at is None:
                break
            self._clock.advance(at - self._clock.now())
        for row in self._ledger.settlements():
            self.books.settled(row.attempt, row.micros)
        self.books.judge_days()

    def _tasks(self) -> Iterator[Task]:
        numbers: dict[str, int] = {}
        for batch in self._scenario.batches:
            for _ in range(batch.count):
                numbers[batch.project] = numbers.get(batch.project, 0) + 1
                yield self._task(batch, numbers[batch.project])

    def _task(self, batch: Batch, number: int) -> Task:
        whole = sum(batch.priorities.values())
        shares = {each: weight / whole for each, weight in batch.priorities.items()}
        heaviest = max(shares, key=lambda each: shares[each])
        starts = self._scenario.starts
        return Task(
            key=f"{batch.project}-{number}",
            project=batch.project,
            number=number,
            title=f"task {number}",
            created=starts,
            updated=starts,
            role=batch.role,
            profile=batch.profile,
            priority=picked(shares, self._dice) or heaviest,
            budget_micros=batch.budget_micros,
            max_retries=self._scenario.fleet.projects[batch.project].max_retries,
            review=Review.AUTO,
        )

    def _tick(self) -> Plan:
        snapshot = self._folded()
        current = plan(snapshot, self._scenario.fleet, self._sight())
        if not self._over:
            self.diary.seen(current, at=self._clock.now())
        self._record(snapshot, current)
        for action in current.actions:
            if isinstance(action, Dispatch):
                identity = attempt_id(action.task.key, action.number, HOME8)
                self.books.dispatched(identity, action)
            if self._world.carry_out(action):
                self._memory.take(action)
        return current

    def _folded(self) -> Snapshot:
        """Fold what the world reports into the ledger and answer what it holds then."""
        reports = self._world.reports()
        findings = [f for report in reports if (f := self._memory.taken(report)) is not None]
        snapshot = self._ledger.snapshot(run=RUN)
        if not findings:
            return snapshot
        desk = Desk(snapshot, at=self._clock.now())
        roster.fold(findings, desk, self._terms)
        self._ledger.commit(desk.writes())
        return desk.after() or self._ledger.snapshot(run=RUN)

    def _record(self, snapshot: Snapshot, current: Plan) -> None:
        desk = Desk(snapshot, at=self._clock.now())
        for action in current.actions:
            roster.record(action, desk, self._terms)
        self._ledger.commit(desk.writes())

    def _sight(self) -> Sight:
        memory = self._memory
        return Sight(
            now=self._clock.now(),
            since=self._scenario.starts,
            busy=memory.busy(),
            cooling=memory.cooling(),
            followed=frozenset(memory.followed),
            exited=frozenset(memory.exits),
            shown=memory.queues.shown(),
            stopping=self._over,
            parallel=self._scenario.fleet.parallel,
        )

    @property
    def _over(self) -> bool:
        return self._clock.now() >= self._scenario.ends

    def _next(self, current: Plan) -> datetime | None:
        """Answer the next instant at which anything can change, None once nothing will."""
        reported, ends = self._world.next(), self._scenario.ends
        if self._over:
            late = reported is None or reported > ends + _DRAIN
            return None if late else reported
        known = [at for at in (reported, current.wake) if at is not None]
        return min(*known, ends) if known else None
