"""The ledger on SQLAlchemy Core."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from fleet.adapters.ledger import queries, reading, tables
from fleet.adapters.ledger.engine import engine_for, migrate, reading_from, writing_to
from fleet.adapters.ledger.failures import translated
from fleet.adapters.ledger.lessons import SqlLessons
from fleet.adapters.ledger.rows import KEYS, TABLES, from_row, to_row
from fleet.domain.attempt import Attempt
from fleet.domain.budget import Reservation, Settlement
from fleet.domain.errors import NotFoundError, StaleLeaseError
from fleet.domain.events import Event
from fleet.domain.hold import Hold
from fleet.domain.merge import PullRequest
from fleet.domain.pending import PendingAction
from fleet.domain.plan import Snapshot
from fleet.domain.result import Verdict
from fleet.domain.swap import Receipt
from fleet.domain.task import Task
from fleet.domain.term import COORDINATOR, Term, refuse_deposed
from fleet.ports import Append, Clock, Fence, Ledger, Log, Save, Stateful, Write

Row = TypeVar("Row")


class SqlLedger(SqlLessons, Ledger):
    """SQLite by default, PostgreSQL by URL; safe for several threads and processes."""

    def __init__(self, url: str, *, clock: Clock) -> None:
        """Open it and bring its schema up to date; raises as `translated` does."""
        self._clock = clock
        self._rows = reading.Rows()
        self._engine = engine_for(url)
        with translated(), ExitStack() as refused:
            refused.callback(self._engine.dispose)
            migrate(self._engine)
            refused.pop_all()

    def commit(self, writes: Sequence[Write]) -> None:
        with self._writing() as connection:
            for write in writes:
                match write:
                    case Save(row=row):
                        _save(connection, row)
                    case Append(row=row):
                        _append(connection, TABLES[type(row)], to_row(row))
                    case Log(event=event):
                        row_ = to_row(event)
                        del row_["id"]
                        _append(connection, tables.events, row_)
                    case Fence(term=number):
                        refuse_deposed(_term(connection), number)

    def snapshot(self, *, run: str = "") -> Snapshot:
        first = reading.first_day(self._clock.now())
        with self._reading() as connection:
            return reading.snapshot(connection, self._rows, first=first, run=run)

    def latest_event(self) -> int:
        with self._reading() as connection:
            return int(connection.scalar(queries.LATEST_EVENT) or 0)

    def task(self, key: str) -> Task:
        return self._one(Task, tables.tasks.c.key, key, "see `fleet task list`")

    def tasks(self, *, project: str | None = None) -> tuple[Task, ...]:
        found = sa.select(tables.tasks).order_by(tables.tasks.c.project, tables.tasks.c.number)
        if project is not None:
            found = found.where(tables.tasks.c.project == project)
        return self._all(Task, found)

    def attempts(self, task: str | None = None) -> tuple[Attempt, ...]:
        columns = tables.attempts.c
        found = sa.select(tables.attempts).order_by(columns.created, columns.task, columns.number)
        if task is not None:
            found = found.where(columns.task == task)
        return self._all(Attempt, found)

    def pull_request(self, number: int) -> PullRequest:
        return self._one(PullRequest, tables.pulls.c.number, number, "see `fleet pr list --all`")

    def pull_requests(self) -> tuple[PullRequest, ...]:
        return self._all(PullRequest, sa.select(tables.pulls).order_by(tables.pulls.c.number))

    def verdicts(self, attempt: str) -> tuple[Verdict, ...]:
        found = sa.select(tables.verdicts).where(tables.verdicts.c.attempt == attempt)
        return self._all(Verdict, found.order_by(tables.verdicts.c.id))

    def known_verdict(self, *, tree: str, definition: str, image: str) -> Verdict | None:
        asked = {"tree": tree, "definition": definition, "image": image}
        with self._reading() as connection:
            found = connection.execute(queries.KNOWN_VERDICT, asked).mappings().first()
        return None if found is None else from_row(Verdict, found)

    def pending_action(self, action: str) -> PendingAction:
        return self._one(PendingAction, tables.actions.c.id, action, "see `fleet approval list`")

    def pending_actions(self, task: str | None = None) -> tuple[PendingAction, ...]:
        found = sa.select(tables.actions).order_by(tables.actions.c.number)
        if task is not None:
            found = found.where(tables.actions.c.task == task)
        return self._all(PendingAction, found)

    def reservations(self) -> tuple[Reservation, ...]:
        columns = tables.reservations.c
        found = sa.select(tables.reservations).order_by(columns.at, columns.attempt)
        return self._all(Reservation, found)

    def settlements(self, *, since: datetime | None = None) -> tuple[Settlement, ...]:
        columns = tables.settlements.c
        found = sa.select(tables.settlements).order_by(columns.at, columns.attempt)
        if since is not None:
            found = found.where(columns.at >= since)
        return self._all(Settlement, found)

    def receipts(
        self, task: str | None = None, *, since: datetime | None = None
    ) -> tuple[Receipt, ...]:
        columns = tables.receipts.c
        found = sa.select(tables.receipts).order_by(columns.at, columns.attempt)
        if task is not None:
            found = found.where(columns.task == task)
        if since is not None:
            found = found.where(columns.at >= since)
        return self._all(Receipt, found)

    def events(
        self,
        *,
        task: str | None = None,
        attempt: str | None = None,
        after: int = 0,
        since: datetime | None = None,
    ) -> tuple[Event, ...]:
        columns = tables.events.c
        found = sa.select(tables.events).order_by(columns.id)
        if after:
            found = found.where(columns.id > after)
        if task is not None:
            found = found.where(columns.task == task)
        if attempt is not None:
            found = found.where(columns.attempt == attempt)
        if since is not None:
            found = found.where(columns.at >= since)
        return self._all(Event, found)

    def term(self) -> Term | None:
        with self._reading() as connection:
            return _term(connection)

    def hold(self, subject: str) -> Hold | None:
        with self._reading() as connection:
            found = connection.execute(queries.HOLD, {"subject": subject}).mappings().first()
        return None if found is None else from_row(Hold, found)

    def setting(self, name: str) -> str | None:
        with self._reading() as connection:
            return connection.scalar(
                sa.select(tables.settings.c.value).where(tables.settings.c.name == name)
            )

    def keep_setting(self, name: str, value: str) -> str:
        with self._writing() as connection:
            _append(connection, tables.settings, {"name": name, "value": value})
        return self.setting(name) or value

    def close(self) -> None:
        self._engine.dispose()

    def _one(self, kind: type[Row], column: sa.Column[Any], key: object, remedy: str) -> Row:
        found = self._all(kind, sa.select(TABLES[kind]).where(column == key))
        if not found:
            raise NotFoundError(f"no {_noun(kind)} {key}", remedy=remedy)
        return found[0]

    def _all(self, kind: type[Row], found: "sa.Select[Any]") -> tuple[Row, ...]:
        with self._reading() as connection:
            return reading.values(connection, kind, found)

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with translated(), writing_to(self._engine) as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with translated(), reading_from(self._engine) as connection:
            yield connection


def _term(connection: sa.Connection) -> Term | None:
    found = connection.execute(queries.TERM, {"name": COORDINATOR}).mappings().first()
    return None if found is None else from_row(Term, found)


def _noun(kind: type) -> str:
    return TABLES[kind].name.replace("_", " ").removesuffix("s")


def _save(connection: sa.Connection, row: Stateful) -> None:
    """Insert at version 0, else compare-and-set on the version that was read."""
    kind = type(row)
    columns = to_row(row) | {"version": row.version + 1}
    if row.version == 0:
        connection.execute(queries.insert(TABLES[kind]), columns)
        return
    key = columns[KEYS[kind]]
    read = {"read_key": key, "read_version": row.version}
    done = connection.execute(queries.update(TABLES[kind], KEYS[kind]), columns | read)
    if done.rowcount != 1:
        raise StaleLeaseError(f"{_noun(kind)} {key} moved on since it was read")


def _append(connection: sa.Connection, table: sa.Table, columns: dict[str, Any]) -> None:
    """Insert; the same key again changes nothing."""
    connection.execute(queries.insert_once(table, connection.dialect.name), columns)
