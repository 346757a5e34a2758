"""The chain: which profiles may take a task next, in which order, after all that went wrong."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, tzinfo

from fleet.domain.attempt import Attempt, Red, State
from fleet.domain.choice import Candidate
from fleet.domain.profile import LOCAL, Fleet, Profile, SwapRules
from fleet.domain.slot import Slot
from fleet.domain.swap import LIMITED, REFUSED, VENDOR_DOWN, Cause, Trigger
from fleet.domain.task import Task
from fleet.domain.window import night_of

_BARS_PROFILE = frozenset({Cause.CONTEXT_TOO_LONG, Cause.MODEL_NOT_FOUND})
_ITS_OWN = _BARS_PROFILE | {Cause.RESERVATION}
_NOBODYS = LIMITED | VENDOR_DOWN
_USED_UP = frozenset(
    {Cause.RESERVATION, Cause.ACCOUNT_BUDGET, Cause.ACCOUNT_REQUESTS, Cause.OVERGROWN}
)


def counted_of(task: Task, attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """Answer the attempts that count: those since a human last asked for another try."""
    if not task.red_from:
        return tuple(attempts)
    return tuple(a for a in attempts if a.number > task.red_from)


def candidates(
    task: Task, attempts: Sequence[Attempt], fleet: Fleet, *, rest: int | None = None
) -> tuple[Candidate, ...]:
    """Answer who may take the task, best first; empty where nobody is left.

    `rest` are the micro-dollars left of the task's own budget, None where it has none.

    A task escalated by the critic goes to the stronger profile; one that was swapped goes along
    the chain of who had it last; any other to its own profile, or to those of its role.
    """
    counted = counted_of(task, attempts)
    barred = barred_by(counted)
    stronger = escalated(counted, fleet, rest=rest)
    if stronger is not None:
        chain = _with_fallbacks([stronger], fleet)
    else:
        chain = [*_after_swap(counted, fleet), *_own(task, fleet)]
    able = (each for each in _once(chain) if each.profile.name not in barred)
    return tuple(each for each in able if _within(each.profile, rest))


def barred_by(counted: Iterable[Attempt]) -> dict[str, Cause]:
    """Answer the profiles that cannot do the task at all, each with the cause."""
    return {a.profile: a.cause for a in counted if a.cause is not None and a.cause in _BARS_PROFILE}


def avoided(counted: Sequence[Attempt]) -> Slot | None:
    """Answer the slot to stay away from: one that hung, or used up its money or its room."""
    last = _decisive(counted)
    if last is None or last.cause is None:
        return None
    if last.cause.trigger is not Trigger.TIMEOUT and last.cause not in _USED_UP:
        return None
    return Slot(profile=last.profile, account=last.account)


def escalated(
    counted: Sequence[Attempt], fleet: Fleet, *, rest: int | None = None
) -> Profile | None:
    """Answer the profile that the critic calls, None while no step of the way up is due.

    Every `critic_after` rejections by check or reviewer lead one step further; the way ends
    where it would come back to a profile that it passed. Nobody is kept waiting for a profile
    that could never start: barred, without an account that could pay it, dearer than `rest`.
    """
    rejected = (a for a in counted if a.state is State.REJECTED and not a.by_fleet)
    red = [a for a in rejected if a.red is not Red.CONFLICT]
    steps = len(red) // fleet.swap.critic_after
    if not steps:
        return None
    # from the first who names a stronger one
    ways = (_way_up(attempt.profile, fleet) for attempt in red)
    barred = barred_by(counted)
    way = [
        each
        for each in next(filter(None, ways), [])
        if each.name not in barred and _payable(each, fleet) and _within(each, rest)
    ]
    return way[min(steps, len(way)) - 1] if way else None


def _within(profile: Profile, rest: int | None) -> bool:
    return rest is None or profile.max_cost_micros <= rest


def _way_up(start: str, fleet: Fleet) -> list[Profile]:
    way: list[Profile] = []
    passed = {start}
    here = _stronger(start, fleet)
    while here is not None and here.name not in passed:
        way.append(here)
        passed.add(here.name)
        here = _stronger(here.name, fleet)
    return way


def _stronger(name: str, fleet: Fleet) -> Profile | None:
    profile, rules = fleet.profiles.get(name), fleet.swap
    target = (profile.escalate_to if profile else None) or rules.critic_to
    return fleet.profiles.get(target) if target else None


def _payable(profile: Profile, fleet: Fleet) -> bool:
    """Tell whether any account could ever pay the profile's reservation."""
    own = (each for each in fleet.accounts.values() if each.agent == profile.agent)
    limits = (account.daily_limit for account in own)
    return any(limit is None or limit >= profile.max_cost_micros for limit in limits)


