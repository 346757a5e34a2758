"""Read models of the pool: how each account stands, and why a task is not started now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from fleet.app.views.outlook import Around, outlook
from fleet.app.views.row import Row, moment
from fleet.domain.board import Board, board_of, standing
from fleet.domain.budget import dollars
from fleet.domain.chain import candidates
from fleet.domain.choice import Candidate, Refusal, refused
from fleet.domain.health import account_subject, vendor_subject
from fleet.domain.plan import Dispatch, Propose, Snapshot, Wait
from fleet.domain.pool import Pool, pool_of, standing_of
from fleet.domain.profile import Account, Fleet
from fleet.domain.slot import Slot
from fleet.domain.task import Status, Task


def pool_rows(
    snapshot: Snapshot, fleet: Fleet, *, now: datetime, unfit: Mapping[str, str]
) -> list[Row]:
    """Answer `pool status`: every account as it stands now; `unfit` says why credentials fail."""
    pool = pool_of(snapshot, fleet, now=now, unfit=unfit)
    return [_account(account, pool) for account in fleet.accounts.values()]


def _account(account: Account, pool: Pool) -> Row:
    where = standing_of(account, pool)
    vendor = vendor_subject(account)
    strikes = {
        subject: pool.health[subject].strikes if subject in pool.health else 0
        for subject in (account_subject(account.name), vendor)
    }
    return {
        "account": account.name,
        "owner": account.owner,
        "agent": account.agent,
        "vendor": vendor.removeprefix("vendor "),
        "priority": account.priority.value,
        "state": where.state.value,
        "until": moment(where.until),
        "reason": where.reason,
        "spent_usd": dollars(where.spent),
        "daily_budget_usd": dollars(account.daily_budget_micros),
        "requests": where.requests,
        "daily_requests": account.daily_requests,
        "running": where.running,
        "parallel": account.parallel,
        "unmetered": account.unmetered,
        "strikes": strikes[account_subject(account.name)],
        "vendor_strikes": strikes[vendor],
    }


@dataclass(frozen=True, kw_only=True)
class _Question:
    """What an explanation starts from, read at one instant; what is planned is by task."""

    board: Board
    pool: Pool
    waits: Mapping[str, Wait]
    starts: Mapping[str, Dispatch | Propose]


def explained(
    snapshot: Snapshot,
    fleet: Fleet,
    *,
    now: datetime,
    around: Around,
    key: str | None = None,
) -> list[Row]:
    """Answer why each ready or waiting task, or just the one of that key, is not started now.

    A row holds the slot it would get at once (None where there is none), else the reason and
    until when, and every candidate with its own refusal.
    """
    plan = outlook(snapshot, fleet, now=now, around=around)
    starts = [each for each in plan.actions if isinstance(each, Dispatch | Propose)]
    question = _Question(
        board=board_of(snapshot, fleet, halted=around.halted),
        pool=pool_of(snapshot, fleet, now=now, unfit=around.unfit),
        waits={wait.task: wait for wait in plan.waits},
        starts={each.task.key: each for each in starts},
    )
    asked = [task for task in snapshot.tasks if key is None or task.key == key]
    rows = [_task(task, question) for task in asked]
    idle = {Status.READY.value, Status.WAITING.value}
    return [row for row in rows if key is not None or row["status"] in idle]


def _task(task: Task, question: _Question) -> Row:
    where, wait = standing(task, question.board), question.waits.get(task.key)
    start = question.starts.get(task.key)
    slot = start.slot if isinstance(start, Dispatch) else None
    # no agent is asked first
    own = "fleet itself makes the first attempt" if isinstance(start, Propose) else ""
    return {
        "task": task.key,
        "title": task.title,
        "status": where.status.value,
        "slot": {"profile": slot.profile, "account": slot.account} if slot else None,
        "reason": wait.reason if wait else where.reason or own,
        "until": moment(wait.until) if wait else None,
        "candidates": list(_candidates(task, question)),
    }


def _candidates(task: Task, question: _Question) -> Iterator[Row]:
    attempts, fleet = question.board.attempts.get(task.key, ()), question.pool.fleet
    for candidate in candidates(task, attempts, fleet):
        agent = candidate.profile.agent
        accounts = [account for account in fleet.accounts.values() if account.agent == agent]
        for account in sorted(accounts, key=lambda each: (each.priority.rank, each.name)):
            refusal = _refusal(candidate, account, task, question)
            yield _candidate(candidate, account.name, refusal)
        if not accounts:
            reason = f"no account for {agent}"
            yield _candidate(candidate, None, Refusal(subject=agent, reason=reason))


def _refusal(
    candidate: Candidate, account: Account, task: Task, question: _Question
) -> Refusal | None:
    price, settled = candidate.profile.max_cost_micros, question.board.snapshot.task_settled
    used = settled.get(task.key, 0)
    if task.budget_micros is not None and used + price > task.budget_micros:
        return Refusal(subject=task.key, reason="the task's budget leaves less than max_cost_usd")
    slot = Slot(profile=candidate.profile.name, account=account.name)
    return refused(slot, question.pool, project=task.project)


def _candidate(candidate: Candidate, account: str | None, refusal: Refusal | None) -> Row:
    """Answer a candidate with one account; `state` is what of the account refuses it."""
    return {
        "profile": candidate.profile.name,
        "account": account,
        "fallback": candidate.fallback,
        "free": refusal is None,
        "state": refusal.state.value if refusal and refusal.state else None,
        "reason": refusal.reason if refusal else "",
        "until": moment(refusal.until) if refusal else None,
    }
