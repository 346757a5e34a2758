"""Read models: what the board, a task, a pull request and a report show, as plain values."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fleet.domain.attempt import Attempt
from fleet.domain.board import Board, board_of, standing
from fleet.domain.budget import dollars
from fleet.domain.merge import PullRequest
from fleet.domain.plan import Snapshot
from fleet.domain.policy import PendingAction
from fleet.domain.profile import Fleet
from fleet.domain.result import Verdict, verdict_of
from fleet.domain.task import Resolution, Status, Task
from fleet.ports import Ledger

Row = dict[str, Any]


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def board_rows(ledger: Ledger, fleet: Fleet, *, project: str | None = None) -> list[Row]:
    """Answer `task list`."""
    board = board_of(ledger.snapshot(), fleet)
    counts: dict[str, int] = {}
    for attempt in ledger.attempts():
        counts[attempt.task] = max(counts.get(attempt.task, 0), attempt.number)
    pulls = {pull.task: pull.number for pull in ledger.pull_requests()}
    return [
        _row(task, board, attempts=counts.get(task.key, 0), pull=pulls.get(task.key))
        for task in ledger.tasks(project=project)
    ]


def _row(task: Task, board: Board, *, attempts: int, pull: int | None) -> Row:
    where = standing(task, board)
    return {
        "key": task.key,
        "project": task.project,
        "title": task.title,
        "kind": task.kind.value,
        "parent": task.parent,
        "role": task.role,
        "priority": task.priority.value,
        "status": where.status.value,
        "reason": where.reason,
        "attempts": attempts,
        "pr": pull,
        "labels": list(task.labels),
        "updated": _time(task.updated),
    }


def task_view(key: str, ledger: Ledger, fleet: Fleet) -> Row:
    """Answer `task show`; raises NotFoundError."""
    task = ledger.task(key)
    attempts = ledger.attempts(key)
    pulls = [pull.number for pull in ledger.pull_requests() if pull.task == key]
    board = board_of(ledger.snapshot(), fleet)
    row = _row(task, board, attempts=len(attempts), pull=pulls[-1] if pulls else None)
    verdicts = {attempt.id: ledger.verdicts(attempt.id) for attempt in attempts}
    settled = [row for row in ledger.settlements() if row.task == key]
    history = [
        {"at": _time(e.at), "who": e.who, "what": f"{e.kind}: {e.what}" if e.what else e.kind}
        for e in ledger.events(task=key)
    ]
    return row | {
        "goal": task.goal,
        "accept": list(task.accept),
        "depends": list(task.depends),
        "comments": list(task.comments),
        "branch": task.branch,
        "budget_usd": dollars(task.budget_micros),
        "spent_usd": dollars(sum(row.micros for row in settled)),
        "spent_estimated": any(row.estimated for row in settled),
        "summary": attempts[-1].summary if attempts else "",
        "history": history,
        "attempts": [attempt_view(a, verdicts[a.id]) for a in attempts],
        "escalation": escalation(task, attempts, verdicts),
    }


def attempt_view(attempt: Attempt, verdicts: Sequence[Verdict]) -> Row:
    """Answer one attempt of `task show`."""
    usage = attempt.usage
    return {
        "id": attempt.id,
        "number": attempt.number,
        "profile": attempt.profile,
        "account": attempt.account,
        "state": attempt.state.value,
        "outcome": attempt.outcome.value if attempt.outcome else None,
        "reason": attempt.reason,
        "base": attempt.base,
        "head": attempt.head,
        "started": _time(attempt.started),
        "ended": _time(attempt.ended),
        "last_beat": _time(attempt.last_beat),
        "last_progress": _time(attempt.last_progress),
        "usage": {
            "input_tokens": usage.input_tokens,
            "cached_tokens": usage.cached_tokens,
            "output_tokens": usage.output_tokens,
            "cost_usd": dollars(usage.cost_micros),
            "requests": usage.turns,
        },
        "swap": None,
        "verdicts": [verdict_view(v) for v in verdicts],
    }


def verdict_view(verdict: Verdict) -> Row:
    """Answer a verdict in short."""
    return {
        "name": verdict.name,
        "status": verdict.status.value,
        "sha": verdict.sha,
        "exit_code": verdict.exit_code,
        "command": list(verdict.command),
        "duration_seconds": verdict.duration_seconds,
        "error": verdict.error,
    }


def escalation(
    task: Task, attempts: Sequence[Attempt], verdicts: dict[str, tuple[Verdict, ...]]
) -> Row | None:
    """Answer what a human needs at a task's failing end, None where it did not fail."""
    if task.resolution is not Resolution.FAILED or not attempts:
        return None
    last = verdicts[attempts[-1].id]
    kinds = {a.failure_kind for a in attempts} - {"", "none"}
    return {
        "verdict": last[-1].contract() if last else None,
        "recommendations": _recommendations(task, attempts[-1], kinds, red=bool(last)),
        "attempts": [
            {"number": a.number, "state": a.state.value, "reason": a.reason} for a in attempts
        ],
    }


