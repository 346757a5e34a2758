"""The decider's desk: rows as read, rows as changed, and the events that say why."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fleet.domain.attempt import Attempt, State, advance
from fleet.domain.events import Event
from fleet.domain.merge import PullRequest
from fleet.domain.plan import Snapshot
from fleet.domain.policy import PendingAction
from fleet.domain.task import Task
from fleet.ports import Append, Clock, Immutable, Ledger, Log, Save, Write


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
        self._saved: dict[tuple[str, object], Task | Attempt | PullRequest | PendingAction] = {}
        self._others: list[Write] = []
        self._last_pull = snapshot.last_pull
        self._last_action = snapshot.last_action

    def next_pull(self) -> int:
        """Answer the number of the next pull request."""
        self._last_pull += 1
        return self._last_pull

    def next_action(self) -> int:
        """Answer the number of the next pending action."""
        self._last_action += 1
        return self._last_action

    def task(self, key: str) -> Task | None:
        """Answer an open task as it stands on the desk."""
        return self._tasks.get(key)

    def attempt(self, identity: str) -> Attempt | None:
        """Answer an attempt as it stands on the desk."""
        return self._attempts.get(identity)

    def pull(self, number: int) -> PullRequest | None:
        """Answer an open pull request as it stands on the desk."""
        return self._pulls.get(number)

    def ask(self, attempt: Attempt, action: PendingAction) -> None:
        """Take a question with the next number, and log that it was asked."""
        number = self.next_action()
        asked = replace(action, id=f"A-{number}", number=number)
        self.save(asked)
        self.log("approval.asked", attempt, what=f"{asked.id}: {asked.action}")

    def save(self, row: Task | Attempt | PullRequest | PendingAction) -> None:
        """Take the changed row."""
        match row:
            case Task():
                self._tasks[row.key] = row
                self._saved["task", row.key] = row
            case Attempt():
                self._attempts[row.id] = row
                self._saved["attempt", row.id] = row
            case PullRequest():
                self._pulls[row.number] = row
                self._saved["pull", row.number] = row
            case PendingAction():
                self._saved["action", row.id] = row

    def append(self, row: Immutable) -> None:
        """Take an immutable row."""
        self._others.append(Append(row=row))

    def log(
        self,
        kind: str,
        about: Task | Attempt,
        *,
        what: str = "",
        data: Mapping[str, Any] | None = None,
        seq: int | None = None,
    ) -> None:
        """Take an event about a task or an attempt."""
        task, attempt = (about.key, None) if isinstance(about, Task) else (about.task, about.id)
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

    def move(self, attempt: Attempt, to: State, *, reason: str = "", **fields: Any) -> Attempt:
        """Advance an attempt and log the move; raises IllegalMoveError."""
        moved = replace(advance(attempt, to, at=self.at, reason=reason), **fields)
        self.save(moved)
        data = {"from": attempt.state.value, "to": to.value}
        self.log("attempt.moved", moved, what=moved.reason, data=data)
        return moved

    def writes(self) -> list[Write]:
        """Answer all that is to be committed, state rows first."""
        return [*(Save(row=row) for row in self._saved.values()), *self._others]
