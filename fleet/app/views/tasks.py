"""Read models of tasks: the board, one task with its attempts, its history."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from fleet.app.views.holds import beside, hold_rows
from fleet.app.views.review import verdict_view
from fleet.app.views.row import Row, moment
from fleet.app.views.swaps import swap_view
from fleet.app.views.vitals import vitals
from fleet.domain.attempt import WITH_OTHERS, Attempt, Red
from fleet.domain.board import Board, board_of, standing
from fleet.domain.budget import dollars
from fleet.domain.events import Event
from fleet.domain.hold import task_subject
from fleet.domain.merge import PullRequest
from fleet.domain.profile import Fleet
from fleet.domain.reflection import LEFT_NOTHING, Reflection, reflections_in
from fleet.domain.result import Verdict
from fleet.domain.reviewing import crowded, spared
from fleet.domain.swap import Receipt
from fleet.domain.task import Resolution, Status, Task
from fleet.ports import Ledger


def board_rows(
    ledger: Ledger, fleet: Fleet, *, project: str | None = None, halted: str = ""
) -> list[Row]:
    """Answer `task list`; `halted` says what stops everything beside the holds."""
    board = board_of(ledger.snapshot(), fleet, halted=halted)
    counts: dict[str, int] = {}
    for attempt in ledger.attempts():
        counts[attempt.task] = max(counts.get(attempt.task, 0), attempt.number)
    pulls = {pull.task: pull.number for pull in ledger.pull_requests()}
    crowds = crowded(board)
    return [
        _row(task, board, attempts=counts.get(task.key, 0), pull=pulls.get(task.key))
        | _held_back(task, board, crowds)
        for task in ledger.tasks(project=project)
    ]


def _row(task: Task, board: Board, *, attempts: int, pull: int | None) -> Row:
    where = standing(task, board)
    # of what has ended nothing is stopped any more
    stopped = board.halts.stop(task.key) if task.open else ""
    return {
        "key": task.key,
        "project": task.project,
        "title": task.title,
        "kind": task.kind.value,
        "parent": task.parent,
        "role": task.role,
        "priority": task.priority.value,
        "status": where.status.value,
        "reason": beside(where.reason, stopped),
        "attempts": attempts,
        "pr": pull,
        "labels": list(task.labels),
        "updated": moment(task.updated),
    }


def _held_back(task: Task, board: Board, crowds: Mapping[str, str]) -> Row:
    """Answer the reason of a ready task that people stopped, or that spares the reviewer."""
    reason = board.halts.stop(task.key) or spared(task, board, crowds)
    ready = standing(task, board).status is Status.READY if reason else False
    return {"reason": reason} if ready else {}


def task_view(key: str, ledger: Ledger, fleet: Fleet, *, now: datetime, halted: str) -> Row:
    """Answer `task show`; raises NotFoundError. `halted` as in `board_rows`."""
    task, attempts, events = ledger.task(key), ledger.attempts(key), ledger.events(task=key)
    pulls = [pull for pull in ledger.pull_requests() if pull.task == key]
    snapshot = ledger.snapshot()
    board = board_of(snapshot, fleet, halted=halted)
    own = [hold for hold in snapshot.holds if hold.subject == task_subject(key)]
    row = _row(task, board, attempts=len(attempts), pull=pulls[-1].number if pulls else None)
    settled = [row for row in ledger.settlements() if row.task == key]
    rows = _attempt_rows(task, attempts, ledger, reflections_in(events))
    return row | {
        **_held_back(task, board, crowded(board)),
        "pulls": [_pull_row(pull) for pull in pulls],
        "goal": task.goal,
        "accept": list(task.accept),
        "depends": list(task.depends),
        "reverts": task.reverts,
        "comments": list(task.comments),
        "branch": task.branch,
        "budget_usd": dollars(task.budget_micros),
        "spent_usd": dollars(sum(row.micros for row in settled)),
        "spent_estimated": any(row.estimated for row in settled),
        "summary": attempts[-1].summary if attempts else "",
        "holds": hold_rows(own, halted=""),
        "history": [
            {"at": moment(e.at), "who": e.who, "what": f"{e.kind}: {e.what}" if e.what else e.kind}
            for e in events
        ],
        "attempts": [
            row | vitals(each, fleet, now=now) for row, each in zip(rows, attempts, strict=True)
        ],
        "escalation": _escalation(task, attempts, ledger),
    }


def _pull_row(pull: PullRequest) -> Row:
    return {"number": pull.number, "status": pull.status.value, "reason": pull.reason}


def _attempt_rows(
    task: Task, attempts: Sequence[Attempt], ledger: Ledger, left: Mapping[str, Reflection]
) -> Iterator[Row]:
    """Yield each attempt of `task show`; `others` did not go together with it when they merged."""
    titles = {each.key: each.title for each in ledger.tasks(project=task.project)}
    receipts = {receipt.attempt: receipt for receipt in ledger.receipts(task.key)}
    for each in attempts:
        others = [{"key": key, "title": titles.get(key, "")} for key in each.others]
        row = _attempt(each, ledger.verdicts(each.id), receipts.get(each.id))
        yield row | {"others": others} | left.get(each.id, LEFT_NOTHING).fields


def _attempt(attempt: Attempt, verdicts: Sequence[Verdict], receipt: Receipt | None) -> Row:
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
        "started": moment(attempt.started),
        "ended": moment(attempt.ended),
        "last_beat": moment(attempt.last_beat),
        "last_progress": moment(attempt.last_progress),
        "last_work": moment(attempt.last_work),
        "usage": {
            "input_tokens": usage.input_tokens,
            "cached_tokens": usage.cached_tokens,
            "output_tokens": usage.output_tokens,
            "cost_usd": dollars(usage.cost_micros),
            "requests": usage.turns,
        },
        "swap": swap_view(attempt, receipt),
        "verdicts": [verdict_view(v) for v in verdicts],
    }


def _escalation(task: Task, attempts: Sequence[Attempt], ledger: Ledger) -> Row | None:
    """Answer what a human needs at a task's failing end, None where it did not fail."""
    if task.resolution is not Resolution.FAILED or not attempts:
        return None
    last = ledger.verdicts(attempts[-1].id)
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
    found += _beside_others(task, last)
    if red and last.red is not Red.CONFLICT:
        found.append(f"read the check's output in `fleet task log {task.key}`")
        found.append(f"make the goal clearer: fleet task comment {task.key} TEXT")
    if last.head is not None:
        # by commands only: whether the reference still stands is git's to know, not the ledger's
        found.append(f"see its work, kept until `gc --force`: git show refs/fleet/kept/{last.id}")
    found.append(f"then: fleet task retry {task.key}, or --fresh to start at the target again")
    return found


