"""The pool: how every account stands at one instant, money and requests of its day included."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import groupby

from fleet.domain.attempt import Attempt
from fleet.domain.budget import Tally, cost
from fleet.domain.health import Health, known_at, vendor_subject
from fleet.domain.hindrance import AccountState, Hindrance, lasting, longest
from fleet.domain.plan import Snapshot
from fleet.domain.profile import Account, Fleet
from fleet.domain.slot import Slot
from fleet.domain.window import day_of, next_day


@dataclass(frozen=True, kw_only=True)
class Pool:
    """All that a choice depends on, at one instant.

    `tiers` are the accounts of each agent by their priority, the most urgent first; `hindered`
    says of accounts what no choice of this instant changes; `tomorrow` is when the day turns in a
    timezone. Money is in micro-dollars: what was settled and what running attempts hold, of
    accounts and projects on their day of today, and of this run. `holding` are the attempts that
    hold a slot as the snapshot was read. `awaited` counts the attempts of
    an account that told of no request yet, `probing` those of a vendor that began after its
    cooldown; a vendor in `half_open` takes one at a time.
    """

    fleet: Fleet
    now: datetime
    tiers: Mapping[str, tuple[tuple[Account, ...], ...]]
    tomorrow: Mapping[tzinfo, datetime]
    health: Mapping[str, Health]
    hindered: Mapping[str, Hindrance]
    half_open: frozenset[str]
    holding: tuple[Attempt, ...]
    running: Mapping[str, int]
    owners: Mapping[str, int]
    spent: Mapping[str, int]
    requests: Mapping[str, int]
    awaited: Mapping[str, int]
    projects: Mapping[str, int]
    run_spent: int
    probing: Mapping[str, int]


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
    accounts = fleet.accounts
    holding = tuple([attempt for attempt in snapshot.attempts if attempt.holds_slot])
    held = {attempt.id: held_by(attempt, fleet) for attempt in holding}
    settled = settled_today(snapshot, fleet, now)
    spent = Counter({name: tally.micros for name, tally in settled.items()})
    requests = Counter({name: tally.requests for name, tally in settled.items()})
    projects = projects_today(snapshot, fleet, now)
    for attempt in holding:
        spent[attempt.account] += held[attempt.id]
        requests[attempt.account] += attempt.usage.turns
        projects[attempt.project] += held[attempt.id]
    health = known_at(now, snapshot.health)
    return Pool(
        fleet=fleet,
        now=now,
        tiers=_tiers(fleet),
        tomorrow={zone: next_day(now, zone) for zone in _zones(fleet)},
        health=health,
        hindered=lasting(fleet, health, unfit=unfit, now=now),
        half_open=frozenset(s for s, row in health.items() if row.strikes and _over(row, now)),
        holding=holding,
        running=Counter(attempt.account for attempt in holding),
        owners=Counter(accounts[a.account].owner for a in holding if a.account in accounts),
        spent=spent,
        requests=requests,
        awaited=Counter(a.account for a in holding if not a.usage.turns),
        projects=projects,
        run_spent=snapshot.run_settled + sum(held.values()),
        probing=_probing(holding, fleet, health),
    )


def settled_today(snapshot: Snapshot, fleet: Fleet, now: datetime) -> dict[str, Tally]:
    """Answer what was settled of each account on its day of today.

    Days that lie ahead count too: they are of another timezone, and a new one renews no budget.
    """
    days = {zone: day_of(now, zone) for zone in _zones(fleet)}
    today = {each.name: days[fleet.zone_of(each)] for each in fleet.accounts.values()}
    found = dict.fromkeys(today, Tally())
    for (name, day), tally in snapshot.account_days.items():
        if name in today and day >= today[name]:
            known = found[name]
            found[name] = Tally(
                micros=known.micros + tally.micros, requests=known.requests + tally.requests
            )
    return found


def projects_today(snapshot: Snapshot, fleet: Fleet, now: datetime) -> Counter[str]:
    """Answer the micro-dollars settled of each project on the fleet's day of today, or ahead."""
    today, found = day_of(now, fleet.timezone), Counter[str]()
    for (project, day), used in snapshot.project_days.items():
        if day >= today:
            found[project] += used
    return found


def held_by(attempt: Attempt, fleet: Fleet) -> int:
    """Answer the micro-dollars a running attempt holds: its reservation, or what it used beyond."""
    return max(attempt.reserved_micros, used_by(attempt, fleet))


