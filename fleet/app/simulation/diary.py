"""The diary of a simulated night: who waited for how long and why, and when dispatch stood."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fleet.domain.plan import Plan, Wait


@dataclass(frozen=True, kw_only=True)
class Waited:
    """How long a task waited without a break, and what for at the end of it."""

    task: str
    time: timedelta
    reason: str


@dataclass
class Diary:
    """What plans said, one after another."""

    plans: int = 0
    storms: list[str] = field(default_factory=list)
    becalmed: timedelta = timedelta()
    longest: Waited | None = None
    waits: tuple[Wait, ...] = ()
    _since: dict[str, datetime] = field(default_factory=dict)
    _storm_since: datetime | None = None

    def seen(self, plan: Plan, *, at: datetime) -> None:
        """Take down what a plan says of waiting."""
        self.plans += 1
        self._storm(plan.storm, at)
        self._waits(plan.waits, at)

    def _storm(self, storm: str, at: datetime) -> None:
        if storm and self._storm_since is None:
            self._storm_since = at
            self.storms.append(storm)
        elif not storm and self._storm_since is not None:
            self.becalmed += at - self._storm_since
            self._storm_since = None

    def _waits(self, waits: tuple[Wait, ...], at: datetime) -> None:
        self.waits = waits
        self._since = {wait.task: self._since.get(wait.task, at) for wait in waits}
        if not waits:
            return
        first = min(waits, key=lambda wait: self._since[wait.task])
        time = at - self._since[first.task]
        if self.longest is None or time >= self.longest.time:
            self.longest = Waited(task=first.task, time=time, reason=first.reason)
