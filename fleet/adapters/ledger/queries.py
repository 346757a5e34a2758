"""Queries and writes, built once: building them costs more than running them."""

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from fleet.adapters.ledger import standing, tables
from fleet.domain.merge import CLOSED, PullRequestStatus
from fleet.domain.result import VerdictStatus

_tasks, _attempts, _pulls, _actions = tables.tasks, tables.attempts, tables.pulls, tables.actions
_settled, _receipts = tables.settlements, tables.receipts
_health, _holds, _terms = standing.health, standing.holds, standing.terms
_events, _verdicts = tables.events, tables.verdicts
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


HEALTH = sa.select(_health.c.subject, _health.c.version).order_by(_health.c.subject)
HOLDS = (
    sa.select(_holds.c.subject, _holds.c.version).where(_holds.c.active).order_by(_holds.c.subject)
)
HOLD = sa.select(_holds).where(_holds.c.subject == sa.bindparam("subject"))
TERM = sa.select(_terms).where(_terms.c.name == sa.bindparam("name"))

ACCOUNT_DAYS = (
    sa.select(
        _settled.c.account,
        _settled.c.day,
        sa.func.sum(_settled.c.micros),
        sa.func.sum(_settled.c.requests),
    )
    .where(_settled.c.day >= sa.bindparam("first"))
    .group_by(_settled.c.day, _settled.c.account)
)
PROJECT_DAYS = (
    sa.select(_settled.c.project, _settled.c.project_day, sa.func.sum(_settled.c.micros))
    .where(_settled.c.project_day >= sa.bindparam("first"))
    .group_by(_settled.c.project_day, _settled.c.project)
)
TASK_SETTLED = (
    sa.select(_settled.c.task, sa.func.sum(_settled.c.micros))
    .where(_settled.c.task.in_(_open_keys))
    .group_by(_settled.c.task)
)
RUN_SETTLED = sa.select(sa.func.coalesce(sa.func.sum(_settled.c.micros), 0)).where(
    _settled.c.run == sa.bindparam("run")
)
SWAPS = (
    sa.select(_receipts.c.night, sa.func.count())
    .where(_receipts.c.night >= sa.bindparam("first"))
    .group_by(_receipts.c.night)
)

# the oldest, so that all copies name the one run that they are copies of
KNOWN_VERDICT = (
    sa.select(_verdicts)
    .where(
        _verdicts.c.tree == sa.bindparam("tree"),
        _verdicts.c.definition == sa.bindparam("definition"),
        _verdicts.c.image == sa.bindparam("image"),
        _verdicts.c.source == "",
        _verdicts.c.status != VerdictStatus.ERROR.value,
    )
    .order_by(_verdicts.c.id)
    .limit(1)
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
