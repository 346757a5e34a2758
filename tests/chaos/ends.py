"""Tasks and attempts: each at an end that its play allows, one attempt and one container a time."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tests.chaos.evidence import Evidence, Row

ENDED = frozenset({"merged", "rejected", "failed", "lost", "swapped", "paused", "cancelled"})
_STATUS = {"merged": "done", "failed": "failed", "cancelled": "cancelled"}


def tasks(evidence: Evidence) -> Iterator[str]:
    """Yield the tasks that are lost, nowhere, at an end nobody allowed, or without a reason."""
    known = {task["key"]: task for task in evidence.rows["tasks"]}
    yield from (f"task {key} is not in the ledger" for key in evidence.parts.keys() - known.keys())
    for key, task in known.items():
        if key not in evidence.parts:
            yield f"task {key} was added by nobody"
            continue
        status, allowed = _status(evidence, task), evidence.parts[key].ends
        if status not in allowed:
            words = " or ".join(sorted(allowed))
            yield f"task {key} is {status}, not {words}: {task['reason']}"
        if task["resolution"] and not task["reason"]:
            yield f"task {key} is {status} without a reason"
        yield from _merged_once(evidence, task)


def _status(evidence: Evidence, task: Row) -> str:
    if task["resolution"] is not None:
        return _STATUS[task["resolution"]]
    attempts = sorted(evidence.of(task["key"], "attempts"), key=lambda row: row["number"])
    last = attempts[-1] if attempts else None
    asked = any(row["status"] == "pending" for row in evidence.of(task["key"], "pending_actions"))
    if asked and last is not None and last["state"] in {"verifying", "paused"}:
        return "waiting"
    pulls = [row for row in evidence.of(task["key"], "pull_requests") if row["status"] == "open"]
    if last is not None and last["state"] == "verified" and len(pulls) == 1:
        return "review"
    return f"nowhere (its last attempt is {last['state'] if last else 'not there'})"


def _merged_once(evidence: Evidence, task: Row) -> Iterator[str]:
    wanted = int(task["resolution"] == "merged")
    for table, column in (("attempts", "state"), ("pull_requests", "status")):
        merged = sum(row[column] == "merged" for row in evidence.of(task["key"], table))
        if merged != wanted:
            yield f"task {task['key']} has {merged} merged {table}, its end is {task['resolution']}"


def attempts(evidence: Evidence) -> Iterator[str]:
    """Yield tasks with two live attempts or gaps, and attempts that no end can come of."""
    known = {task["key"] for task in evidence.rows["tasks"]}
    ended = {task["key"] for task in evidence.rows["tasks"] if task["resolution"]}
    for key in sorted(known):
        found = evidence.of(key, "attempts")
        live = [row["id"] for row in found if row["state"] not in ENDED]
        if len(live) > int(key not in ended):
            yield f"task {key} has live attempts: {', '.join(live)}"
        numbers = sorted(row["number"] for row in found)
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"task {key} has attempts of numbers {numbers}"
    for row in evidence.rows["attempts"]:
        if row["task"] not in known:
            yield f"attempt {row['id']} is of no task"
        if row["state"] in ENDED and (row["ended"] is None or not row["reason"]):
            yield f"attempt {row['id']} is {row['state']} without a reason or an instant"
        if not row["cleaned"]:
            yield f"attempt {row['id']} was never cleaned up"


def events(evidence: Evidence) -> Iterator[str]:
    """Yield event lines applied twice or out of order, results and ends told twice."""
    lines = [row for row in evidence.rows["events"] if row["seq"] is not None]
    times = Counter((row["attempt"], row["seq"]) for row in lines)
    yield from (
        f"event line {seq} of {key} is there {n} times" for (key, seq), n in times.items() if n > 1
    )
    for key in sorted({row["attempt"] for row in lines}):
        told = [row for row in lines if row["attempt"] == key]
        if any(after["seq"] < before["seq"] for before, after in pairwise(told)):
            yield f"event lines of {key} are out of order"
        results = sum(row["kind"] == "agent.result" for row in told)
        if results > 1:
            yield f"attempt {key} has {results} results"
    ends = Counter(row["task"] for row in evidence.rows["events"] if row["kind"] == "task.ended")
    for task in evidence.rows["tasks"]:
        if ends[task["key"]] != int(task["resolution"] is not None):
            yield f"task {task['key']} ended {ends[task['key']]} times"


def alone(evidence: Evidence) -> Iterator[str]:
    """Yield where the engine ran two containers of one task's agents at the same time."""
    alive: set[str] = set()
    for row in sorted(evidence.witnessed, key=lambda row: row["time"]):
        if "alive" in row:
            alive = set(row["alive"])
        elif row["what"] in {"die", "rename"}:
            # under the name that it is known by it is gone
            alive.discard(row["attempt"])
        else:
            others = {
                each for each in alive - {row["attempt"]} if _task(each) == _task(row["attempt"])
            }
            yield from (f"{row['attempt']} was started while {each} ran" for each in sorted(others))
            alive.add(row["attempt"])


def _task(attempt: str) -> str:
    return attempt.rsplit("-", 2)[0]
