"""The report: what happened since an instant, as one document."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from fleet.app.views.memory import memory_news
from fleet.app.views.outlook import Around
from fleet.app.views.pool import pool_rows
from fleet.app.views.pulls import pull_rows
from fleet.app.views.row import Row, moment
from fleet.app.views.swaps import receipt_row
from fleet.app.views.tasks import board_rows
from fleet.domain.budget import Settlement, dollars
from fleet.domain.halting import halts_of
from fleet.domain.hindrance import AccountState
from fleet.domain.merge import PullRequestStatus
from fleet.domain.profile import Fleet
from fleet.ports import Ledger

_HINDERED = frozenset({AccountState.COOLING.value, AccountState.BLOCKED.value})


def report(ledger: Ledger, fleet: Fleet, *, since: datetime, now: datetime, around: Around) -> Row:
    """Answer what happened since an instant: tasks that moved, swaps, money, accounts in trouble.

    What waits for a reviewer is told whenever it came: it is why the report is read.
    """
    events, settled = ledger.events(since=since), ledger.settlements(since=since)
    snapshot, halted = ledger.snapshot(), around.halted
    accounts = pool_rows(snapshot, fleet, now=now, unfit=around.unfit)
    pulls = pull_rows(ledger, now=now, closed=False, halted=halted)
    board = board_rows(ledger, fleet, halted=halted)
    return {
        "since": moment(since),
        "halted": halts_of(snapshot.holds, halted=halted).everything,
        "cost_usd": _cost(settled),
        "tasks": _tasks({event.task for event in events}, board, settled, ledger),
        "review": [_review_row(row) for row in pulls if _open(row)],
        "swaps": [receipt_row(each) for each in ledger.receipts(since=since)],
        "spend": _spend(settled, fleet),
        "overspends": _overspends(settled, ledger),
        "accounts": [row for row in accounts if row["state"] in _HINDERED],
        "storms": [
            {"at": moment(event.at), "what": event.what}
            for event in events
            if event.kind == "pool.storm"
        ],
        "memory": memory_news(events, ledger, fleet),
    }


def _open(row: Row) -> bool:
    return bool(row["status"] == PullRequestStatus.OPEN.value)


def _review_row(row: Row) -> Row:
    names = ("number", "task", "title", "waits", "size", "risk", "age_seconds", "cost_usd")
    return {name: row[name] for name in names}


def _tasks(
    moved: set[str | None], board: Sequence[Row], settled: Sequence[Settlement], ledger: Ledger
) -> list[Row]:
    merged = {pull.task: pull.merged_sha for pull in ledger.pull_requests() if pull.merged_sha}
    costs: Counter[str] = Counter()
    for each in settled:
        costs[each.task] += each.micros
    return [
        row | {"merged_sha": merged.get(row["key"]), "cost_usd": dollars(costs[row["key"]])}
        for row in board
        if row["key"] in moved
    ]


def _cost(settled: Iterable[Settlement]) -> float | None:
    return dollars(sum(row.micros for row in settled))


def _spend(settled: Sequence[Settlement], fleet: Fleet) -> dict[str, list[Row]]:
    """Answer who spent how much: by account, by project and by the account's owner."""
    owners = {account.name: account.owner for account in fleet.accounts.values()}
    return {
        "accounts": _sums((row.account, row) for row in settled),
        "projects": _sums((row.project, row) for row in settled),
        "owners": _sums((owners.get(row.account, ""), row) for row in settled),
    }


def _sums(named: Iterable[tuple[str, Settlement]]) -> list[Row]:
    groups: dict[str, list[Settlement]] = {}
    for name, row in named:
        groups.setdefault(name, []).append(row)
    return [
        {
            "name": name,
            "cost_usd": _cost(rows),
            "estimated_usd": _cost(row for row in rows if row.estimated),
            "requests": sum(row.requests for row in rows),
            "attempts": len(rows),
        }
        for name, rows in sorted(groups.items())
    ]


def _overspends(settled: Sequence[Settlement], ledger: Ledger) -> list[Row]:
    """Answer the attempts that cost more than was held for them: what a meter lets through."""
    held = {row.attempt: row.micros for row in ledger.reservations()}
    return [
        {
            "attempt": row.attempt,
            "task": row.task,
            "account": row.account,
            "reserved_usd": dollars(held[row.attempt]),
            "cost_usd": dollars(row.micros),
        }
        for row in settled
        if 0 < held.get(row.attempt, 0) < row.micros
    ]
