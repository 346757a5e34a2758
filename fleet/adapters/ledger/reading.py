"""The snapshot that the planner reads, from one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any, TypeVar

import sqlalchemy as sa

from fleet.adapters.ledger import queries
from fleet.adapters.ledger.rows import KEYS, TABLES, from_row
from fleet.domain.attempt import Attempt
from fleet.domain.merge import PullRequest
from fleet.domain.plan import Snapshot
from fleet.domain.policy import PendingAction
from fleet.domain.task import Resolution, Task

Row = TypeVar("Row")
Moving = TypeVar("Moving", Task, Attempt, PullRequest, PendingAction)

# databases bound how many values a statement may name
_AT_ONCE = 1000


def values(connection: sa.Connection, kind: type[Row], found: "sa.Select[Any]") -> tuple[Row, ...]:
    """Answer the values of a kind that a select finds."""
    return tuple(from_row(kind, row) for row in connection.execute(found).mappings())


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
        for start in range(0, len(fresh), _AT_ONCE):
            chosen = {"named": fresh[start : start + _AT_ONCE]}
            read = connection.execute(queries.named(TABLES[kind], KEYS[kind]), chosen).mappings()
            known = known | {row[KEYS[kind]]: from_row(kind, row) for row in read}
        current = {key: known[key] for key, _ in versions}
        self._known[kind] = current
        return tuple(current.values())


def snapshot(connection: sa.Connection, rows: Rows, *, today: datetime) -> Snapshot:
    """Answer what can still move, at one instant; `today` says which day's money counts."""
    found = rows.current(connection, Task, queries.OPEN_TASKS)
    tasks = tuple(sorted(found, key=lambda task: (task.project, task.number)))
    resolutions, parents = _relatives(connection, tasks)
    midnight = datetime.combine(today.astimezone(UTC).date(), time(), tzinfo=UTC)
    last_pull, last_action, latest_event = connection.execute(queries.LATEST).one()
    return Snapshot(
        tasks=tasks,
        resolutions=resolutions,
        parents=parents,
        attempts=rows.current(connection, Attempt, queries.ATTEMPTS),
        pulls=rows.current(connection, PullRequest, queries.PULLS),
        pending=rows.current(connection, PendingAction, queries.PENDING),
        committed=_sums(connection, queries.COMMITTED, day=midnight),
        task_committed=_sums(connection, queries.TASK_COMMITTED),
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


def _sums(connection: sa.Connection, found: "sa.Select[Any]", **named: object) -> dict[str, int]:
    """Answer micro-dollars by name."""
    return {name: int(micros) for name, micros in connection.execute(found, named)}
