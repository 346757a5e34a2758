"""Read models of what goes on: who runs, what waits for what, how a run ended."""

from collections.abc import Sequence
from datetime import datetime

from fleet.app.views.holds import beside, hold_rows
from fleet.app.views.outlook import Around, outlook
from fleet.app.views.row import Row, moment
from fleet.app.views.tasks import board_rows
from fleet.app.views.vitals import vitals
from fleet.domain.attempt import Attempt
from fleet.domain.board import Board, board_of, standing
from fleet.domain.budget import dollars
from fleet.domain.health import engine_refused
from fleet.domain.plan import Plan, Snapshot
from fleet.domain.pool import held_by, settled_today
from fleet.domain.profile import Fleet
from fleet.domain.schedule import hours_at
from fleet.domain.task import Status
from fleet.domain.window import day_of
from fleet.ports import Ledger

_QUEUED = frozenset({Status.READY, Status.WAITING, Status.REVIEW, Status.MERGING})
_GOES_ON = frozenset({Status.READY, Status.MERGING})


def status_view(snapshot: Snapshot, fleet: Fleet, *, now: datetime, around: Around) -> Row:
    """Answer `status` but for who coordinates."""
    board = board_of(snapshot, fleet, halted=around.halted)
    foreseen = outlook(snapshot, fleet, now=now, around=around)
    parallel = hours_at(fleet.schedule.runs, now, parallel=fleet.parallel).parallel
    running = [a for a in snapshot.attempts if a.holds_slot]
    return {
        "running": [_running(attempt, board, now=now) for attempt in running],
        "slots": [{"parallel": parallel, "running": len(running)}],
        "queue": _queue(board, foreseen),
        "spend": _spend(snapshot, fleet, now=now),
        "holds": hold_rows(snapshot.holds, halted=around.halted),
        "halted": foreseen.halted,
        "engine": engine_refused(snapshot.health),
        "storm": foreseen.storm,
        "wake": moment(foreseen.wake),
    }


def moving(snapshot: Snapshot, fleet: Fleet, *, halted: str) -> frozenset[str]:
    """Answer the tasks that run, or that go on by themselves; `halted` as in `board_rows`."""
    board = board_of(snapshot, fleet, halted=halted)
    where = {task.key: standing(task, board).status for task in snapshot.tasks}
    return frozenset(
        key
        for key, status in where.items()
        if status is Status.RUNNING or (status in _GOES_ON and not board.halts.stop(key))
    )


def _queue(board: Board, foreseen: Plan) -> list[Row]:
    waits = {wait.task: wait for wait in foreseen.waits}
    queue: list[Row] = []
    for task in board.snapshot.tasks:
        where, wait = standing(task, board), waits.get(task.key)
        if where.status in _QUEUED:
            reason = wait.reason if wait else where.reason or where.status.value
            until = moment(wait.until) if wait else None
            told = beside(reason, board.halts.stop(task.key))
            queue.append({"task": task.key, "waiting_for": told, "until": until})
    return queue


def _spend(snapshot: Snapshot, fleet: Fleet, *, now: datetime) -> list[Row]:
    """Answer what each account spent today, by its own calendar, and what attempts hold of it."""
    rows: list[Row] = []
    days = settled_today(snapshot, fleet, now)
    for account in fleet.accounts.values():
        day, settled = day_of(now, fleet.zone_of(account)), days[account.name]
        holding = [a for a in snapshot.attempts if a.holds_slot and a.account == account.name]
        rows.append(
            {
                "account": account.name,
                "day": day.isoformat(),
                "spent_usd": dollars(settled.micros),
                "reserved_usd": dollars(sum(held_by(attempt, fleet) for attempt in holding)),
                "daily_budget_usd": dollars(account.daily_budget_micros),
                "requests": settled.requests + sum(a.usage.turns for a in holding),
                "daily_requests": account.daily_requests,
            }
        )
    return rows


def _running(attempt: Attempt, board: Board, *, now: datetime) -> Row:
    return {
        "attempt": attempt.id,
        "task": attempt.task,
        "profile": attempt.profile,
        "account": attempt.account,
        "state": attempt.state.value,
        "container": attempt.container,
        "stopped": board.halts.stop(attempt.task),
        **vitals(attempt, board.fleet, now=now),
    }


def run_summary(
    keys: Sequence[str],
    ledger: Ledger,
    fleet: Fleet,
    *,
    seconds: float,
    cost: int,
    halted: str = "",
) -> Row:
    """Answer the document at the end of `run` and `demo`; `cost` is in micro-dollars."""
    rows = {row["key"]: row for row in board_rows(ledger, fleet, halted=halted)}
    merged = {p.task: p.merged_sha for p in ledger.pull_requests() if p.merged_sha}
    tasks = [
        {
            "key": key,
            "status": rows[key]["status"],
            "reason": rows[key]["reason"],
            "attempts": rows[key]["attempts"],
            "merged_sha": merged.get(key),
        }
        for key in keys
        if key in rows
    ]
    by = [task["status"] for task in tasks]
    return {
        "tasks": tasks,
        "merged": by.count("done"),
        "in_review": by.count("review"),
        "failed": by.count("failed"),
        "waiting": [t["key"] for t in tasks if t["status"] in {"waiting", "ready", "merging"}],
        "seconds": round(seconds, 1),
        "cost_usd": dollars(cost),
    }


def succeeded(summary: Row) -> bool:
    """Tell whether every task of the summary is done or in review."""
    return all(task["status"] in {"done", "review", "backlog"} for task in summary["tasks"])
