"""Profiles judged against their tiers, and the profiles that are shipped."""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

from fleet.domain.agent import AGENTS
from fleet.domain.profile import Fleet, Profile

CHEAP, MIDDLE, SMART = 0, 1, 2
_TIERS = MappingProxyType(
    {"opus": SMART, "sonnet": MIDDLE, "mini": CHEAP, "haiku": CHEAP, "flash": CHEAP, "nano": CHEAP}
)
_NEEDED = MappingProxyType({"architect": SMART, "planner": MIDDLE})
_WORDS = ("cheap or fast", "middle", "smart")


def check_profiles(fleet: Fleet) -> list[str]:
    """Answer what is allowed but hardly meant: tiers, missing accounts, money that never fits."""
    found: list[str] = []
    for profile in fleet.profiles.values():
        warnings = (*_agent(profile, fleet), *_tier(profile), *_escalation(profile, fleet))
        found.extend(f"profile {profile.name}: {text}" for text in warnings)
    return found


def tier(model: str | None) -> int | None:
    """Answer how strong a model is, None where its name says nothing."""
    ranks = [rank for word, rank in _TIERS.items() if word in (model or "").casefold()]
    return min(ranks) if ranks else None


def shipped_profiles() -> list[Path]:
    """Answer the files of the shipped profiles: in the package, else in the checkout."""
    package = Path(__file__).parents[1]
    folders = (package / "_profiles", package.parent / "profiles")
    folder = next(each for each in folders if each.is_dir())
    return sorted(folder.glob("*.yaml"))


def _agent(profile: Profile, fleet: Fleet) -> Iterator[str]:
    accounts = [each for each in fleet.accounts.values() if each.agent == profile.agent]
    if not accounts:
        yield f"no account for {profile.agent} in fleet.yaml; the profile never starts"
        return
    if AGENTS[profile.agent].local and profile.model is None:
        yield f"{profile.agent} needs a model, by the name its server has for it"
    if not any(each.unmetered for each in accounts) and profile.max_cost_micros == 0:
        yield "max_cost_usd is 0 and every account of its agent is metered"
    limits = [each.daily_budget_micros for each in accounts if not each.unmetered]
    if limits and all(limit is not None and limit < profile.max_cost_micros for limit in limits):
        yield "max_cost_usd is more than the daily budget of every metered account"


def _tier(profile: Profile) -> Iterator[str]:
    has = tier(profile.model)
    for role in profile.roles:
        needed = _NEEDED.get(role)
        if has is not None and needed is not None and has < needed:
            yield f"role {role} wants a {_WORDS[needed]} model, {profile.model} is {_WORDS[has]}"


def _escalation(profile: Profile, fleet: Fleet) -> Iterator[str]:
    if profile.escalate_to is None:
        return
    target = fleet.profiles[profile.escalate_to]
    if (target.agent, target.model) == (profile.agent, profile.model):
        yield f"escalates to {target.name}, which has the same model"
        return
    mine, theirs = tier(profile.model), tier(target.model)
    if mine is not None and theirs is not None and theirs < mine:
        yield f"escalates to {target.name}, whose model is weaker"
