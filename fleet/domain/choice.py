"""The choice of a slot: which may start an attempt now, and why each of the others may not.

Every refusal says why and, where that is known, when it ends.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from fleet.domain.agent import AGENTS
from fleet.domain.hindrance import NEVER, AccountState, Hindrance
from fleet.domain.pool import Pool, full, hindrance
from fleet.domain.profile import Account, Profile
from fleet.domain.slot import Slot


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


def choose_slot(
    candidates: Sequence[Candidate], pool: Pool, *, project: str, avoid: Slot | None = None
) -> Slot | Refusals:
    """Choose the first candidate's best account, else the next's, or say why there is none.

    `avoid` is the slot that was swapped away: it is taken only where there is no other.
    """
    refusals: list[Refusal] = []
    second_best: Slot | None = None
    for candidate in candidates:
        if candidate.fallback and any(each.state is AccountState.FULL for each in refusals):
            continue
        for found in _judged(candidate.profile, pool, project=project):
            if isinstance(found, Refusal):
                refusals.append(found)
            elif found == avoid:
                second_best = found
            else:
                return found
    return second_best or tuple(refusals)


def refused(slot: Slot, pool: Pool, *, project: str) -> Refusal | None:
    """Answer why the slot may not start an attempt of the project now, None where it may."""
    profile, account = pool.fleet.profiles[slot.profile], pool.fleet.accounts[slot.account]
    found = hindrance(account, pool)
    refusals = (
        _refusal(profile, account, found) if found else None,
        _unaffordable(profile, account, pool=pool, project=project),
    )
    told = [each for each in refusals if each is not None]
    if told:
        # the one that ends last: until then the other changes nothing
        return max(told, key=lambda each: each.until or NEVER)
    # room comes back soonest: who waits for it must be able to pay
    busy = full(account, pool)
    return _refusal(profile, account, busy) if busy else None


def _judged(profile: Profile, pool: Pool, *, project: str) -> Iterator[Slot | Refusal]:
    """Yield each slot of the profile, the best first, or the refusal that stands in its place."""
    tiers = pool.tiers.get(profile.agent, ())
    if not tiers:
        yield Refusal(subject=profile.name, reason=f"no account for {profile.agent}")
    for tier in tiers:
        for account in sorted(tier, key=lambda each: _turn(each, pool)):
            slot = Slot(profile=profile.name, account=account.name)
            yield refused(slot, pool, project=project) or slot


def _turn(account: Account, pool: Pool) -> tuple[int, float, int, str]:
    """Answer what orders accounts of one priority: whose owner gives least now, then the rest."""
    name, limit = account.name, account.daily_limit
    share = pool.spent.get(name, 0) / limit if limit else 0.0
    return (pool.owners.get(account.owner, 0), share, pool.running.get(name, 0), name)


def _refusal(profile: Profile, account: Account, found: Hindrance) -> Refusal:
    return Refusal(
        subject=f"{profile.name}/{account.name}",
        reason=found.reason,
        state=found.state,
        until=found.until,
    )


class _Limit(NamedTuple):
    """An amount of micro-dollars, what is used of it, and when it begins anew."""

    most: int
    used: int
    what: str
    until: datetime | None = None
    state: AccountState | None = None


def _unaffordable(
    profile: Profile, account: Account, *, pool: Pool, project: str
) -> Refusal | None:
    """Answer why the profile's reservation cannot be held, None where it can."""
    subject, price = f"{profile.name}/{account.name}", profile.max_cost_micros
    if not account.unmetered and (reason := _unbounded(profile)):
        return Refusal(subject=subject, reason=reason)
    for limit in _limits(account, pool, project):
        if price > limit.most:
            reason = f"max_cost_usd is more than all of {limit.what}"
            return Refusal(subject=subject, reason=reason)
        if limit.used + price > limit.most:
            reason = f"{limit.what} is spent or reserved"
            return Refusal(subject=subject, reason=reason, state=limit.state, until=limit.until)
    return None


def _limits(account: Account, pool: Pool, key: str) -> Iterator[_Limit]:
    """Yield the budgets that an attempt on the account is paid from, the longest first."""
    fleet, project = pool.fleet, pool.fleet.projects.get(key)
    if fleet.run_budget_micros is not None:
        yield _Limit(fleet.run_budget_micros, pool.run_spent, "the budget of this run")
    if project is not None and project.daily_budget_micros is not None:
        used, until = pool.projects.get(key, 0), pool.tomorrow[fleet.timezone]
        yield _Limit(project.daily_budget_micros, used, f"today's budget of project {key}", until)
    if account.daily_limit is not None:
        used, until = pool.spent.get(account.name, 0), pool.tomorrow[fleet.zone_of(account)]
        yield _Limit(account.daily_limit, used, "today's budget", until, AccountState.SPENT)


def _unbounded(profile: Profile) -> str:
    """Say why an attempt's cost could not be bounded, "" where it can."""
    if profile.max_cost_micros == 0:
        return "max_cost_usd is 0 and the account is metered"
    if profile.price is None and not AGENTS[profile.agent].tells_cost:
        return f"{profile.agent} tells no cost and the profile has no price"
    return ""
