"""The pool: all accounts with their state, and which slot may start an attempt now.

Every refusal says why and, where that is known, when it ends.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from fleet.domain.agent import AGENTS
from fleet.domain.attempt import Attempt
from fleet.domain.budget import Tally, cost
from fleet.domain.health import Health, account_subject, vendor_subject
from fleet.domain.plan import Snapshot
from fleet.domain.profile import Account, Fleet, Profile
from fleet.domain.slot import Slot
from fleet.domain.window import day_of, next_day


class AccountState(StrEnum):
    """What an account can do now."""

    READY = "ready"
    COOLING = "cooling"
    SPENT = "spent"
    CLOSED = "closed"
    FULL = "full"
    BLOCKED = "blocked"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a profile or an account may not start an attempt now; `until` None: nobody knows.

    `state` is the account's, None where the refusal is not about an account.
    """

    subject: str
    reason: str
    state: AccountState | None = None
    until: datetime | None = None


Refusals = tuple[Refusal, ...]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A profile that may take a task; a `fallback` is not taken only because others are full."""

    profile: Profile
    fallback: bool = False


@dataclass(frozen=True, kw_only=True)
class Pool:
    """All that a choice depends on, at one instant.

    Money is in micro-dollars: what was settled and what running attempts hold, of accounts and
    projects on their day of today, and of this run. `probing` counts the attempts of a vendor that
    began after its cooldown.
    """

    fleet: Fleet
    now: datetime
    unfit: Mapping[str, str] = field(default_factory=dict)
    health: Mapping[str, Health] = field(default_factory=dict)
    running: Mapping[str, int] = field(default_factory=dict)
    owners: Mapping[str, int] = field(default_factory=dict)
    spent: Mapping[str, int] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)
    projects: Mapping[str, int] = field(default_factory=dict)
    run_spent: int = 0
    probing: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AccountStanding:
    """Where an account stands today; `spent` is in micro-dollars, reservations included."""

    account: str
    state: AccountState
    reason: str = ""
    until: datetime | None = None
    spent: int = 0
    requests: int = 0
    running: int = 0


def pool_of(snapshot: Snapshot, fleet: Fleet, *, now: datetime, unfit: Mapping[str, str]) -> Pool:
    """Add up what the snapshot says; `unfit` says why credentials cannot be used."""
    holding = [attempt for attempt in snapshot.attempts if attempt.holds_slot]
    held = {attempt.id: held_by(attempt, fleet) for attempt in holding}
    accounts = fleet.accounts.values()
    settled = {
        each.name: snapshot.account_days.get((each.name, day_of(now, fleet.zone_of(each))), Tally())
        for each in accounts
    }
    spent = Counter({name: tally.micros for name, tally in settled.items()})
    requests = Counter({name: tally.requests for name, tally in settled.items()})
    today = day_of(now, fleet.timezone)
    projects = Counter({key: snapshot.project_days.get((key, today), 0) for key in fleet.projects})
    for attempt in holding:
        spent[attempt.account] += held[attempt.id]
        requests[attempt.account] += attempt.usage.turns
        projects[attempt.project] += held[attempt.id]
    health = {row.subject: row for row in snapshot.health}
    return Pool(
        fleet=fleet,
        now=now,
        unfit=unfit,
        health=health,
        running=Counter(attempt.account for attempt in holding),
        owners=Counter(
            fleet.accounts[a.account].owner for a in holding if a.account in fleet.accounts
        ),
        spent=spent,
        requests=requests,
        projects=projects,
        run_spent=snapshot.run_settled + sum(held.values()),
        probing=_probing(holding, fleet, health),
    )


def held_by(attempt: Attempt, fleet: Fleet) -> int:
    """Answer the micro-dollars a running attempt holds: its reservation, or what it used beyond."""
    return max(attempt.reserved_micros, used_by(attempt, fleet))


def used_by(attempt: Attempt, fleet: Fleet) -> int:
    """Answer the micro-dollars an attempt told of so far, 0 where it told of none."""
    profile = fleet.profiles.get(attempt.profile)
    return cost(attempt.usage, profile.price if profile else None) or 0


def _probing(
    holding: Sequence[Attempt], fleet: Fleet, health: Mapping[str, Health]
) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for attempt in holding:
        account = fleet.accounts.get(attempt.account)
        row = health.get(vendor_subject(account)) if account else None
        if row is not None and row.until is not None and attempt.created >= row.until:
            found[row.subject] += 1
    return found


def taken(pool: Pool, slot: Slot, *, project: str) -> Pool:
    """Answer the pool once that slot is given to an attempt of the project."""
    account, micros = pool.fleet.accounts[slot.account], _reservation(pool, slot)
    return replace(
        pool,
        running=_plus(pool.running, account.name, 1),
        owners=_plus(pool.owners, account.owner, 1),
        spent=_plus(pool.spent, account.name, micros),
        projects=_plus(pool.projects, project, micros),
        run_spent=pool.run_spent + micros,
        probing=_plus(pool.probing, vendor_subject(account), 1),
    )


def _reservation(pool: Pool, slot: Slot) -> int:
    return pool.fleet.profiles[slot.profile].max_cost_micros


def _plus(counts: Mapping[str, int], name: str, more: int) -> Mapping[str, int]:
    return {**counts, name: counts.get(name, 0) + more}


def choose_slot(
    candidates: Sequence[Candidate], pool: Pool, *, project: str, avoid: Slot | None = None
) -> Slot | Refusals:
    """Choose the first candidate's best account, else the next's, or say why there is none.

    `avoid` is the slot that was swapped away: it is taken only where there is no other.
    """
    refusals: list[Refusal] = []
    second_best: Slot | None = None
    for candidate in candidates:
        if candidate.fallback and any(r.state is AccountState.FULL for r in refusals):
            break
        for slot in _slots(candidate.profile, pool):
            refusal = refused(slot, pool, project=project)
            if refusal is not None:
                refusals.append(refusal)
            elif slot == avoid:
                second_best = slot
            else:
                return slot
        if not _accounts(candidate.profile, pool):
            reason = f"no account for {candidate.profile.agent}"
            refusals.append(Refusal(subject=candidate.profile.name, reason=reason))
    return second_best or tuple(refusals)


def _accounts(profile: Profile, pool: Pool) -> list[Account]:
    return [each for each in pool.fleet.accounts.values() if each.agent == profile.agent]


def _slots(profile: Profile, pool: Pool) -> Iterator[Slot]:
    """Yield the profile's slots: by the account's priority, then whose owner gives least now."""

    def turn(account: Account) -> tuple[int, int, float, str]:
        budget = account.daily_budget_micros
        share = pool.spent.get(account.name, 0) / budget if budget else 0.0
        owner = pool.owners.get(account.owner, 0)
        return (account.priority.rank, owner, share, account.name)

    for account in sorted(_accounts(profile, pool), key=turn):
        yield Slot(profile=profile.name, account=account.name)


def refused(slot: Slot, pool: Pool, *, project: str) -> Refusal | None:
    """Answer why the slot may not start an attempt of the project now, None where it may."""
    profile, account = pool.fleet.profiles[slot.profile], pool.fleet.accounts[slot.account]
    subject = f"{profile.name}/{account.name}"
    standing = standing_of(account, pool)
    if standing.state is not AccountState.READY:
        return Refusal(
            subject=subject,
            reason=standing.reason,
            state=standing.state,
            until=standing.until,
        )
    return _unaffordable(subject, profile, account, pool=pool, project=project)


def standing_of(account: Account, pool: Pool) -> AccountStanding:
    """Answer an account's state with the first reason against its use."""
    found = next(_hindrances(account, pool), (AccountState.READY, "", None))
    state, reason, until = found
    return AccountStanding(
        account=account.name,
        state=state,
        reason=reason,
        until=until,
        spent=pool.spent.get(account.name, 0),
        requests=pool.requests.get(account.name, 0),
        running=pool.running.get(account.name, 0),
    )


