"""In-memory twins of the adapters: they pass the same contract suites and forget on exit."""

import threading
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from fleet.adapters.ledger.reading import first_day
from fleet.adapters.ledger.rows import from_row, to_row
from fleet.adapters.lessons import TwinLessons
from fleet.adapters.shelves import Shelves
from fleet.domain.attempt import Attempt
from fleet.domain.budget import Reservation, Settlement, Tally
from fleet.domain.errors import NotFoundError
from fleet.domain.events import Event
from fleet.domain.health import Health
from fleet.domain.hold import Hold
from fleet.domain.merge import PullRequest
from fleet.domain.pending import PendingAction
from fleet.domain.plan import Snapshot
from fleet.domain.result import Verdict
from fleet.domain.swap import Receipt
from fleet.domain.task import Resolution, Task
from fleet.domain.term import COORDINATOR, Term, refuse_deposed
from fleet.ports import Append, Clock, Fence, Ledger, Log, Save, Write

Row = TypeVar("Row")
Sum = TypeVar("Sum", int, Tally)


class ManualClock(Clock):
    """A clock that moves only when it is told to; both its times move together until it is set."""

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
            self._elapsed += by.total_seconds()
        self.set_by(by)

    def set_by(self, by: timedelta) -> None:
        """Set the wall clock forward by that much, though no time passes."""
        with self._lock:
            self._now += by


class MemoryLedger(TwinLessons, Ledger):
    """A ledger in dictionaries under one lock."""

    def __init__(self, *, clock: Clock) -> None:
        """Begin empty."""
        self._clock = clock
        self._lock = threading.RLock()
        self._shelves = Shelves()
        self._settings: dict[str, str] = {}

    def commit(self, writes: Sequence[Write]) -> None:
        with self._lock, self._shelves.changing():
            for write in writes:
                match write:
                    case Save(row=row):
                        self._shelves.save(_kept(row))
                    case Append(row=row):
                        self._shelves.append(_kept(row))
                    case Log(event=event):
                        self._shelves.log(_kept(event))
                    case Fence(term=number):
                        refuse_deposed(self.term(), number)

    def snapshot(self, *, run: str = "") -> Snapshot:
        with self._lock:
            return _snapshot(self._shelves, first=first_day(self._clock.now()), run=run)

    def latest_event(self) -> int:
        with self._lock:
            return len(self._shelves.of(Event))

    def task(self, key: str) -> Task:
        return self._one(Task, key)

    def tasks(self, *, project: str | None = None) -> tuple[Task, ...]:
        found = (task for task in self._all(Task) if project in (None, task.project))
        return tuple(sorted(found, key=lambda task: (task.project, task.number)))

    def attempts(self, task: str | None = None) -> tuple[Attempt, ...]:
        return _in_order(self._of(Attempt, task))

    def pull_request(self, number: int) -> PullRequest:
        return self._one(PullRequest, number)

    def pull_requests(self) -> tuple[PullRequest, ...]:
        return tuple(sorted(self._all(PullRequest), key=lambda pull: pull.number))

    def verdicts(self, attempt: str) -> tuple[Verdict, ...]:
        return tuple(self._group(Verdict, "of", attempt))

    def known_verdict(self, *, tree: str, definition: str, image: str) -> Verdict | None:
        said = self._group(Verdict, "said", tree, definition, image)
        return said[0] if said else None

    def pending_action(self, action: str) -> PendingAction:
        return self._one(PendingAction, action)

    def pending_actions(self, task: str | None = None) -> tuple[PendingAction, ...]:
        return tuple(sorted(self._of(PendingAction, task), key=lambda action: action.number))

    def reservations(self) -> tuple[Reservation, ...]:
        return tuple(sorted(self._all(Reservation), key=lambda row: (row.at, row.attempt)))

    def settlements(self, *, since: datetime | None = None) -> tuple[Settlement, ...]:
        found = (row for row in self._all(Settlement) if since is None or row.at >= since)
        return tuple(sorted(found, key=lambda row: (row.at, row.attempt)))

    def receipts(
        self, task: str | None = None, *, since: datetime | None = None
    ) -> tuple[Receipt, ...]:
        found = (row for row in self._of(Receipt, task) if since is None or row.at >= since)
        return tuple(sorted(found, key=lambda row: (row.at, row.attempt)))

    def events(
        self,
        *,
        task: str | None = None,
        attempt: str | None = None,
        after: int = 0,
        since: datetime | None = None,
    ) -> tuple[Event, ...]:
        return tuple(
            event
            for event in self._all(Event)
            if event.id > after
            and task in (None, event.task)
            and attempt in (None, event.attempt)
            and (since is None or event.at >= since)
        )

    def term(self) -> Term | None:
        with self._lock:
            return self._shelves.of(Term).get(COORDINATOR)

    def hold(self, subject: str) -> Hold | None:
        with self._lock:
            return self._shelves.of(Hold).get(subject)

    def setting(self, name: str) -> str | None:
        with self._lock:
            return self._settings.get(name)

    def keep_setting(self, name: str, value: str) -> str:
        with self._lock:
            return self._settings.setdefault(name, value)

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

    def _of(self, kind: type[Row], task: str | None) -> Sequence[Row]:
        """Answer all rows of a kind, or those of a task."""
        return self._all(kind) if task is None else self._group(kind, "of", task)

    def _group(self, kind: type[Row], *named: Hashable) -> Sequence[Row]:
        with self._lock:
            return self._shelves.group(kind, *named)


