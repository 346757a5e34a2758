"""A task says what is wanted; its status is derived, never stored."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fleet.domain.errors import ConfigError

PROJECT_KEY = re.compile(r"[A-Z][A-Z0-9]{0,9}")
TASK_KEY = re.compile(r"([A-Z][A-Z0-9]{0,9})-([1-9][0-9]{0,8})")


class Kind(StrEnum):
    """How large a task is; only atomic ones are dispatched, the others end with their children."""

    ROADMAP = "roadmap"
    PHASE = "phase"
    TASK = "task"
    ATOMIC = "atomic"


class Priority(StrEnum):
    """How soon; `rank` orders them, smaller first."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Answer 0 for the most urgent."""
        return _RANKS[self]


# looked up for every task of every plan
_RANKS = {priority: rank for rank, priority in enumerate(Priority)}


class Review(StrEnum):
    """Who lets a verified branch through."""

    REQUIRED = "required"
    AUTO = "auto"


class Resolution(StrEnum):
    """How a task ended; None while it is open."""

    MERGED = "merged"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Status(StrEnum):
    """What the board shows."""

    BACKLOG = "backlog"
    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"
    REVIEW = "review"
    MERGING = "merging"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is wanted, numbered `PROJECT-N`.

    `budget_micros` is in micro-dollars. `red_from` is the number of the last attempt that no
    longer counts after a human's `task retry`; `fresh` starts the next one at the target again.
    `granted` are the categories a human approved for this task. `reverts` is the number of the
    pull request whose merge it takes back: fleet itself makes its first attempt.
    """

    key: str
    project: str
    number: int
    title: str
    created: datetime
    updated: datetime
    goal: str = ""
    accept: tuple[str, ...] = ()
    kind: Kind = Kind.ATOMIC
    parent: str | None = None
    depends: tuple[str, ...] = ()
    role: str = "developer"
    profile: str | None = None
    priority: Priority = Priority.NORMAL
    labels: tuple[str, ...] = ()
    budget_micros: int | None = None
    max_retries: int = 2
    review: Review = Review.REQUIRED
    comments: tuple[str, ...] = ()
    granted: tuple[str, ...] = ()
    resolution: Resolution | None = None
    reason: str = ""
    cancel_requested: bool = False
    red_from: int = 0
    fresh: bool = False
    reverts: int | None = None
    version: int = 0

    @property
    def open(self) -> bool:
        """Tell whether something may still happen to it."""
        return self.resolution is None

    @property
    def branch(self) -> str:
        """Answer the branch that carries its work."""
        return branch_of(self.key)


def branch_of(key: str) -> str:
    """Answer the branch of a task: `fleet/app-12`."""
    return f"fleet/{key.lower()}"


def parse_key(text: str) -> str:
    """Answer the task key in `text`, upper-cased; raises ConfigError when it is none."""
    key = text.strip().upper()
    if not TASK_KEY.fullmatch(key):
        raise ConfigError(f"{text!r} is no task key", remedy="keys look like APP-12")
    return key


def cycle_through(key: str, depends: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Answer the keys of a dependency cycle through `key`, or () when there is none."""
    trails: list[tuple[str, ...]] = [(key,)]
    seen: set[str] = set()
    while trails:
        trail = trails.pop()
        for needed in depends.get(trail[-1], ()):
            if needed == key:
                return (*trail, key)
            if needed not in seen:
                seen.add(needed)
                trails.append((*trail, needed))
    return ()
