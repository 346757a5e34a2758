"""Between dataclasses and rows, by the dataclass's own annotations."""

import typing
from collections.abc import Callable, Hashable, Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, cast

import sqlalchemy as sa

from fleet.adapters.ledger import standing, tables, taught
from fleet.domain.attempt import Attempt
from fleet.domain.budget import Reservation, Settlement
from fleet.domain.events import Event
from fleet.domain.health import Health
from fleet.domain.hold import Hold
from fleet.domain.lesson import Credit, Embedding, Lesson, Recall
from fleet.domain.merge import PullRequest
from fleet.domain.pending import PendingAction
from fleet.domain.result import Verdict
from fleet.domain.swap import Receipt
from fleet.domain.task import Task
from fleet.domain.term import Term

TABLES: dict[type, sa.Table] = {
    Task: tables.tasks,
    Attempt: tables.attempts,
    PullRequest: tables.pulls,
    PendingAction: tables.actions,
    Health: standing.health,
    Hold: standing.holds,
    Term: standing.terms,
    Lesson: taught.lessons,
    Embedding: taught.embeddings,
    Recall: taught.recalls,
    Credit: taught.credits_,
    Verdict: tables.verdicts,
    Reservation: tables.reservations,
    Settlement: tables.settlements,
    Receipt: tables.receipts,
    Event: tables.events,
}
KEYS: dict[type, str] = {
    Task: "key",
    Attempt: "id",
    PullRequest: "number",
    PendingAction: "id",
    Health: "subject",
    Hold: "subject",
    Term: "name",
    Lesson: "id",
}

Row = TypeVar("Row")
Read = Callable[[Any], Any]


def to_row(value: object) -> dict[str, Any]:
    """Answer the columns of a value; enums as their text, nested values as JSON.

    Raises ValueError for a naive instant: nobody knows when it was; and for an instant given as a
    day: nobody knows in which zone.
    """
    hints = _hints(cast("Hashable", type(value)))
    return {name: _column(hint, getattr(value, name)) for name, hint in hints.items()}


def from_row(kind: type[Row], row: Mapping[Any, Any]) -> Row:
    """Answer the value that stands in a row."""
    readers = _readers(cast("Hashable", kind))
    return kind(**{name: read(row[name]) for name, read in readers.items()})


def _column(hint: Any, value: Any) -> Any:  # noqa: ANN401 - a type annotation, a field's value
    # to Python, and so to the type checker, every instant is a day
    if hint is date and isinstance(value, datetime):
        raise ValueError(f"instant {value} where a day belongs")
    return _plain(value)


def _plain(value: Any) -> Any:  # noqa: ANN401 - a column's value
    match value:
        case str():
            value = _clean(value)
        case datetime():
            value = _utc(value)
        case tuple() | list():
            value = [_plain(item) for item in value]
        case Mapping():
            value = {_plain(key): _plain(item) for key, item in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            value = _plain(asdict(value))
        case _:
            pass  # numbers, truth, days and None stand as they are
    return value


def _clean(text: str) -> str:
    """Answer text that every database can hold: agents may print NUL and half characters."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(f"naive instant {instant}")
    return instant.astimezone(UTC)


@cache
def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass's type
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


@cache
def _readers(kind: Any) -> dict[str, Read]:  # noqa: ANN401 - any dataclass's type
    return {name: _reader(hint) for name, hint in _hints(kind).items()}


def _reader(hint: Any) -> Read:  # noqa: ANN401 - a type annotation
    if isinstance(hint, UnionType):
        (inner,) = (arg for arg in typing.get_args(hint) if arg is not NoneType)
        read = _reader(inner)
        return lambda value: None if value is None else read(value)
    if typing.get_origin(hint) is tuple:
        return tuple
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint
    if is_dataclass(hint):
        make: Any = hint
        return lambda value: make(**value)
    return lambda value: value
