"""The rows of the in-memory ledger: all or nothing, and at hand by what the planner asks for."""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from fleet.adapters.ledger.rows import KEYS
from fleet.domain.attempt import LIVE, Attempt
from fleet.domain.budget import Settlement, Tally
from fleet.domain.errors import DuplicateError, NotFoundError, StaleLeaseError
from fleet.domain.events import Event
from fleet.domain.health import Health
from fleet.domain.hold import Hold
from fleet.domain.lesson import Credit, Embedding, Lesson, Recall
from fleet.domain.merge import PullRequest, PullRequestStatus
from fleet.domain.pending import PendingAction
from fleet.domain.result import Verdict, VerdictStatus
from fleet.domain.swap import Receipt
from fleet.domain.task import Task
from fleet.domain.term import Term
from fleet.ports import Immutable, Stateful

Row = TypeVar("Row")
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Shelves:
    """Rows by kind and key, and in groups; what was settled is added up as it comes.

    Sums are in micro-dollars; `swaps` counts receipts by night.
    """

    def __init__(self) -> None:
        self.account_days: dict[tuple[str, date], Tally] = {}
        self.project_days: dict[tuple[str, date], int] = {}
        self.tasks_settled: dict[str, int] = {}
        self.runs_settled: dict[str, int] = {}
        self.swaps: dict[date, int] = {}
        self._rows: dict[type, dict[Hashable, Any]] = {}
        self._groups: dict[Hashable, dict[Hashable, Any]] = {}
        self._claims: dict[Hashable, Hashable] = {}
        self._undo = ExitStack()

    def of(self, kind: type[Row]) -> dict[Hashable, Row]:
        """Answer all rows of a kind by key, in the order they came."""
        return self._rows.setdefault(kind, {})

    def group(self, kind: type[Row], *named: Hashable) -> Sequence[Row]:
        """Answer the rows of a kind that `_groups_of` puts there."""
        return tuple(self._groups.get((kind, *named), {}).values())

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Keep all that is written inside the block; where it raises, none of it."""
        with ExitStack() as self._undo:
            yield
            self._undo.pop_all()

    def save(self, row: Stateful) -> None:
        """Insert at version 0, else compare-and-set; raises as the ledger's `commit` does."""
        kind: type[Any] = type(row)
        key = getattr(row, KEYS[kind])
        old = self.of(kind).get(key)
        if row.version == 0 and old is not None:
            raise DuplicateError(f"it exists already: {kind.__name__} {key}")
        if row.version != (old.version if old else 0):
            raise StaleLeaseError(f"{kind.__name__} {key} moved on since it was read")
        self._refuse_orphan(row)
        self._claim(old, row)
        self._place(key, old, replace(row, version=row.version + 1))

    def append(self, row: Immutable) -> None:
        """Add the row; the same key again changes nothing."""
        key = _key_of(row)
        if key in self.of(type(row)):
            return
        self._refuse_orphan(row)
        self._place(key, None, row)
        match row:
            case Settlement():
                self._add_up(row)
            case Receipt():
                self._put(self.swaps, row.night, self.swaps.get(row.night, 0) + 1)
            case _:
                pass

    def log(self, event: Event) -> None:
        """Add the event with the next id; the same (attempt, seq) again changes nothing."""
        if event.attempt is not None and event.seq is not None:
            line = ("line", event.attempt, event.seq)
            if line in self._claims:
                return
            self._put(self._claims, line, event.attempt)
        identity = len(self.of(Event)) + 1
        self._place(identity, None, replace(event, id=identity))

    def _add_up(self, row: Settlement) -> None:
        day = (row.account, row.day)
        old = self.account_days.get(day, Tally())
        tally = Tally(micros=old.micros + row.micros, requests=old.requests + row.requests)
        self._put(self.account_days, day, tally)
        self._plus(self.project_days, (row.project, row.project_day), row.micros)
        self._plus(self.tasks_settled, row.task, row.micros)
        self._plus(self.runs_settled, row.run, row.micros)

    def _refuse_orphan(self, row: Stateful | Immutable) -> None:
        for kind, key in _needed_by(row):
            if key not in self.of(kind):
                raise NotFoundError(f"no {kind.__name__} {key}", remedy="write it first")

    def _claim(self, old: Stateful | None, row: Stateful) -> None:
        for claim in _claims_of(old) if old else ():
            self._drop(self._claims, claim)
        for claim in _claims_of(row):
            if claim in self._claims:
                raise DuplicateError(f"it exists already: {claim}, of {self._claims[claim]}")
            self._put(self._claims, claim, getattr(row, KEYS[type(row)]))

    def _place(self, key: Hashable, old: object, row: object) -> None:
        for group in _groups_of(old):
            self._drop(self._groups[group], key)
        for group in _groups_of(row):
            self._put(self._groups.setdefault(group, {}), key, row)
        self._put(self.of(type(row)), key, row)

    def _plus(self, sums: dict[Key, int], key: Key, micros: int) -> None:
        self._put(sums, key, sums.get(key, 0) + micros)

    def _put(self, shelf: dict[Key, Value], key: Key, value: Value) -> None:
        if key in shelf:
            self._undo.callback(shelf.__setitem__, key, shelf[key])
        else:
            self._undo.callback(shelf.pop, key)
        shelf[key] = value

    def _drop(self, shelf: dict[Key, Value], key: Key) -> None:
        self._undo.callback(shelf.__setitem__, key, shelf.pop(key))


def _claims_of(row: Stateful) -> tuple[Hashable, ...]:
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
            return (*once, ("merge", row.project, row.target, row.place)) if merging else once
        case Lesson():
            return (("number of lesson", row.number), ("digest", row.digest))
        case PendingAction() | Health() | Hold() | Term():
            return ()


def _key_of(row: Immutable) -> Hashable:
    match row:
        case Verdict():
            return row.attempt, row.name, row.sha, row.at
        case Embedding():
            return row.lesson, row.space
        case Recall():
            return row.attempt, row.lesson
        case Credit():
            return row.attempt, row.lesson, row.evidence
        case _:
            return row.attempt


def _needed_by(row: Stateful | Immutable) -> Iterator[tuple[type, str]]:
    """Yield what has to stand before that row."""
    match row:
        case Task() | Health() | Hold() | Term() | Lesson():
            return
        case Attempt() | PullRequest() | PendingAction():
            yield Task, row.task
        case Embedding():
            yield Lesson, row.lesson
        case Recall() | Credit():
            yield Attempt, row.attempt
            yield Lesson, row.lesson
        case _:
            yield Attempt, row.attempt


def _groups_of(row: object) -> tuple[Hashable, ...]:
    """Answer in which groups a row is found, beside its shelf."""
    match row:
        case Task():
            about, moving = row.parent, row.open
        case Attempt():
            about, moving = row.task, row.live or not row.cleaned
        case PullRequest():
            about, moving = row.task, not row.closed
        case PendingAction() | Receipt():
            about, moving = row.task, False
        case Verdict():
            return ((Verdict, "of", row.attempt), *_said(row))
        case _:
            return ()
    of_one = (type(row), "of", about)
    return (of_one, (type(row), "moving")) if moving else (of_one,)


def _said(row: Verdict) -> tuple[Hashable, ...]:
    """Answer where a check that ran is found by what it ran on; errors and copies are not."""
    if row.source or row.status is VerdictStatus.ERROR:
        return ()
    return ((Verdict, "said", row.tree, row.definition, row.image),)