_Hindrance = tuple[AccountState, str, datetime | None]


def _hindrances(account: Account, pool: Pool) -> Iterator[_Hindrance]:
    """Yield what keeps the account from use, what lasts longest first."""
    yield from _blocked(account, pool)
    yield from _closed(account, pool)
    yield from _cooling(account, pool)
    yield from _spent(account, pool)
    running = pool.running.get(account.name, 0)
    if account.parallel is not None and running >= account.parallel:
        yield AccountState.FULL, f"{running} attempts run already", None


def _blocked(account: Account, pool: Pool) -> Iterator[_Hindrance]:
    row = pool.health.get(account_subject(account.name))
    if row is not None and row.blocked:
        remedy = f"mend it, then `fleet pool open {account.name}`"
        yield AccountState.BLOCKED, f"{row.kind}: {row.reason} ({remedy})", None
    if account.name in pool.unfit:
        yield AccountState.BLOCKED, pool.unfit[account.name], None
    today = day_of(pool.now, pool.fleet.zone_of(account))
    if account.expires is not None and account.expires < today:
        yield AccountState.BLOCKED, f"its credential expired on {account.expires}", None


def _closed(account: Account, pool: Pool) -> Iterator[_Hindrance]:
    window = account.window
    if window is not None and window.closing(pool.now) is None:
        hours = f"{window.opens:%H:%M}-{window.closes:%H:%M} {window.timezone}"
        yield AccountState.CLOSED, f"open {hours} only", window.opening(pool.now)