def _recommendations(task: Task, last: Attempt, kinds: set[str], *, red: bool) -> list[str]:
    """Advise by rule: what failed, and which command helps."""
    advice = {
        "verdict_error": "make the check runnable: see its error, image and check files",
        "oom": "raise limits.memory in the profile",
        "setup": "mend the setup commands of the project in fleet.yaml",
        "agent_missing": "install the agent's program in the image, or choose another profile",
        "image": "build the image: fleet image build",
        "workspace": "mend the repository as the reason says",
    }
    found = [text for kind, text in advice.items() if kind in kinds]
    if red:
        found.append(f"read the check's output in `fleet task log {task.key}`")
        found.append(f"make the goal clearer: fleet task comment {task.key} TEXT")
    if last.head is not None:
        found.append(f"the work is kept as refs/fleet/kept/{last.id}")
    found.append(f"then: fleet task retry {task.key}, or --fresh to start at the target again")
    return found


def pull_view(pull: PullRequest, ledger: Ledger) -> Row:
    """Answer `pr show`."""
    verdicts = ledger.verdicts(pull.attempt)
    spent = sum(s.micros for s in ledger.settlements() if s.task == pull.task)
    shown = "queued" if pull.status.value == "merging" else pull.status.value
    return {
        "number": pull.number,
        "task": pull.task,
        "project": pull.project,
        "status": shown,
        "reason": pull.reason,
        "branch": pull.branch,
        "target": pull.target,
        "base": pull.base,
        "head": pull.head,
        "merged_sha": pull.merged_sha,
        "title": pull.title,
        "summary": pull.summary,
        "risk": [] if verdict_of(verdicts) == "passed" else ["not every verdict is green"],
        "verdicts": [verdict_view(v) for v in verdicts],
        "cost_usd": dollars(spent),
        "created": _time(pull.created),
        "reviewers": list(pull.reviewers),
    }


def action_view(action: PendingAction) -> Row:
    """Answer `approval show`."""
    return {
        "id": action.id,
        "task": action.task,
        "attempt": action.attempt,
        "category": action.category,
        "action": action.action,
        "files": list(action.files),
        "diff": action.diff,
        "risks": list(action.risks),
        "rule": action.rule,
        "dry_run": action.dry_run,
        "created": _time(action.created),
        "status": action.status.value,
        "answer": action.answer,
    }


def status_view(ledger: Ledger, fleet: Fleet, *, now: datetime) -> Row:
    """Answer `status` but for who coordinates."""
    snapshot = ledger.snapshot()
    board = board_of(snapshot, fleet)
    profiles = fleet.profiles
    running = [
        _running(attempt, profiles[attempt.profile].heartbeat_lost_after, now=now)
        for attempt in snapshot.attempts
        if attempt.holds_slot and attempt.profile in profiles
    ]
    queue = []
    for task in snapshot.tasks:
        where = standing(task, board)
        if where.status in {Status.READY, Status.WAITING, Status.REVIEW, Status.MERGING}:
            waiting = where.reason or where.status.value
            queue.append({"task": task.key, "waiting_for": waiting, "until": None})
    spend = [
        {"account": account, "committed_usd": dollars(micros)}
        for account, micros in snapshot.committed.items()
    ]
    return {"running": running, "queue": queue, "spend": spend}


