"""In-memory twins of the adapters: they pass the same contract suites and forget on exit."""

import threading
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from fleet.adapters.ledger.rows import KEYS, from_row, to_row
from fleet.domain.attempt import LIVE, Attempt
from fleet.domain.budget import Reservation, Settlement
from fleet.domain.errors import DuplicateError, NotFoundError, StaleLeaseError
from fleet.domain.events import Event
from fleet.domain.merge import PullRequest, PullRequestStatus
from fleet.domain.plan import Snapshot
from fleet.domain.policy import PendingAction
from fleet.domain.result import Verdict
from fleet.domain.task import Task
from fleet.ports import Append, Clock, Immutable, Ledger, Log, Save, Stateful, Write

Row = TypeVar("Row")


class ManualClock(Clock):
    """A clock that moves only when it is told to; both its times move together."""

    def __init__(self, start: datetime) -> None:
        """Begin at an aware instant."""
        self._now = start
        self._elapsed = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now.astimezone(UTC)

    def monotonic(self) -> float:
        with self._lock:
            return self._elapsed

    def advance(self, by: timedelta) -> None:
        """Move on by that much."""
        with self._lock:
            self._now += by
            self._elapsed += by.total_seconds()


@dataclass
class _Shelves:
    """All rows, by kind and key; a commit works on a copy and puts it in place when whole."""

    rows: dict[type, dict[Hashable, Any]] = field(default_factory=dict)
    unique: dict[Hashable, Hashable] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    last_event: int = 0

    def copy(self) -> "_Shelves":
        rows = {kind: dict(shelf) for kind, shelf in self.rows.items()}
        return replace(self, rows=rows, unique=dict(self.unique))

    def of(self, kind: type[Row]) -> "dict[Hashable, Row]":
        return self.rows.setdefault(kind, {})


class MemoryLedger(Ledger):
    """A ledger in dictionaries under one lock."""

    def __init__(self, *, clock: Clock) -> None:
        """Begin empty."""
        self._clock = clock
        self._lock = threading.RLock()
        self._shelves = _Shelves()

    def commit(self, writes: Sequence[Write]) -> None:
        with self._changing() as shelves:
            for write in writes:
                match write:
                    case Save(row=row):
                        _save(shelves, _kept(row))
                    case Append(row=row):
                        _append(shelves, _kept(row))
                    case Log(event=event):
                        _log(shelves, _kept(event))

    def snapshot(self) -> Snapshot:
        with self._lock:
            return _snapshot(self, today=self._clock.now())

    def latest_event(self) -> int:
        with self._lock:
            return max((event.id for event in self._all(Event)), default=0)

    def task(self, key: str) -> Task:
        return self._one(Task, key)

    def tasks(self, *, project: str | None = None) -> tuple[Task, ...]:
        found = (task for task in self._all(Task) if project in (None, task.project))
        return tuple(sorted(found, key=lambda task: (task.project, task.number)))

    def attempts(self, task: str | None = None) -> tuple[Attempt, ...]:
        found = (attempt for attempt in self._all(Attempt) if task in (None, attempt.task))
        return tuple(sorted(found, key=lambda a: (a.created, a.task, a.number)))

    def pull_request(self, number: int) -> PullRequest:
        return self._one(PullRequest, number)

    def pull_requests(self) -> tuple[PullRequest, ...]:
        return tuple(sorted(self._all(PullRequest), key=lambda pull: pull.number))

    def verdicts(self, attempt: str) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self._all(Verdict) if verdict.attempt == attempt)

    def pending_action(self, action: str) -> PendingAction:
        return self._one(PendingAction, action)

    def pending_actions(self) -> tuple[PendingAction, ...]:
        return tuple(sorted(self._all(PendingAction), key=lambda action: action.number))

    def reservations(self) -> tuple[Reservation, ...]:
        return tuple(sorted(self._all(Reservation), key=lambda row: (row.at, row.attempt)))

    def settlements(self) -> tuple[Settlement, ...]:
        return tuple(sorted(self._all(Settlement), key=lambda row: (row.at, row.attempt)))

    def events(
        self, *, task: str | None = None, attempt: str | None = None, after: int = 0
    ) -> tuple[Event, ...]:
        return tuple(
            event
            for event in self._all(Event)
            if event.id > after and task in (None, event.task) and attempt in (None, event.attempt)
        )

    def setting(self, name: str) -> str | None:
        with self._lock:
            return self._shelves.settings.get(name)

    def keep_setting(self, name: str, value: str) -> str:
        with self._lock:
            return self._shelves.settings.setdefault(name, value)

    def close(self) -> None:
        """Nothing is held."""

    def _one(self, kind: type[Row], key: Hashable) -> Row:
        with self._lock:
            found = self._shelves.of(kind).get(key)
        if found is None:
            raise NotFoundError(f"no {kind.__name__} {key}", remedy="list what there is")
        return found

    def _all(self, kind: type[Row]) -> tuple[Row, ...]:
        with self._lock:
            return tuple(self._shelves.of(kind).values())

    @contextmanager
    def _changing(self) -> Iterator[_Shelves]:
        with self._lock:
            shelves = self._shelves.copy()
            yield shelves
            self._shelves = shelves