def _cooling(account: Account, pool: Pool) -> Iterator[_Hindrance]:
    vendor = vendor_subject(account)
    for subject in (account_subject(account.name), vendor):
        row = pool.health.get(subject)
        if row is not None and row.until is not None and row.until > pool.now:
            whose = f"{subject}: " if subject == vendor else ""
            yield AccountState.COOLING, f"{whose}{row.kind}: {row.reason}", row.until
    row = pool.health.get(vendor)
    if row is not None and row.strikes and pool.probing.get(vendor, 0):
        reason = f"{vendor}: one attempt probes whether it answers again after {row.kind}"
        yield AccountState.COOLING, reason, None


def _spent(account: Account, pool: Pool) -> Iterator[_Hindrance]:
    budget, used = account.daily_budget_micros, pool.spent.get(account.name, 0)
    tomorrow = next_day(pool.now, pool.fleet.zone_of(account))
    if budget is not None and not account.unmetered and used >= budget:
        yield AccountState.SPENT, "today's budget is spent or reserved", tomorrow
    limit, asked = account.daily_requests, pool.requests.get(account.name, 0)
    if limit is not None and asked >= limit:
        yield AccountState.SPENT, f"today's {limit} requests are used", tomorrow


def _unaffordable(
    subject: str, profile: Profile, account: Account, *, pool: Pool, project: str
) -> Refusal | None:
    """Answer why the profile's reservation cannot be held, None where it can."""
    price = profile.max_cost_micros
    fleet, now = pool.fleet, pool.now
    if not account.unmetered and (reason := _unpriced(profile)):
        return Refusal(subject=subject, reason=reason)
    known = fleet.projects.get(project)
    limits = (
        (
            None if account.unmetered else account.daily_budget_micros,
            pool.spent.get(account.name, 0),
            "today's budget is spent or reserved",
            lambda: next_day(now, fleet.zone_of(account)),
        ),
        (
            known.daily_budget_micros if known else None,
            pool.projects.get(project, 0),
            f"today's budget of project {project} is spent or reserved",
            lambda: next_day(now, fleet.timezone),
        ),
        (
            fleet.run_budget_micros,
            pool.run_spent,
            "the budget of this run is spent or reserved",
            lambda: None,
        ),
    )
    for limit, used, reason, until in limits:
        if limit is not None and used + price > limit:
            return Refusal(subject=subject, reason=reason, state=AccountState.SPENT, until=until())
    return None


def _unpriced(profile: Profile) -> str:
    """Say why an attempt's cost could not be bounded, "" where it can."""
    if profile.max_cost_micros == 0:
        return "max_cost_usd is 0 and the account is metered"
    if profile.price is None and not AGENTS[profile.agent].tells_cost:
        return f"{profile.agent} tells no cost and the profile has no price"
    return ""
