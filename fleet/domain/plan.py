"""What the planner reads and what it answers: a snapshot of the ledger, and actions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from fleet.domain.attempt import Attempt, Outcome, State
from fleet.domain.budget import Tally
from fleet.domain.health import Health
from fleet.domain.hold import Hold
from fleet.domain.merge import PullRequest
from fleet.domain.pending import PendingAction
from fleet.domain.queue import Shown
from fleet.domain.slot import Slot
from fleet.domain.swap import Cause
from fleet.domain.task import Resolution, Task
from fleet.domain.tries import Land, Try


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What the ledger holds that can still move, read at one instant.

    `tasks` are the open ones; `resolutions` says how the tasks they name as dependency, and
    their children, ended (None while open); `parents` names the parent of each such child;
    `attempts` holds every attempt of an open task and every one that is live or not cleaned;
    `pulls` are the open pull requests; `pending` the actions of open tasks, answered or not.
    Settled is what ended attempts used: `account_days` by account and day, `project_days` by
    project and day (micro-dollars), both of the last days; `task_settled` of each open task over
    all time, `run_settled` of the run that was asked for. `swaps` counts receipts by night.
    `holds` are those that stand. `last_pull` and `last_action` are the newest numbers given.
    """

    tasks: tuple[Task, ...] = ()
    resolutions: Mapping[str, Resolution | None] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)
    attempts: tuple[Attempt, ...] = ()
    pulls: tuple[PullRequest, ...] = ()
    pending: tuple[PendingAction, ...] = ()
    health: tuple[Health, ...] = ()
    holds: tuple[Hold, ...] = ()
    account_days: Mapping[tuple[str, date], Tally] = field(default_factory=dict)
    project_days: Mapping[tuple[str, date], int] = field(default_factory=dict)
    task_settled: Mapping[str, int] = field(default_factory=dict)
    run_settled: int = 0
    swaps: Mapping[date, int] = field(default_factory=dict)
    last_pull: int = 0
    last_action: int = 0
    latest_event: int = 0


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """How far the clock can judge a running attempt.

    Silence before `since` is forgiven: nobody was there to hear, or the clock was set. None: its
    container cannot be read now, so that its silence says nothing. `clock_set` is by how much
    the clock was set forward while it ran.
    """

    since: datetime | None
    clock_set: timedelta = timedelta()


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What the coordinator sees beyond the ledger; a restart finds it out again.

    `busy` are the keys of actions in hand or soon tried again, `cooling` those of actions that
    wait for the world to change (a dirty checkout), `followed` the attempts whose container is
    being read, `exited` those whose container has ended, `shown` what tries of each merge queue
    have shown, by project and target, `since` when this coordinator began or the clock was set
    (beats older than that are forgiven), `heard` how those attempts are heard whose reader ever
    began, `keys` the tasks that were asked for (None: all), `stopping` that no new work begins,
    `dispatch_refused` why nothing is dispatched ("" where it may be) and `dispatch_until` the
    instant at which that ends, where it is known, `unfit` why accounts cannot be used now,
    `halted` why everything is stopped though the ledger holds nothing ("" where it is not), `sizes`
    how many bytes the worktrees of running attempts were last found to take, `unwritten` why people
    had attempts stopped that could not be written down by then.
    """

    now: datetime
    since: datetime
    busy: frozenset[str] = frozenset()
    cooling: frozenset[str] = frozenset()
    followed: frozenset[str] = frozenset()
    heard: Mapping[str, Hearing] = field(default_factory=dict)
    exited: frozenset[str] = frozenset()
    shown: Mapping[tuple[str, str], Shown] = field(default_factory=dict)
    keys: frozenset[str] | None = None
    stopping: bool = False
    parallel: int = 4
    dispatch_refused: str = ""
    dispatch_until: datetime | None = None
    unfit: Mapping[str, str] = field(default_factory=dict)
    halted: str = ""
    sizes: Mapping[str, float] = field(default_factory=dict)
    unwritten: Mapping[str, str] = field(default_factory=dict)

    def hearing(self, attempt: str) -> Hearing:
        """Answer how that attempt is heard."""
        return self.heard.get(attempt) or Hearing(since=self.since)


@dataclass(frozen=True, kw_only=True)
class _OnTask:
    """An action on a task; its key begins with the action's own name."""

    task: Task

    @classmethod
    def key_of(cls, task: str) -> str:
        """Answer the key of such an action on that task."""
        return f"{cls.__name__.lower()} {task}"

    @property
    def key(self) -> str:
        """Answer what the action is about."""
        return self.key_of(self.task.key)


@dataclass(frozen=True, kw_only=True)
class _OnAttempt:
    """An action on an attempt; its key begins with the action's own name."""

    attempt: Attempt

    @classmethod
    def key_of(cls, attempt: str) -> str:
        """Answer the key of such an action on that attempt."""
        return f"{cls.__name__.lower()} {attempt}"

    @property
    def key(self) -> str:
        """Answer what the action is about."""
        return self.key_of(self.attempt.id)


@dataclass(frozen=True, kw_only=True)
class Dispatch(_OnTask):
    """Open an attempt of the task in that slot.

    `after` is the attempt that is swapped for it, `cause` why; None where it is no swap.
    """

    slot: Slot
    number: int
    fresh: bool
    after: Attempt | None = None
    cause: Cause | None = None


@dataclass(frozen=True, kw_only=True)
class Launch(_OnAttempt):
    """Make the worktree and start the container."""

    task: Task


@dataclass(frozen=True, kw_only=True)
class Follow(_OnAttempt):
    """Read the container's event lines until it ends."""


@dataclass(frozen=True, kw_only=True)
class Stop(_OnAttempt):
    """Stop the container; the attempt will have that outcome, a swap with its cause."""

    outcome: Outcome
    reason: str
    cause: Cause | None = None


@dataclass(frozen=True, kw_only=True)
class Collect(_OnAttempt):
    """Commit what the ended container left."""

    task: Task


@dataclass(frozen=True, kw_only=True)
class Conclude(_OnAttempt):
    """Move an attempt on without any effect in the world."""

    to: State
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Verify(_OnAttempt):
    """Judge the diff and check the SHA; `action` is the human's answer to an earlier question."""

    task: Task
    action: PendingAction | None


@dataclass(frozen=True, kw_only=True)
class Propose(_OnTask):
    """Make the first attempt of a task that fleet itself can do: take a merge back."""


@dataclass(frozen=True, kw_only=True)
class Clean(_OnAttempt):
    """Remove container, worktree and files of an attempt whose work is committed."""


@dataclass(frozen=True, kw_only=True)
class Retire(_OnTask):
    """Put the branch away and end the task."""

    attempts: tuple[Attempt, ...]
    fate: Resolution
    reason: str


Action = (
    Dispatch
    | Launch
    | Follow
    | Stop
    | Collect
    | Conclude
    | Verify
    | Propose
    | Try
    | Land
    | Clean
    | Retire
)


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Why a ready task is not dispatched now, and until when; None: nobody knows."""

    task: str
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do now, what waits for what, and whether anything can still move by itself.

    `wake` is the next instant at which the answer may be another: a window opens or closes, a
    cooldown ends, a day turns. `storm` says why dispatch is paused altogether, "" where it is not,
    `halted` why people keep anything from starting, "" where they do not.
    """

    actions: tuple[Action, ...] = ()
    waits: tuple[Wait, ...] = ()
    idle: bool = False
    wake: datetime | None = None
    storm: str = ""
    halted: str = ""