def _kept(row: Row) -> Row:
    """Answer the row as a database would give it back: times in UTC, nothing shared."""
    return from_row(type(row), to_row(row))


def _save(shelves: _Shelves, row: Stateful) -> None:
    kind: type[Any] = type(row)
    shelf, key = shelves.of(kind), getattr(row, KEYS[kind])
    old = shelf.get(key)
    if row.version == 0 and old is not None:
        raise DuplicateError(f"it exists already: {kind.__name__} {key}")
    if row.version != (old.version if old else 0):
        raise StaleLeaseError(f"{kind.__name__} {key} moved on since it was read")
    _refuse_orphan(shelves, row)
    for claim in _claims(old) if old else ():
        del shelves.unique[claim]
    for claim in _claims(row):
        if claim in shelves.unique:
            raise DuplicateError(f"it exists already: {claim}, of {shelves.unique[claim]}")
        shelves.unique[claim] = key
    shelf[key] = replace(row, version=row.version + 1)


def _append(shelves: _Shelves, row: Immutable) -> None:
    shelf, key = shelves.of(type(row)), _key(row)
    if key not in shelf:
        _refuse_orphan(shelves, row)
        shelf[key] = row


def _log(shelves: _Shelves, event: Event) -> None:
    told = {(old.attempt, old.seq) for old in shelves.of(Event).values() if old.seq is not None}
    if event.attempt is not None and (event.attempt, event.seq) in told:
        return
    shelves.last_event += 1
    shelves.of(Event)[shelves.last_event] = replace(event, id=shelves.last_event)


def _key(row: Immutable) -> Hashable:
    if isinstance(row, Verdict):
        return (row.attempt, row.name, row.sha, row.at)
    return row.attempt


def _claims(row: Stateful) -> tuple[Hashable, ...]:
    """Answer what no second row may have at the same time."""
    match row:
        case Task():
            return (("number of task", row.project, row.number),)
        case Attempt():
            claims = (("number of attempt", row.task, row.number),)
            return (*claims, ("live attempt", row.task)) if row.state in LIVE else claims
        case PullRequest():
            once = (("pull request", row.attempt),)
            merging = row.status is PullRequestStatus.MERGING
            return (*once, ("merge", row.project, row.target)) if merging else once
        case PendingAction():
            return ()


def _refuse_orphan(shelves: _Shelves, row: Stateful | Immutable) -> None:
    if isinstance(row, Task):
        return
    kind: type[Any] = Attempt if isinstance(row, Immutable) else Task
    key = row.attempt if isinstance(row, Immutable) else row.task
    if key not in shelves.of(kind):
        raise NotFoundError(f"no {kind.__name__} {key}", remedy="write it first")


def _snapshot(ledger: MemoryLedger, *, today: datetime) -> Snapshot:
    tasks = tuple(task for task in ledger.tasks() if task.open)
    keys = {task.key for task in tasks}
    named = keys.union(*(task.depends for task in tasks))
    children = {task.key: task.parent for task in ledger.tasks() if task.parent in keys}
    wanted = [task for task in ledger.tasks() if task.key in named or task.key in children]
    pulls, actions = ledger.pull_requests(), ledger.pending_actions()
    return Snapshot(
        tasks=tasks,
        resolutions={task.key: task.resolution for task in wanted},
        parents={child: parent for child, parent in children.items() if parent},
        attempts=tuple(a for a in ledger.attempts() if a.task in keys or a.live or not a.cleaned),
        pulls=tuple(pull for pull in pulls if not pull.closed),
        pending=tuple(action for action in actions if action.task in keys),
        committed=_committed(ledger, today),
        task_committed=_task_committed(ledger, keys),
        last_pull=max((pull.number for pull in pulls), default=0),
        last_action=max((action.number for action in actions), default=0),
        latest_event=ledger.latest_event(),
    )


def _unsettled(ledger: MemoryLedger) -> list[Reservation]:
    settled = {row.attempt for row in ledger.settlements()}
    live = {attempt.id for attempt in ledger.attempts() if attempt.live} - settled
    return [row for row in ledger.reservations() if row.attempt in live]


def _committed(ledger: MemoryLedger, today: datetime) -> dict[str, int]:
    day = today.astimezone(UTC).date()
    spent = [row for row in ledger.settlements() if row.at.date() == day]
    rows: list[Reservation | Settlement] = [*spent, *_unsettled(ledger)]
    total: dict[str, int] = {}
    for row in rows:
        total[row.account] = total.get(row.account, 0) + row.micros
    return total


def _task_committed(ledger: MemoryLedger, keys: set[str]) -> dict[str, int]:
    rows: list[Reservation | Settlement] = [*ledger.settlements(), *_unsettled(ledger)]
    total: dict[str, int] = {}
    for row in rows:
        if row.task in keys:
            total[row.task] = total.get(row.task, 0) + row.micros
    return total