def _kept(row: Row) -> Row:
    """Answer the row as a database would give it back: times in UTC, nothing shared."""
    return from_row(type(row), to_row(row))


def _in_order(attempts: Iterable[Attempt]) -> tuple[Attempt, ...]:
    return tuple(sorted(attempts, key=lambda a: (a.created, a.task, a.number)))


def _snapshot(shelves: Shelves, *, first: date, run: str) -> Snapshot:
    found = shelves.group(Task, "moving")
    tasks = tuple(sorted(found, key=lambda task: (task.project, task.number)))
    children = _of_each(shelves, Task, tasks)
    pulls, actions = shelves.of(PullRequest).values(), shelves.of(PendingAction).values()
    asked = _of_each(shelves, PendingAction, tasks)
    return Snapshot(
        tasks=tasks,
        resolutions=_resolutions(shelves, tasks, children),
        parents={child.key: child.parent for child in children if child.parent},
        attempts=_in_order(_moving(shelves, tasks)),
        pulls=tuple(sorted(shelves.group(PullRequest, "moving"), key=lambda pull: pull.number)),
        pending=tuple(sorted(asked, key=lambda action: action.number)),
        health=tuple(sorted(shelves.of(Health).values(), key=lambda row: row.subject)),
        holds=_standing(shelves.of(Hold).values()),
        account_days=_since(first, shelves.account_days),
        project_days=_since(first, shelves.project_days),
        task_settled=_settled(shelves, tasks),
        run_settled=shelves.runs_settled.get(run, 0),
        swaps={night: count for night, count in shelves.swaps.items() if night >= first},
        last_pull=max((pull.number for pull in pulls), default=0),
        last_action=max((action.number for action in actions), default=0),
        latest_event=len(shelves.of(Event)),
    )


def _standing(holds: Iterable[Hold]) -> tuple[Hold, ...]:
    return tuple(sorted((hold for hold in holds if hold.active), key=lambda row: row.subject))


def _of_each(shelves: Shelves, kind: type[Row], tasks: Iterable[Task]) -> list[Row]:
    return [row for task in tasks for row in shelves.group(kind, "of", task.key)]


def _moving(shelves: Shelves, tasks: Iterable[Task]) -> Iterable[Attempt]:
    found = [*_of_each(shelves, Attempt, tasks), *shelves.group(Attempt, "moving")]
    return {attempt.id: attempt for attempt in found}.values()


def _resolutions(
    shelves: Shelves, tasks: Sequence[Task], children: Iterable[Task]
) -> dict[str, Resolution | None]:
    known = shelves.of(Task)
    named = (known[key] for task in tasks for key in task.depends if key in known)
    return {task.key: task.resolution for task in (*tasks, *children, *named)}


def _since(first: date, sums: Mapping[tuple[str, date], Sum]) -> dict[tuple[str, date], Sum]:
    return {(name, day): each for (name, day), each in sums.items() if day >= first}


def _settled(shelves: Shelves, tasks: Iterable[Task]) -> dict[str, int]:
    sums = shelves.tasks_settled
    return {task.key: sums[task.key] for task in tasks if task.key in sums}
