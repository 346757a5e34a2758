"""Snapshots and sights for tests of board and planner."""

from datetime import timedelta
from typing import Any

from fleet.domain.attempt import Outcome, Red, State
from fleet.domain.plan import Plan, Sight, Snapshot
from fleet.domain.planner import plan
from tests.builders import NOW, a_fleet, a_task, an_attempt

LATER = NOW + timedelta(hours=1)


def a_snapshot(*attempts, tasks=None, **fields: Any) -> Snapshot:
    """Answer a snapshot of these attempts, of one open task unless others are given."""
    known = (a_task(),) if tasks is None else tasks
    resolutions = {task.key: None for task in known} | fields.pop("resolutions", {})
    return Snapshot(tasks=known, attempts=attempts, resolutions=resolutions, **fields)


def a_sight(**fields: Any) -> Sight:
    """Answer the sight of a coordinator that began an hour ago."""
    return Sight(**({"now": LATER, "since": NOW} | fields))


def planned(snapshot, fleet=None, **sight: Any) -> Plan:
    """Answer the plan for a snapshot."""
    return plan(snapshot, fleet or a_fleet(), a_sight(**sight))


def kinds(plan_: Plan) -> list[str]:
    """Answer what the actions of a plan are called."""
    return [type(action).__name__ for action in plan_.actions]


def running(number=1, **fields: Any):
    """Answer an attempt that runs and beat just now."""
    alive: dict[str, Any] = {"started": NOW, "last_beat": LATER, "last_progress": LATER}
    return an_attempt(
        number=number, **({"state": State.RUNNING, "base": "b" * 40} | alive | fields)
    )


def ended(number=1, state=State.REJECTED, **fields: Any):
    """Answer an attempt that ran, ended and was cleaned; rejected by a check unless said."""
    outcome = {State.REJECTED: Outcome.FINISHED, State.LOST: Outcome.LOST}.get(
        state, Outcome.FAILED
    )
    red = Red.CHECK if state is State.REJECTED else None
    defaults = {"outcome": outcome, "red": red, "cleaned": True, "reason": "why", "base": "b" * 40}
    return an_attempt(number=number, **({"state": state} | defaults | fields))