def used_by(attempt: Attempt, fleet: Fleet) -> int:
    """Answer the micro-dollars an attempt told of so far, 0 where it told of none."""
    profile = fleet.profiles.get(attempt.profile)
    return cost(attempt.usage, profile.price if profile else None) or 0


def taken(pool: Pool, slot: Slot, *, project: str) -> Pool:
    """Answer the pool once that slot is given to an attempt of the project."""
    account = pool.fleet.accounts[slot.account]
    micros = pool.fleet.profiles[slot.profile].max_cost_micros
    return replace(
        pool,
        running=_plus(pool.running, account.name, 1),
        owners=_plus(pool.owners, account.owner, 1),
        spent=_plus(pool.spent, account.name, micros),
        awaited=_plus(pool.awaited, account.name, 1),
        projects=_plus(pool.projects, project, micros),
        run_spent=pool.run_spent + micros,
        probing=_plus(pool.probing, vendor_subject(account), 1),
    )


def standing_of(account: Account, pool: Pool) -> AccountStanding:
    """Answer an account's state with what keeps it from use longest."""
    found = hindrance(account, pool) or full(account, pool)
    return AccountStanding(
        account=account.name,
        state=found.state if found else AccountState.READY,
        reason=found.reason if found else "",
        until=found.until if found else None,
        spent=pool.spent.get(account.name, 0),
        requests=pool.requests.get(account.name, 0),
        running=pool.running.get(account.name, 0),
    )


def hindrance(account: Account, pool: Pool) -> Hindrance | None:
    """Answer what keeps the account from any use longest, None where only room may lack."""
    known = (pool.hindered.get(account.name), _spent(account, pool))
    # a probe ends sooner than all of these
    return longest(each for each in known if each is not None) or _probed(account, pool)


def full(account: Account, pool: Pool) -> Hindrance | None:
    """Answer that all room of the account is taken, None while there is some."""
    running = pool.running.get(account.name, 0)
    if account.parallel is None or running < account.parallel:
        return None
    return Hindrance(state=AccountState.FULL, reason=f"{running} attempts run already")


def _spent(account: Account, pool: Pool) -> Hindrance | None:
    limit, name = account.daily_limit, account.name
    if limit and pool.spent.get(name, 0) >= limit:
        return _until_tomorrow("today's budget is spent or reserved", account, pool)
    # whoever has just begun will ask at least once
    asked = pool.requests.get(name, 0) + pool.awaited.get(name, 0)
    if account.daily_requests is not None and asked >= account.daily_requests:
        reason = f"today's {account.daily_requests} requests are used or reserved"
        return _until_tomorrow(reason, account, pool)
    return None


def _until_tomorrow(reason: str, account: Account, pool: Pool) -> Hindrance:
    tomorrow = pool.tomorrow[pool.fleet.zone_of(account)]
    return Hindrance(state=AccountState.SPENT, reason=reason, until=tomorrow)


def _probed(account: Account, pool: Pool) -> Hindrance | None:
    vendor = vendor_subject(account)
    if vendor not in pool.half_open or not pool.probing.get(vendor, 0):
        return None
    after = pool.health[vendor].kind
    reason = f"{vendor}: one attempt probes whether it answers again after {after}"
    return Hindrance(state=AccountState.COOLING, reason=reason)


def _zones(fleet: Fleet) -> set[tzinfo]:
    return {fleet.timezone, *(fleet.zone_of(account) for account in fleet.accounts.values())}


def _tiers(fleet: Fleet) -> Mapping[str, tuple[tuple[Account, ...], ...]]:
    found: dict[str, list[tuple[Account, ...]]] = {}
    ranked = sorted(fleet.accounts.values(), key=lambda each: (each.agent, each.priority.rank))
    for (agent, _), same in groupby(ranked, key=lambda each: (each.agent, each.priority)):
        found.setdefault(agent, []).append(tuple(same))
    return {agent: tuple(tiers) for agent, tiers in found.items()}


def _over(row: Health, now: datetime) -> bool:
    return row.until is None or row.until <= now


def _probing(
    holding: Sequence[Attempt], fleet: Fleet, health: Mapping[str, Health]
) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for attempt in holding:
        account = fleet.accounts.get(attempt.account)
        row = health.get(vendor_subject(account)) if account else None
        if row is not None and (row.until is None or attempt.created >= row.until):
            found[row.subject] += 1
    return found


def _plus(counts: Mapping[str, int], name: str, more: int) -> Mapping[str, int]:
    return {**counts, name: counts.get(name, 0) + more}
