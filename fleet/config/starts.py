"""Starts that money forbids on any day: prices nobody knows, limits no attempt fits into.

They are warned about, not refused: nothing is lost by them, the pool says the same of every task
that waits for one, and a budget of 0 is how an owner takes an account out of use for a while.
"""

from collections.abc import Iterable, Iterator

from fleet.domain.agent import AGENTS
from fleet.domain.budget import dollars
from fleet.domain.profile import Account, Fleet, Profile


def never_starting(fleet: Fleet) -> Iterator[str]:
    """Yield a warning for each profile, account, project and run that could start nothing."""
    profiles = fleet.profiles.values()
    for profile in profiles:
        accounts = [each for each in fleet.accounts.values() if each.agent == profile.agent]
        yield from (f"profile {profile.name}: {text}" for text in _profile(profile, accounts))
    for account in fleet.accounts.values():
        users = [each for each in profiles if each.agent == account.agent]
        where = f"account {account.name}: daily_budget_usd"
        yield from _limit(where, account.daily_budget_micros, users)
    for project in fleet.projects.values():
        where = f"project {project.key}: daily_budget_usd"
        yield from _limit(where, project.daily_budget_micros, profiles)
    yield from _limit("limits.run_budget_usd", fleet.run_budget_micros, profiles)


def _profile(profile: Profile, accounts: list[Account]) -> Iterator[str]:
    metered = [each for each in accounts if not each.unmetered]
    if not metered:
        return
    if profile.max_cost_micros == 0:
        if len(metered) == len(accounts):
            yield "max_cost_usd is 0 and every account of its agent is metered"
        return
    if profile.price is None and not AGENTS[profile.agent].tells_cost:
        names = ", ".join(each.name for each in metered)
        yield (
            f"{profile.agent} tells no cost, so it never starts on {names}; "
            "give the profile a 'price', or the account 'unmetered: true'"
        )
    if not any(_fits(profile, each) for each in accounts):
        yield "max_cost_usd is more than the daily budget of every account of its agent"


def _fits(profile: Profile, account: Account) -> bool:
    limit = account.daily_budget_micros
    return limit is None or profile.max_cost_micros <= limit


def _limit(where: str, limit: int | None, profiles: Iterable[Profile]) -> Iterator[str]:
    """Yield a warning where not even the cheapest attempt fits into the limit (micro-dollars)."""
    least = min((each.max_cost_micros for each in profiles), default=0)
    if limit is not None and limit < least:
        yield (
            f"{where} {dollars(limit):g} is less than max_cost_usd {dollars(least):g} of the "
            "cheapest profile, so nothing ever starts"
        )
