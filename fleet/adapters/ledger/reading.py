"""The snapshot that the planner reads, from one transaction."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from fleet.adapters.ledger import queries
from fleet.adapters.ledger.rows import KEYS, TABLES, from_row
from fleet.domain.attempt import Attempt
from fleet.domain.budget import Tally
from fleet.domain.health import Health
from fleet.domain.hold import Hold
from fleet.domain.merge import PullRequest
from fleet.domain.pending import PendingAction
from fleet.domain.plan import Snapshot
from fleet.domain.task import Resolution, Task

Row = TypeVar("Row")
Moving = TypeVar("Moving", Task, Attempt, PullRequest, PendingAction, Health, Hold)

# databases bound how many values a statement may name
_AT_ONCE = 1000


def values(connection: sa.Connection, kind: type[Row], found: "sa.Select[Any]") -> tuple[Row, ...]:
    """Answer the values of a kind that a select finds."""
    return tuple(from_row(kind, row) for row in connection.execute(found).mappings())


def portions(keys: Collection[Any]) -> Iterator[list[Any]]:
    """Yield the keys in portions that a statement may name."""
    every = list(keys)
    for start in range(0, len(every), _AT_ONCE):
        yield every[start : start + _AT_ONCE]


class Rows:
    """Rows read before, by key: one that stands at the same version is not read again."""

    def __init__(self) -> None:
        self._known: dict[type, dict[Any, Any]] = {}

    def current(
        self, connection: sa.Connection, kind: type[Moving], found: "sa.Select[Any]"
    ) -> tuple[Moving, ...]:
        """Answer the values whose keys and versions a select finds, in its order."""
        known = self._known.get(kind, {})
        versions = connection.execute(found).all()
        fresh = [key for key, at in versions if key not in known or known[key].version != at]
        for some in portions(fresh):
            chosen = {"named": some}
            read = connection.execute(queries.named(TABLES[kind], KEYS[kind]), chosen).mappings()
            known = known | {row[KEYS[kind]]: from_row(kind, row) for row in read}
        current = {key: known[key] for key, _ in versions}
        self._known[kind] = current
        return tuple(current.values())


def first_day(now: datetime) -> date:
    """Answer the oldest day, and night, whose sums may still matter in some timezone."""
    return now.astimezone(UTC).date() - timedelta(days=2)


def snapshot(connection: sa.Connection, rows: Rows, *, first: date, run: str) -> Snapshot:
    """Answer what can still move, at one instant; sums by day begin with the `first`."""
    found = rows.current(connection, Task, queries.OPEN_TASKS)
    tasks = tuple(sorted(found, key=lambda task: (task.project, task.number)))
    resolutions, parents = _relatives(connection, tasks)
    last_pull, last_action, latest_event = connection.execute(queries.LATEST).one()
    return Snapshot(
        tasks=tasks,
        resolutions=resolutions,
        parents=parents,
        attempts=rows.current(connection, Attempt, queries.ATTEMPTS),
        pulls=rows.current(connection, PullRequest, queries.PULLS),
        pending=rows.current(connection, PendingAction, queries.PENDING),
        health=rows.current(connection, Health, queries.HEALTH),
        holds=rows.current(connection, Hold, queries.HOLDS),
        account_days=_account_days(connection, first),
        project_days=_project_days(connection, first),
        task_settled=_task_settled(connection),
        run_settled=int(connection.scalar(queries.RUN_SETTLED, {"run": run}) or 0),
        swaps=_swaps(connection, first),
        last_pull=last_pull,
        last_action=last_action,
        latest_event=latest_event,
    )


def _relatives(
    connection: sa.Connection, tasks: Sequence[Task]
) -> tuple[dict[str, Resolution | None], dict[str, str]]:
    """Answer how dependencies and children of open tasks ended, and whose children they are."""
    keys = {task.key for task in tasks}
    named = sorted({key for task in tasks for key in task.depends} - keys)
    resolutions: dict[str, Resolution | None] = dict.fromkeys(keys)
    parents: dict[str, str] = {}
    for key, resolution, parent in connection.execute(queries.CHILDREN):
        resolutions[key] = Resolution(resolution) if resolution else None
        parents[key] = parent
    for start in range(0, len(named), _AT_ONCE):
        chosen = {"named": named[start : start + _AT_ONCE]}
        for key, resolution, _ in connection.execute(queries.NAMED, chosen):
            resolutions[key] = Resolution(resolution) if resolution else None
    return resolutions, parents


def _account_days(connection: sa.Connection, first: date) -> dict[tuple[str, date], Tally]:
    return {
        (account, day): Tally(micros=int(micros), requests=int(requests))
        for account, day, micros, requests in connection.execute(
            queries.ACCOUNT_DAYS, {"first": first}
        )
    }


def _project_days(connection: sa.Connection, first: date) -> dict[tuple[str, date], int]:
    found = connection.execute(queries.PROJECT_DAYS, {"first": first})
    return {(project, day): int(micros) for project, day, micros in found}


def _task_settled(connection: sa.Connection) -> dict[str, int]:
    return {task: int(micros) for task, micros in connection.execute(queries.TASK_SETTLED)}


def _swaps(connection: sa.Connection, first: date) -> dict[date, int]:
    found = connection.execute(queries.SWAPS, {"first": first})
    return {night: int(count) for night, count in found}
