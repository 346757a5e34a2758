"""Stopping: why a running attempt is ended, each rule with its evidence in words."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fleet.domain.agent import AGENTS, Meter
from fleet.domain.attempt import Attempt
from fleet.domain.budget import MICROS
from fleet.domain.guarding import UNCOUNTED
from fleet.domain.plan import Hearing, Snapshot
from fleet.domain.pool import Pool, projects_today, settled_today, used_by
from fleet.domain.profile import Account, Fleet, OnClose, Profile
from fleet.domain.swap import Cause
from fleet.domain.task import Task
from fleet.domain.words import bytes_of, gigabytes

SILENT_WORK = 3  # for so many times stall_after, work alone counts as progress
OVERTIME_GRACE = 30.0  # seconds: the runner gives up first, it can say what hung

_OF_BUDGET = {
    Cause.RESERVATION: "of its reservation",
    Cause.ACCOUNT_BUDGET: "of today's budget of account {0.account}",
    Cause.PROJECT_BUDGET: "of today's budget of project {0.project}",
    Cause.TASK_BUDGET: "of the budget of {0.task}",
    Cause.RUN_BUDGET: "of the budget of this run",
}

Ground = tuple[Cause, str]


@dataclass(frozen=True, kw_only=True)
class Spending:
    """What was really used, in micro-dollars and requests: settled, and told of while running."""

    accounts: Mapping[str, int] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)
    projects: Mapping[str, int] = field(default_factory=dict)
    tasks: Mapping[str, int] = field(default_factory=dict)
    run: int = 0


def spending_of(snapshot: Snapshot, pool: Pool) -> Spending:
    """Add up what ended attempts of today cost and what running ones told of so far."""
    fleet, now = pool.fleet, pool.now
    settled = settled_today(snapshot, fleet, now)
    accounts = Counter({name: tally.micros for name, tally in settled.items()})
    projects = projects_today(snapshot, fleet, now)
    tasks = Counter(snapshot.task_settled)
    run = snapshot.run_settled
    for attempt in pool.holding:
        used = used_by(attempt, fleet)
        accounts[attempt.account] += used
        projects[attempt.project] += used
        tasks[attempt.task] += used
        run += used
    return Spending(
        accounts=accounts, requests=pool.requests, projects=projects, tasks=tasks, run=run
    )


def ground(
    attempt: Attempt, task: Task, pool: Pool, *, spending: Spending, hearing: Hearing
) -> Ground | None:
    """Answer why the attempt must stop now, None while it may go on.

    An attempt that told its result has only to leave.
    """
    profile = pool.fleet.profiles.get(attempt.profile)
    account = pool.fleet.accounts.get(attempt.account)
    if profile is None or account is None:
        gone = f"profile {attempt.profile}" if profile is None else f"account {attempt.account}"
        return Cause.CONFIG, f"{gone} is not there any more: nobody knows what it may use"
    late = _late(attempt, profile, now=pool.now, hearing=hearing)
    if late is not None or attempt.failure_kind:
        return late
    grounds = (
        *_spent(attempt, task, account, fleet=pool.fleet, spending=spending),
        *_closed(attempt, account, pool),
    )
    return grounds[0] if grounds else None


def _late(attempt: Attempt, profile: Profile, *, now: datetime, hearing: Hearing) -> Ground | None:
    age = _age(attempt, now=now, hearing=hearing)
    silent = _quiet(attempt.last_beat, now=now, hearing=hearing)
    idle = _quiet(attempt.last_progress, now=now, hearing=hearing)
    if silent > profile.heartbeat_lost_after:
        said = f"no heartbeat for {silent:.0f} s (limit {profile.heartbeat_lost_after:g} s)"
        return Cause.HEARTBEAT_LOST, f"{said}, last progress {idle:.0f} s ago"
    if age > profile.attempt_timeout + OVERTIME_GRACE:
        said = f"ran {age:.0f} s (limit {profile.attempt_timeout:g} s)"
        heard = f"last progress {idle:.0f} s ago" if hearing.since else "its output cannot be read"
        return Cause.OVERTIME, f"{said}, {heard}"
    worked = _quiet(attempt.last_work, now=now, hearing=hearing)
    stalled = _stalled(profile.stall_after, idle=idle, worked=worked)
    alive = f"though alive, last beat {silent:.0f} s ago"
    return (Cause.STALLED, f"{stalled} {alive}") if stalled else None


def _stalled(limit: float, *, idle: float, worked: float) -> str:
    """Say why an attempt that is alive does not progress, "" where it does.

    Work without a word is progress, for a while: a long build tells nothing, nor does a loop.
    """
    quiet, most = min(idle, worked), limit * SILENT_WORK
    if quiet > limit:
        silent = f", not a word for {idle:.0f} s" if quiet < idle else ""
        return f"no progress for {quiet:.0f} s (limit {limit:g} s){silent}"
    if idle > most:
        return f"not a word for {idle:.0f} s (limit {most:g} s) while it works,"
    return ""


def _age(attempt: Attempt, *, now: datetime, hearing: Hearing) -> float:
    """Answer for how many seconds it ran, however often the clock was set meanwhile.

    Its runner tells, as long as it is heard: whoever watched before may not have noticed.
    """
    if attempt.ran_seconds is not None and hearing.since is not None:
        return attempt.ran_seconds + _quiet(attempt.last_beat, now=now, hearing=hearing)
    started = attempt.started or now
    return (now - started - hearing.clock_set).total_seconds()


def _quiet(last: datetime | None, *, now: datetime, hearing: Hearing) -> float:
    """Answer for how many seconds it was heard to be quiet, 0 while it cannot be heard."""
    since = hearing.since
    if since is None:
        return 0.0
    # the clock was set back, and has not come to the last sign of life again
    known = since if last is None or last > now else max(last, since)
    return (now - known).total_seconds()


def _spent(
    attempt: Attempt, task: Task, account: Account, *, fleet: Fleet, spending: Spending
) -> Iterator[Ground]:
    own, project = used_by(attempt, fleet), fleet.projects.get(attempt.project)
    limits = (
        (Cause.RESERVATION, attempt.reserved_micros or None, own),
        (Cause.ACCOUNT_BUDGET, account.daily_limit, spending.accounts.get(account.name, 0)),
        (
            Cause.PROJECT_BUDGET,
            project.daily_budget_micros if project else None,
            spending.projects.get(attempt.project, 0),
        ),
        (Cause.TASK_BUDGET, task.budget_micros, spending.tasks.get(task.key, 0)),
        (Cause.RUN_BUDGET, fleet.run_budget_micros, spending.run),
    )
    for cause, limit, used in limits:
        # whoever costs nothing takes nothing from a budget that others have used up
        if limit is not None and used >= limit and own > 0:
            whose = _OF_BUDGET[cause].format(attempt)
            yield cause, f"used {used / MICROS:.4f} of {limit / MICROS:.4f} USD {whose}"
    asked = spending.requests.get(account.name, 0)
    if account.daily_requests is not None and asked >= account.daily_requests:
        said = f"{asked} of {account.daily_requests} requests of account {account.name} are used"
        yield Cause.ACCOUNT_REQUESTS, f"{said} today"


def _closed(attempt: Attempt, account: Account, pool: Pool) -> Iterator[Ground]:
    window, started = account.window, attempt.started
    if window is None or started is None or window.closing(pool.now) is not None:
        return
    closed = window.closing(started) or started
    match account.on_window_close:
        case OnClose.FINISH:
            return
        case OnClose.NEXT_TURN if not _turned(attempt, pool.fleet, since=closed):
            return
        case OnClose.NEXT_TURN | OnClose.NOW:
            said = f"the window of account {account.name} closed at {closed:%Y-%m-%d %H:%M} UTC"
            yield Cause.WINDOW_CLOSED, said


def _turned(attempt: Attempt, fleet: Fleet, *, since: datetime) -> bool:
    """Tell whether a turn ended since then; of an agent that tells none, any sign of work."""
    profile = fleet.profiles.get(attempt.profile)
    tells = profile is not None and AGENTS[profile.agent].meter is Meter.LIVE
    last = attempt.last_turn if tells else attempt.last_progress
    return last is not None and last > since


def outgrown(attempt: Attempt, size: float, fleet: Fleet) -> Ground | None:
    """Answer that its files take more bytes than they may, None while they do not.

    An attempt that told its result has only to leave.
    """
    most = fleet.worktree_bytes
    if size <= most or attempt.failure_kind:
        return None
    found = "more than can be added up" if size == UNCOUNTED else bytes_of(size)
    said = f"its worktree takes {found} (limits.worktree_gb allows {gigabytes(most)})"
    return Cause.OVERGROWN, said