def _beside_others(task: Task, last: Attempt) -> list[str]:
    """Advise where the last work did not go together with that of others."""
    if last.red not in WITH_OTHERS or last.head is None:
        return []
    found = [f"see what {key} wanted: fleet task show {key}" for key in last.others]
    found.append(f"merge it by hand on the target: git merge refs/fleet/kept/{last.id}")
    found.append(f"or say what has to give way: fleet task comment {task.key} TEXT")
    return found


def log_rows(ledger: Ledger, key: str, *, after: int = 0) -> list[Row]:
    """Answer `task log`: the events of a task, with the output of red checks and receipts."""
    return [
        {
            "id": event.id,
            "at": moment(event.at),
            "who": event.who,
            "task": event.task,
            "attempt": event.attempt,
            "kind": event.kind,
            "what": event.what,
            "state": event.data.get("to") if event.kind == "attempt.moved" else None,
            "output": _beside(event),
        }
        for event in ledger.events(task=key, after=after)
    ]


def _beside(event: Event) -> str:
    """Answer what stands below an event's line: the evidence of a swap, a check's output."""
    if event.kind == "attempt.swapped":
        names = ("why", "carried", "seconds_lost")
        return "\n".join(f"{name}: {event.data[name]}" for name in names if name in event.data)
    tail = event.data.get("tail") or event.data.get("output") or ""
    return tail if isinstance(tail, str) else ""
