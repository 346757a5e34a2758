"""The heart: a snapshot of the ledger goes in, the actions to take come out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fleet.domain.attempt import Attempt, Outcome
from fleet.domain.merge import PullRequest
from fleet.domain.policy import PendingAction
from fleet.domain.pool import Slot
from fleet.domain.task import Resolution, Task


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What the ledger holds that can still move, read at one instant.

    `tasks` are the open ones; `resolutions` says how each task ever named ended (None while
    open); `attempts` holds every attempt of an open task and every attempt that is live or not
    cleaned; `pulls` are the open pull requests; `pending` the actions of open tasks, answered
    or not; `committed` what each account has spent and reserved today, in micro-dollars.
    """

    tasks: tuple[Task, ...] = ()
    resolutions: Mapping[str, Resolution | None] = field(default_factory=dict)
    attempts: tuple[Attempt, ...] = ()
    pulls: tuple[PullRequest, ...] = ()
    pending: tuple[PendingAction, ...] = ()
    committed: Mapping[str, int] = field(default_factory=dict)
    task_committed: Mapping[str, int] = field(default_factory=dict)
    latest_event: int = 0
