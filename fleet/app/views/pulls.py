"""Read models of pull requests: the list, and the page a reviewer reads."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fleet.app.views.holds import beside
from fleet.app.views.review import verdict_view
from fleet.app.views.row import Row, moment
from fleet.app.views.swaps import receipt_row
from fleet.domain.attempt import Attempt
from fleet.domain.budget import dollars
from fleet.domain.change import Diff
from fleet.domain.criteria import criteria
from fleet.domain.events import Event
from fleet.domain.halting import Halts, halts_of
from fleet.domain.merge import IN_QUEUE, PullRequest, PullRequestStatus, merge_order
from fleet.domain.plan import Snapshot
from fleet.domain.result import Verdict, VerdictStatus, verdict_of
from fleet.domain.retold import PROPOSAL, told_on
from fleet.domain.reverting import reverted_by
from fleet.domain.task import Priority
from fleet.ports import Ledger

_LANDED = frozenset({PullRequestStatus.MERGING, PullRequestStatus.MERGED})
_NOT_GREEN = "not every verdict is green"


@dataclass(frozen=True, kw_only=True)
class _Books:
    """What rows of pull requests are made from, read once; `spent` is in micro-dollars a task."""

    ledger: Ledger
    snapshot: Snapshot
    halts: Halts
    spent: Counter[str]
    now: datetime


def pull_rows(ledger: Ledger, *, now: datetime, closed: bool, halted: str) -> list[Row]:
    """Answer `pr list`, with `closed` those too that have come to an end.

    `halted` says what stops everything beside the holds, "" where nothing does.
    """
    books = _books(ledger, now, halted)
    pulls = ledger.pull_requests() if closed else books.snapshot.pulls
    return [_row(pull, books) for pull in sorted(pulls, key=lambda pull: pull.number)]


def pull_view(number: int, ledger: Ledger, *, now: datetime, halted: str) -> Row:
    """Answer `pr show` but for what git knows; raises NotFoundError. `halted` as in `pull_rows`."""
    pull = ledger.pull_request(number)
    task, pulls = ledger.task(pull.task), ledger.pull_requests()
    attempts = _until(pull.attempt, ledger.attempts(pull.task))
    alone, _, tried = _sorted_out(pull, ledger.verdicts(pull.attempt))
    undone = reverted_by(number, ledger.tasks(project=pull.project), pulls)
    costs = Counter({row.attempt: row.micros for row in ledger.settlements()})
    return _row(pull, _books(ledger, now, halted)) | {
        "goal": task.goal,
        "accept": [
            {
                "text": one.text,
                "check": one.check,
                "status": one.status.value if one.status else None,
                "shown": one.shown,
            }
            for one in criteria(task.accept, alone)
        ],
        "tried": [verdict_view(verdict) for verdict in tried],
        "together": _together(pull, pulls),
        "attempts": [_attempt_row(attempt, costs) for attempt in attempts],
        "swaps": [receipt_row(receipt) for receipt in ledger.receipts(pull.task)],
        "lessons": _lessons(_told_on(pull, ledger), attempts[:-1]),
        "earlier": [_earlier(each) for each in pulls if _before(each, pull)],
        "reverts": task.reverts,
        "reverted_by": undone.number if undone else None,
    }


def file_rows(diff: Diff) -> list[Row]:
    """Answer the files that a pull request changes."""
    return [
        {
            "path": change.path,
            "old_path": change.old_path,
            "change": change.change_type.value,
            "added": change.added,
            "removed": change.removed,
            "binary": change.binary,
        }
        for change in diff
    ]


def _books(ledger: Ledger, now: datetime, halted: str) -> _Books:
    spent: Counter[str] = Counter()
    for row in ledger.settlements():
        spent[row.task] += row.micros
    snapshot = ledger.snapshot()
    halts = halts_of(snapshot.holds, halted=halted)
    return _Books(ledger=ledger, snapshot=snapshot, halts=halts, spent=spent, now=now)


def _row(pull: PullRequest, books: _Books) -> Row:
    alone, merged, _ = _sorted_out(pull, books.ledger.verdicts(pull.attempt))
    green = verdict_of(alone) is VerdictStatus.PASSED
    merging = pull.status is PullRequestStatus.MERGING
    return {
        "number": pull.number,
        "task": pull.task,
        "project": pull.project,
        # that it lands just now is a moment of being queued
        "status": PullRequestStatus.QUEUED.value if merging else pull.status.value,
        "reason": pull.reason,
        "waits": _waits(pull, books),
        "attempt": pull.attempt,
        "branch": pull.branch,
        "target": pull.target,
        "base": pull.base,
        "head": pull.head,
        "merged_sha": pull.merged_sha,
        "title": pull.title,
        "summary": pull.summary,
        "risk": [*pull.risk, *([] if green else [_NOT_GREEN])],
        "verdicts": [
            *({"where": "alone"} | verdict_view(verdict) for verdict in alone),
            *({"where": "merged"} | verdict_view(verdict) for verdict in merged),
        ],
        "cost_usd": dollars(books.spent[pull.task]),
        "size": pull.size,
        "created": moment(pull.created),
        "age_seconds": round((books.now - pull.created).total_seconds()),
        "reviewers": list(pull.reviewers),
        "comments": list(pull.comments),
    }


def _sorted_out(
    pull: PullRequest, verdicts: Sequence[Verdict]
) -> tuple[tuple[Verdict, ...], tuple[Verdict, ...], tuple[Verdict, ...]]:
    """Answer its verdicts alone, those as it landed, and those of tries that never landed.

    A try of the queue may hold others too: what was said of it is no verdict on this one.
    """
    landed = {pull.candidate, pull.built, pull.merged_sha} - {None, pull.head}
    alone = tuple(each for each in verdicts if each.sha == pull.head)
    merged = tuple(each for each in verdicts if each.sha in landed)
    own = {pull.head} | landed
    return alone, merged, tuple(each for each in verdicts if each.sha not in own)


def _waits(pull: PullRequest, books: _Books) -> str:
    """Say what it waits for and why, "" where it has come to an end."""
    if pull.closed:
        return ""
    landing = pull.status is PullRequestStatus.MERGING
    # what has begun to land is kept back by a stop of everything alone
    stopped = books.halts.everything if landing else books.halts.stop(pull.task)
    if pull.reason or pull.status is PullRequestStatus.OPEN:
        return beside(pull.reason or "waits for your review", stopped)
    return stopped or _turn(pull, books.snapshot)


def _turn(pull: PullRequest, snapshot: Snapshot) -> str:
    """Say where it stands on its way into the target."""
    if pull.status is PullRequestStatus.MERGING:
        return f"its merge is checked and lands in {pull.target}"
    ahead = _ahead(pull, snapshot)
    return f"next in the queue of {pull.target}" if not ahead else f"{ahead} before it in the queue"


def _ahead(pull: PullRequest, snapshot: Snapshot) -> int:
    """Answer how many stand before it in the queue of its target."""
    priorities = {task.key: task.priority for task in snapshot.tasks}

    def turn(each: PullRequest) -> tuple[object, ...]:
        return merge_order(each, priorities.get(each.task, Priority.NORMAL))

    target = (pull.project, pull.target)
    queue = [p for p in snapshot.pulls if p.status in IN_QUEUE and (p.project, p.target) == target]
    return sum(1 for each in queue if turn(each) < turn(pull))


def _until(attempt: str, attempts: Sequence[Attempt]) -> list[Attempt]:
    """Answer the attempts up to that one."""
    number = max((each.number for each in attempts if each.id == attempt), default=0)
    return [each for each in attempts if each.number <= number]


def _attempt_row(attempt: Attempt, costs: Counter[str]) -> Row:
    return {
        "id": attempt.id,
        "number": attempt.number,
        "profile": attempt.profile,
        "account": attempt.account,
        "state": attempt.state.value,
        "reason": attempt.reason,
        "cost_usd": dollars(costs[attempt.id]),
    }


def _together(pull: PullRequest, pulls: Iterable[PullRequest]) -> list[int]:
    """Answer with which others it landed: they were merged and checked as one."""
    if pull.status not in _LANDED or pull.candidate is None:
        return []
    same = (each for each in pulls if each.candidate == pull.candidate and each.status in _LANDED)
    return [each.number for each in same if each.number != pull.number]


def _told_on(pull: PullRequest, ledger: Ledger) -> tuple[Event, ...]:
    return told_on(ledger.events(task=pull.task), pull.project, ledger.lessons())


def _lessons(events: Iterable[Event], earlier: Sequence[Attempt]) -> list[str]:
    """Answer the titles of lessons that its agent was handed over from earlier attempts."""
    known = {attempt.id for attempt in earlier}
    told = (e.data.get("title") for e in events if e.kind == PROPOSAL and e.attempt in known)
    return list(dict.fromkeys(title for title in told if isinstance(title, str)))


def _before(each: PullRequest, pull: PullRequest) -> bool:
    return each.task == pull.task and each.number < pull.number


def _earlier(pull: PullRequest) -> Row:
    return {
        "number": pull.number,
        "status": pull.status.value,
        "reason": pull.reason,
        "head": pull.head,
        "comments": list(pull.comments),
    }
