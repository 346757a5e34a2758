"""Queries: values by a select, and the snapshot that the planner reads."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any, TypeVar

import sqlalchemy as sa

from fleet.adapters.ledger import tables
from fleet.adapters.ledger.rows import from_row
from fleet.domain.attempt import Attempt
from fleet.domain.merge import CLOSED, PullRequest, PullRequestStatus
from fleet.domain.plan import Snapshot
from fleet.domain.policy import PendingAction
from fleet.domain.task import Resolution, Task

Row = TypeVar("Row")

# databases bound how many values a statement may name
_AT_ONCE = 1000


def values(connection: sa.Connection, kind: type[Row], found: "sa.Select[Any]") -> tuple[Row, ...]:
    """Answer the values of a kind that a select finds."""
    return tuple(from_row(kind, row) for row in connection.execute(found).mappings())


def latest(connection: sa.Connection, column: "sa.Column[Any]") -> int:
    """Answer the greatest number in a column, 0 when the table is empty."""
    return connection.scalar(sa.select(sa.func.max(column))) or 0


def snapshot(connection: sa.Connection, *, today: datetime) -> Snapshot:
    """Answer what can still move, at one instant; `today` says which day's money counts."""
    columns = tables.tasks.c
    open_tasks = sa.select(tables.tasks).where(columns.resolution.is_(None))
    # sorted here: a database would walk all tasks that ever were in the order of their numbers
    found = values(connection, Task, open_tasks)
    tasks = tuple(sorted(found, key=lambda task: (task.project, task.number)))
    open_keys = sa.select(columns.key).where(columns.resolution.is_(None))
    resolutions, parents = _relatives(connection, tasks, open_keys)
    unclosed = [status.value for status in PullRequestStatus if status not in CLOSED]
    return Snapshot(
        tasks=tasks,
        resolutions=resolutions,
        parents=parents,
        attempts=_attempts(connection, open_keys),
        pulls=values(
            connection,
            PullRequest,
            sa.select(tables.pulls)
            .where(tables.pulls.c.status.in_(unclosed))
            .order_by(tables.pulls.c.number),
        ),
        pending=values(
            connection,
            PendingAction,
            sa.select(tables.actions)
            .where(tables.actions.c.task.in_(open_keys))
            .order_by(tables.actions.c.number),
        ),
        committed=_committed(connection, today),
        task_committed=_task_committed(connection, open_keys),
        last_pull=latest(connection, tables.pulls.c.number),
        last_action=latest(connection, tables.actions.c.number),
        latest_event=latest(connection, tables.events.c.id),
    )


def _attempts(connection: sa.Connection, open_keys: "sa.Select[Any]") -> tuple[Attempt, ...]:
    columns = tables.attempts.c
    wanted = sa.union(
        sa.select(columns.id).where(columns.task.in_(open_keys)),
        sa.select(columns.id).where(tables.LIVE_NOW),
        sa.select(columns.id).where(~columns.cleaned),
    )
    found = sa.select(tables.attempts).where(columns.id.in_(sa.select(wanted.subquery())))
    return values(
        connection, Attempt, found.order_by(columns.created, columns.task, columns.number)
    )


def _relatives(
    connection: sa.Connection, tasks: Sequence[Task], open_keys: "sa.Select[Any]"
) -> tuple[dict[str, Resolution | None], dict[str, str]]:
    """Answer how dependencies and children of open tasks ended, and whose children they are."""
    keys = {task.key for task in tasks}
    named = sorted({key for task in tasks for key in task.depends} - keys)
    columns = tables.tasks.c
    family = sa.select(columns.key, columns.resolution, columns.parent)
    resolutions: dict[str, Resolution | None] = dict.fromkeys(keys)
    parents: dict[str, str] = {}
    for key, resolution, parent in connection.execute(family.where(columns.parent.in_(open_keys))):
        resolutions[key] = Resolution(resolution) if resolution else None
        parents[key] = parent
    for start in range(0, len(named), _AT_ONCE):
        chosen = columns.key.in_(named[start : start + _AT_ONCE])
        for key, resolution, _ in connection.execute(family.where(chosen)):
            resolutions[key] = Resolution(resolution) if resolution else None
    return resolutions, parents


def _committed(connection: sa.Connection, today: datetime) -> dict[str, int]:
    """Answer, an account, what was settled today plus what is reserved and not settled."""
    midnight = datetime.combine(today.astimezone(UTC).date(), time(), tzinfo=UTC)
    settled, reserved = tables.settlements, tables.reservations
    spent = sa.select(settled.c.account, settled.c.micros).where(settled.c.at >= midnight)
    both = sa.union_all(spent, _unsettled(reserved.c.account)).subquery()
    total = sa.select(both.c.account, sa.func.sum(both.c.micros)).group_by(both.c.account)
    return {account: int(micros) for account, micros in connection.execute(total)}


def _task_committed(connection: sa.Connection, open_keys: "sa.Select[Any]") -> dict[str, int]:
    settled, reserved = tables.settlements, tables.reservations
    both = sa.union_all(
        sa.select(settled.c.task, settled.c.micros).where(settled.c.task.in_(open_keys)),
        _unsettled(reserved.c.task).where(reserved.c.task.in_(open_keys)),
    ).subquery()
    total = sa.select(both.c.task, sa.func.sum(both.c.micros)).group_by(both.c.task)
    return {task: int(micros) for task, micros in connection.execute(total)}


def _unsettled(by: "sa.Column[Any]") -> "sa.Select[Any]":
    """Select what live attempts hold: only they can have a reservation without a settlement."""
    reserved, attempts = tables.reservations, tables.attempts
    settled = sa.exists().where(tables.settlements.c.attempt == reserved.c.attempt)
    return (
        sa.select(by, reserved.c.micros)
        .join(attempts, attempts.c.id == reserved.c.attempt)
        .where(tables.LIVE_NOW, ~settled)
    )