def _running(attempt: Attempt, lost_after: float, *, now: datetime) -> Row:
    quiet = (now - (attempt.last_progress or attempt.created)).total_seconds()
    silent = (now - (attempt.last_beat or attempt.created)).total_seconds()
    return {
        "attempt": attempt.id,
        "task": attempt.task,
        "profile": attempt.profile,
        "account": attempt.account,
        "state": attempt.state.value,
        "alive": silent <= lost_after,
        "progressing": quiet <= lost_after,
        "quiet_seconds": round(quiet, 1),
        "container": attempt.container,
    }


def run_summary(
    keys: Sequence[str], ledger: Ledger, fleet: Fleet, *, seconds: float, cost: int
) -> Row:
    """Answer the document at the end of `run` and `demo`; `cost` is in micro-dollars."""
    rows = {row["key"]: row for row in board_rows(ledger, fleet)}
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


def counts(snapshot: Snapshot, fleet: Fleet) -> dict[str, int]:
    """Answer how many open tasks have which status, for a line of progress."""
    board = board_of(snapshot, fleet)
    found: dict[str, int] = {}
    for task in snapshot.tasks:
        status = standing(task, board).status.value
        found[status] = found.get(status, 0) + 1
    return found


def log_rows(ledger: Ledger, key: str, *, after: int = 0) -> list[Row]:
    """Answer `task log`: the events of a task, with the output of red checks beside them."""
    rows = []
    for event in ledger.events(task=key, after=after):
        tail = event.data.get("tail") or event.data.get("output") or ""
        rows.append(
            {
                "id": event.id,
                "at": _time(event.at),
                "who": event.who,
                "task": event.task,
                "attempt": event.attempt,
                "kind": event.kind,
                "what": event.what,
                "output": tail if isinstance(tail, str) else "",
            }
        )
    return rows


_SECTIONS = {
    "done": "Merged",
    "review": "Waits for your review",
    "waiting": "Waits for you, or for another task",
    "merging": "On its way into the target",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "running": "Running",
    "ready": "Ready",
    "backlog": "Backlog",
}


def report(ledger: Ledger, fleet: Fleet, *, since: datetime) -> Row:
    """Answer what happened since an instant: the tasks that moved, grouped by where they stand."""
    moved = {event.task for event in ledger.events() if event.task and event.at >= since}
    rows = [row for row in board_rows(ledger, fleet) if row["key"] in moved]
    settled = [row for row in ledger.settlements() if row.at >= since]
    merged = {pull.task: pull.merged_sha for pull in ledger.pull_requests() if pull.merged_sha}
    for row in rows:
        row["merged_sha"] = merged.get(row["key"])
        row["cost_usd"] = dollars(sum(s.micros for s in settled if s.task == row["key"]))
    return {
        "since": _time(since),
        "cost_usd": dollars(sum(s.micros for s in settled)),
        "tasks": rows,
    }


def report_markdown(view: Row) -> str:
    """Word a report for a person."""
    lines = [f"# Fleet report since {view['since']}", "", f"Spent: {view['cost_usd']} USD"]
    for status, heading in _SECTIONS.items():
        rows = [row for row in view["tasks"] if row["status"] == status]
        if rows:
            lines += ["", f"## {heading} ({len(rows)})", ""]
            lines += [_report_line(row) for row in rows]
    if not view["tasks"]:
        lines += ["", "Nothing moved."]
    return "\n".join(lines)


def _report_line(row: Row) -> str:
    number = f", pull request {row['pr']}" if row["pr"] else ""
    tries = f"{row['attempts']} attempt{'' if row['attempts'] == 1 else 's'}"
    reason = f": {row['reason']}" if row["reason"] else ""
    title = "".join(c for c in row["title"] if c.isprintable() and c not in "<>`[]")
    return f"- **{row['key']}** {title} ({tries}{number}){reason}"