def _own(task: Task, fleet: Fleet) -> list[Candidate]:
    if task.profile is not None:
        named = fleet.profiles.get(task.profile)
        return _with_fallbacks([named] if named else [], fleet)
    able = [p for p in fleet.profiles.values() if task.role in p.roles]
    able.sort(key=lambda p: (p.priority.rank, p.name))
    dear = _critics(fleet)
    plain = [profile for profile in able if profile.name not in dear]
    # whom the critic calls costs more: such a one begins only where nobody else can
    last = (Candidate(profile=each, fallback=bool(plain)) for each in able if each.name in dear)
    return [*_with_fallbacks(plain, fleet), *last]


def _critics(fleet: Fleet) -> set[str]:
    """Answer the profiles that others escalate to."""
    named = {profile.escalate_to for profile in fleet.profiles.values()} | {fleet.swap.critic_to}
    return {name for name in named if name is not None}


def _decisive(counted: Sequence[Attempt]) -> Attempt | None:
    """Answer the last attempt that says anything: one that was cancelled does not."""
    said = (a for a in reversed(counted) if a.state is not State.CANCELLED)
    return next(said, None)


def _after_swap(counted: Sequence[Attempt], fleet: Fleet) -> list[Candidate]:
    """Answer the chain of who was swapped away last, empty where nobody was."""
    last = _decisive(counted)
    if last is None or last.state is not State.SWAPPED or last.profile not in fleet.profiles:
        return []
    profile = fleet.profiles[last.profile]
    if last.cause is not None and last.cause.trigger is Trigger.TIMEOUT:
        # another agent first: what hung once hangs again
        others = _fallbacks([profile], fleet)
        return [*(Candidate(profile=each) for each in others), Candidate(profile=profile)]
    return _with_fallbacks([profile], fleet)


def _with_fallbacks(first: Sequence[Profile], fleet: Fleet) -> list[Candidate]:
    later = (Candidate(profile=each, fallback=True) for each in _fallbacks(first, fleet))
    return [*(Candidate(profile=each) for each in first), *later]


def _fallbacks(first: Sequence[Profile], fleet: Fleet) -> list[Profile]:
    """Answer the profiles that `fallback` leads to, nearest first, each once."""
    seen = {profile.name for profile in first}
    ahead, found = list(first), list[Profile]()
    while ahead:
        for name in ahead.pop(0).fallback:
            if name in fleet.profiles and name not in seen:
                seen.add(name)
                found.append(fleet.profiles[name])
                ahead.append(fleet.profiles[name])
    return found


def _once(chain: Iterable[Candidate]) -> Iterator[Candidate]:
    seen: set[str] = set()
    for each in chain:
        if each.profile.name not in seen:
            seen.add(each.profile.name)
            yield each


def cause_of_swap(last: Attempt | None, slot: Slot, *, stronger: Profile | None) -> Cause | None:
    """Answer why the next attempt in that slot is a swap, None where it is none."""
    if last is None:
        return None
    if last.state is State.SWAPPED:
        return last.cause
    promoted = stronger is not None and last.state is State.REJECTED
    return Cause.RED if promoted and slot.profile != last.profile else None


def swaps_left(counted: Sequence[Attempt], rules: SwapRules) -> str:
    """Answer why the task may not be tried on, "" while it may.

    What broke off or outgrew its room counts like a timeout: nobody knows what it would have
    needed. Limits of accounts, days and runs are nobody's fault: they end by themselves, or when a
    human acts.
    """
    broken = [a for a in counted if a.state in {State.FAILED, State.LOST} or _timed_out(a)]
    if len(broken) > rules.timeouts:
        return f"{len(broken)} attempts broke off: {broken[-1].reason}"
    own = [a for a in counted if a.state is State.SWAPPED and _its_own(a)]
    if len(own) > rules.errors:
        return f"{len(own)} swaps for errors or money of its own: {own[-1].reason}"
    return ""


def limits_met(counted: Iterable[Attempt], *, night: date, zone: tzinfo) -> int:
    """Count the swaps of a night for what is nobody's fault: limits, and vendors that are down."""
    ends = [a.ended for a in counted if a.cause in _NOBODYS]
    return sum(1 for at in ends if at is not None and night_of(at, zone) == night)


def _its_own(attempt: Attempt) -> bool:
    """Tell whether it was for the task alone: a script's word blocks no account."""
    if attempt.account == LOCAL.name and attempt.cause in REFUSED:
        return True
    return attempt.cause in _ITS_OWN


def _timed_out(attempt: Attempt) -> bool:
    if attempt.state is not State.SWAPPED:
        return False
    cause = attempt.cause
    return cause is None or cause.trigger is Trigger.TIMEOUT or cause is Cause.OVERGROWN
