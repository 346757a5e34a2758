"""The decider's desk: rows as read, rows as changed, and the events that say why."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from fleet.domain.attempt import Attempt, State, advance
from fleet.domain.budget import Settlement
from fleet.domain.events import Event
from fleet.domain.halting import Halts, halts_of
from fleet.domain.health import Health
from fleet.domain.hold import Hold
from fleet.domain.merge import PullRequest
from fleet.domain.pending import ActionStatus, PendingAction
from fleet.domain.plan import Snapshot
from fleet.domain.swap import Receipt
from fleet.domain.task import Task
from fleet.ports import Append, Clock, Immutable, Ledger, Log, Save, Write

Row = Task | Attempt | PullRequest | PendingAction | Health | Hold
_Same = TypeVar("_Same", Task, Attempt, PullRequest, PendingAction, Health, Hold)


@dataclass(frozen=True, kw_only=True)
class Pen:
    """With what a person's word is written: into which ledger, when, and by whom."""

    ledger: Ledger
    clock: Clock
    who: str


class Desk:
    """Changes of one transaction; a row changed twice is written once, at the version read."""

    def __init__(self, snapshot: Snapshot, *, at: datetime, who: str = "fleet") -> None:
        self.at = at
        self._who = who
        self.snapshot = snapshot
        self._tasks = {row.key: row for row in snapshot.tasks}
        self._attempts = {row.id: row for row in snapshot.attempts}
        self._pulls = {row.number: row for row in snapshot.pulls}
        self._asked: dict[str, PendingAction] = {}
        self._health = {row.subject: row for row in snapshot.health}
        self._holds = {row.subject: row for row in snapshot.holds}
        self._saved: dict[tuple[str, str | int], Row] = {}
        self._others: list[Write] = []
        self._last_pull = snapshot.last_pull
        self._last_action = snapshot.last_action

    def next_pull(self) -> int:
        """Answer the number of the next pull request."""
        self._last_pull += 1
        return self._last_pull

    def task(self, key: str) -> Task | None:
        """Answer an open task as it stands on the desk."""
        return self._tasks.get(key)

    def attempt(self, identity: str) -> Attempt | None:
        """Answer an attempt as it stands on the desk."""
        return self._attempts.get(identity)

    def pull(self, number: int) -> PullRequest | None:
        """Answer an open pull request as it stands on the desk."""
        return self._pulls.get(number)

    @property
    def health(self) -> Mapping[str, Health]:
        """Answer how accounts and vendors fare as it stands on the desk, by subject."""
        return self._health

    @property
    def halts(self) -> Halts:
        """Answer what holds keep from going on, as it stands on the desk."""
        return halts_of(self._holds.values(), halted="")

    def ask(self, attempt: Attempt, action: PendingAction) -> None:
        """Take a question with the next number, and log that it was asked."""
        self._last_action += 1
        asked = replace(action, id=f"A-{self._last_action}", number=self._last_action)
        self.save(asked)
        data = {"rule": asked.rule, "risks": list(asked.risks)}
        self.log("approval.asked", attempt, what=f"{asked.id}: {asked.action}", data=data)

    def clear_questions(self, task: str) -> None:
        """Clear what is still asked about a task that has ended or begins anew."""
        for action in self.snapshot.pending:
            if action.task == task and action.status is ActionStatus.PENDING:
                over = ActionStatus.CLEARED
                self.save(replace(action, status=over, answered_by=self._who, answered_at=self.at))

    def save(self, row: Row) -> None:
        """Take the changed row."""
        match row:
            case Task():
                self._tasks[row.key] = row
            case Attempt():
                self._attempts[row.id] = row
            case PullRequest():
                self._pulls[row.number] = row
            case PendingAction():
                self._asked[row.id] = row
            case Health():
                self._health[row.subject] = row
            case Hold():
                self._holds[row.subject] = row
        self._saved[_name(row)] = row

    def append(self, row: Immutable) -> None:
        """Take an immutable row."""
        self._others.append(Append(row=row))

    def log(
        self,
        kind: str,
        about: Task | Attempt | None,
        *,
        what: str = "",
        data: Mapping[str, Any] | None = None,
        seq: int | None = None,
    ) -> None:
        """Take an event about a task or an attempt; None where it is about neither."""
        task, attempt = _about(about)
        event = Event(
            kind=kind,
            at=self.at,
            who=self._who,
            task=task,
            attempt=attempt,
            what=what,
            data=data or {},
            seq=seq,
        )
        self._others.append(Log(event=event))

    def move(self, attempt: Attempt, to: State, *, reason: str = "", **fields: Any) -> Attempt:  # noqa: ANN401
        """Advance an attempt and log the move; raises IllegalMoveError."""
        moved = replace(advance(attempt, to, at=self.at, reason=reason), **fields)
        self.save(moved)
        data = {"from": attempt.state.value, "to": to.value}
        self.log("attempt.moved", moved, what=moved.reason, data=data)
        return moved

    def after(self) -> Snapshot | None:
        """Answer the snapshot as it stands once the writes are committed.

        None where it has to be read anew: money was settled or a swap counted, and their sums
        are the ledger's to make.
        """
        rows = [write.row for write in self._others if isinstance(write, Append)]
        if any(isinstance(row, Settlement | Receipt) for row in rows):
            return None
        read = self.snapshot
        ended = {key: task.resolution for key, task in self._tasks.items() if not task.open}
        pending = {row.id: row for row in read.pending} | self._asked
        return replace(
            read,
            tasks=tuple(self._now(task) for task in self._tasks.values() if task.open),
            resolutions={**read.resolutions, **ended},
            attempts=tuple(map(self._now, self._attempts.values())),
            pulls=tuple(self._now(pull) for pull in self._pulls.values() if not pull.closed),
            pending=tuple(map(self._now, pending.values())),
            health=tuple(map(self._now, self._health.values())),
            holds=tuple(self._now(hold) for hold in self._holds.values() if hold.active),
            last_pull=self._last_pull,
            last_action=self._last_action,
        )

    def _now(self, row: _Same) -> _Same:
        """Answer a row with the version it has once it is written."""
        saved = self._saved.get(_name(row))
        return row if saved is None else replace(row, version=row.version + 1)

    def writes(self) -> list[Write]:
        """Answer all that is to be committed, state rows first."""
        return [*(Save(row=row) for row in self._saved.values()), *self._others]


def _name(row: Row) -> tuple[str, str | int]:
    kind = type(row).__name__
    match row:
        case Task():
            return kind, row.key
        case Attempt() | PendingAction():
            return kind, row.id
        case PullRequest():
            return kind, row.number
        case Health() | Hold():
            return kind, row.subject


def _about(about: Task | Attempt | None) -> tuple[str | None, str | None]:
    match about:
        case Task():
            return about.key, None
        case Attempt():
            return about.task, about.id
        case None:
            return None, None
