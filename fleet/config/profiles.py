"""Profiles judged against tiers, roles and accounts, and the profiles that are shipped."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

from fleet.config.starts import never_starting
from fleet.domain.agent import AGENTS, Meter
from fleet.domain.errors import ConfigError
from fleet.domain.profile import LOCAL, Account, Fleet, OnClose, Profile

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
        warnings = (*_agent(profile, fleet), *_tier(profile), *_followers(profile, fleet))
        found.extend(f"profile {profile.name}: {text}" for text in warnings)
    for account in fleet.accounts.values():
        found.extend(f"account {account.name}: {text}" for text in _account(account, fleet))
    return [*found, *never_starting(fleet)]


def tier(model: str | None) -> int | None:
    """Answer how strong a model is, None where its name says nothing."""
    # whole words: there is a "mini" in every "gemini"
    words = re.split(r"[^a-z0-9]+", (model or "").casefold())
    return min((_TIERS[word] for word in words if word in _TIERS), default=None)


def shipped_profiles() -> list[Path]:
    """Answer the files of the shipped profiles: in the package, else in the checkout.

    Raises ConfigError where an installation has lost them.
    """
    package = Path(__file__).parents[1]
    folders = (package / "_profiles", package.parent / "profiles")
    for folder in folders:
        if files := sorted(folder.glob("*.yaml")):
            return files
    raise ConfigError(
        f"the shipped profiles are missing: no *.yaml in {folders[0]}", remedy="install fleet again"
    )


def _agent(profile: Profile, fleet: Fleet) -> Iterator[str]:
    if not any(each.agent == profile.agent for each in fleet.accounts.values()):
        yield f"no account for {profile.agent} in fleet.yaml; the profile never starts"
    elif AGENTS[profile.agent].local and profile.model is None:
        yield f"{profile.agent} needs a model, by the name its server has for it"


def _tier(profile: Profile) -> Iterator[str]:
    has = tier(profile.model)
    for role in profile.roles:
        needed = _NEEDED.get(role)
        if has is not None and needed is not None and has < needed:
            yield f"role {role} wants a {_WORDS[needed]} model, {profile.model} is {_WORDS[has]}"


def _followers(profile: Profile, fleet: Fleet) -> Iterator[str]:
    """Yield what is odd about who goes on where this profile stops."""
    for name in profile.fallback:
        if not _shared_roles(profile, fleet.profiles[name]):
            yield f"falls back to {name}, which has none of its roles"
    target = profile.escalate_to or fleet.swap.critic_to
    # whom the critic calls anyway is the end of the way up
    if target is not None and target != profile.name:
        yield from _escalation(profile, fleet.profiles[target])


def _escalation(profile: Profile, target: Profile) -> Iterator[str]:
    mine, theirs = tier(profile.model), tier(target.model)
    if _brain(profile) == _brain(target):
        yield f"escalates to {target.name}, which has the same model"
    elif mine is not None and theirs is not None and theirs < mine:
        yield f"escalates to {target.name}, whose model is weaker"
    if not _shared_roles(profile, target):
        yield f"escalates to {target.name}, which has none of its roles"


def _shared_roles(one: Profile, other: Profile) -> bool:
    return not set(one.roles).isdisjoint(other.roles)


def _brain(profile: Profile) -> tuple[str, str | None, tuple[str, ...]]:
    return (profile.agent, profile.model, profile.command)


def _account(account: Account, fleet: Fleet) -> Iterator[str]:
    used = any(profile.agent == account.agent for profile in fleet.profiles.values())
    if account.name != LOCAL.name and not used:
        yield f"no profile has the agent {account.agent}; the account is never used"
    closing = account.on_window_close
    if closing is not OnClose.FINISH and account.window is None:
        yield f"on_window_close is {closing}, but it has no window"
    elif closing is OnClose.NEXT_TURN and AGENTS[account.agent].meter is Meter.END:
        yield (
            f"{account.agent} does not tell its turns while it works: once the window closes it "
            "is stopped at its next sign of work, in the middle of a turn"
        )
