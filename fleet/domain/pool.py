"""The pool: which profile and account may start an attempt now, and why another may not."""

from collections.abc import Mapping
from dataclasses import dataclass

from fleet.domain.profile import Account, Fleet, Profile
from fleet.domain.task import Task


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A profile and an account that may start an attempt now."""

    profile: str
    account: str


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a profile or account may not start an attempt now."""

    subject: str
    reason: str


Refusals = tuple[Refusal, ...]


def choose_slot(
    task: Task,
    fleet: Fleet,
    *,
    running: Mapping[str, int],
    spent: Mapping[str, int],
    unfit: Mapping[str, str],
) -> Slot | Refusals:
    """Choose the slot for a task: its own profile, else the role's by priority and name.

    `running` counts the attempts that hold a slot of each account; `spent` is what each
    account has spent and reserved today, in micro-dollars; `unfit` says of accounts why they
    cannot be used at all.
    """
    refusals: list[Refusal] = []
    for profile in _candidates(task, fleet):
        accounts = [a for a in fleet.accounts.values() if a.agent == profile.agent]
        if not accounts:
            refusals.append(Refusal(subject=profile.name, reason=f"no account for {profile.agent}"))
        for account in accounts:
            reason = unfit.get(account.name) or _refused(
                profile, account, running=running, spent=spent
            )
            if reason is None:
                return Slot(profile=profile.name, account=account.name)
            refusals.append(Refusal(subject=f"{profile.name}/{account.name}", reason=reason))
    return tuple(refusals) or (_nobody(task),)


def _nobody(task: Task) -> Refusal:
    if task.profile is not None:
        return Refusal(subject=task.profile, reason="there is no profile of that name")
    return Refusal(subject=task.role, reason=f"no profile for {task.role}")


def _candidates(task: Task, fleet: Fleet) -> list[Profile]:
    if task.profile is not None:
        named = fleet.profiles.get(task.profile)
        return [named] if named else []
    able = [p for p in fleet.profiles.values() if task.role in p.roles]
    return sorted(able, key=lambda p: (p.priority.rank, p.name))


def _refused(
    profile: Profile, account: Account, *, running: Mapping[str, int], spent: Mapping[str, int]
) -> str | None:
    limit = account.daily_budget_micros
    cost = profile.max_cost_micros
    full = account.parallel is not None and running.get(account.name, 0) >= account.parallel
    over = limit is not None and spent.get(account.name, 0) + cost > limit
    reasons = (
        (full, f"{account.parallel} attempts run already"),
        (not account.unmetered and cost == 0, "max_cost_usd is 0 and the account is metered"),
        (not account.unmetered and over, "today's budget is spent or reserved"),
    )
    return next((reason for holds, reason in reasons if holds), None)
