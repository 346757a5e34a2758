"""Queries and writes, built once: building them costs more than running them."""

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from fleet.adapters.ledger import tables
from fleet.domain.merge import CLOSED, PullRequestStatus

_tasks, _attempts, _pulls, _actions = tables.tasks, tables.attempts, tables.pulls, tables.actions
_settled, _reserved, _events = tables.settlements, tables.reservations, tables.events
_unclosed = [status.value for status in PullRequestStatus if status not in CLOSED]
_open_keys = sa.select(_tasks.c.key).where(_tasks.c.resolution.is_(None))

# sorted by the reader: a database would walk all tasks that ever were in the order of their numbers
OPEN_TASKS = sa.select(_tasks.c.key, _tasks.c.version).where(_tasks.c.resolution.is_(None))

_wanted = sa.union(
    sa.select(_attempts.c.id).where(_attempts.c.task.in_(_open_keys)),
    sa.select(_attempts.c.id).where(tables.LIVE_NOW),
    sa.select(_attempts.c.id).where(~_attempts.c.cleaned),
)
ATTEMPTS = (
    sa.select(_attempts.c.id, _attempts.c.version)
    .where(_attempts.c.id.in_(sa.select(_wanted.subquery())))
    .order_by(_attempts.c.created, _attempts.c.task, _attempts.c.number)
)

PULLS = (
    sa.select(_pulls.c.number, _pulls.c.version)
    .where(_pulls.c.status.in_(_unclosed))
    .order_by(_pulls.c.number)
)

PENDING = (
    sa.select(_actions.c.id, _actions.c.version)
    .where(_actions.c.task.in_(_open_keys))
    .order_by(_actions.c.number)
)

_family = sa.select(_tasks.c.key, _tasks.c.resolution, _tasks.c.parent)
CHILDREN = _family.where(_tasks.c.parent.in_(_open_keys))
NAMED = _family.where(_tasks.c.key.in_(sa.bindparam("named", expanding=True)))


def _unsettled(by: "sa.Column[str]") -> "sa.Select[tuple[str, int]]":
    """Select what live attempts hold: only they can have a reservation without a settlement."""
    done = sa.exists().where(_settled.c.attempt == _reserved.c.attempt)
    return (
        sa.select(by, _reserved.c.micros)
        .join(_attempts, _attempts.c.id == _reserved.c.attempt)
        .where(tables.LIVE_NOW, ~done)
    )


_today = sa.union_all(
    sa.select(_settled.c.account, _settled.c.micros).where(_settled.c.at >= sa.bindparam("day")),
    _unsettled(_reserved.c.account),
).subquery()
COMMITTED = sa.select(_today.c.account, sa.func.sum(_today.c.micros)).group_by(_today.c.account)

_of_tasks = sa.union_all(
    sa.select(_settled.c.task, _settled.c.micros).where(_settled.c.task.in_(_open_keys)),
    _unsettled(_reserved.c.task).where(_reserved.c.task.in_(_open_keys)),
).subquery()
TASK_COMMITTED = sa.select(_of_tasks.c.task, sa.func.sum(_of_tasks.c.micros)).group_by(
    _of_tasks.c.task
)

LATEST_EVENT = sa.select(sa.func.coalesce(sa.func.max(_events.c.id), 0))
LATEST = sa.select(
    sa.select(sa.func.coalesce(sa.func.max(_pulls.c.number), 0)).scalar_subquery(),
    sa.select(sa.func.coalesce(sa.func.max(_actions.c.number), 0)).scalar_subquery(),
    LATEST_EVENT.scalar_subquery(),
)


@cache
def named(table: sa.Table, key: str) -> "sa.Select[Any]":
    """Answer what reads the rows whose keys are given as `named`."""
    return sa.select(table).where(table.c[key].in_(sa.bindparam("named", expanding=True)))


@cache
def insert(table: sa.Table) -> sa.Insert:
    """Answer what inserts a row."""
    return table.insert()


@cache
def insert_once(table: sa.Table, dialect: str) -> sa.Insert:
    """Answer what inserts a row unless its key is there."""
    insert_ = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert_(table).on_conflict_do_nothing()


@cache
def update(table: sa.Table, key: str) -> sa.Update:
    """Answer what writes a row where it is still at the version that was read."""
    at_version = table.c.version == sa.bindparam("read_version")
    return table.update().where(table.c[key] == sa.bindparam("read_key"), at_version)
