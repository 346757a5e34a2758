"""Health: which accounts and vendors cool after failures, until when, and what ends it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from fleet.domain.profile import LOCAL, Account, SwapRules
from fleet.domain.swap import LIMITED, REFUSED, VENDOR_DOWN, Cause

# told resets are believed within these: no call is tried twice at once, and a week's quota is
# back after a week
SHORTEST_TOLD, LONGEST_TOLD = timedelta(seconds=1), timedelta(days=8)
# a clock that went further wrong than that was set
CLOCK_SLACK = timedelta(seconds=5)
# a vendor is asked again this many times sooner than an account
_SOONER = 10
# from here on it is the longest cooldown anyway, and a float holds no such power of two
_MOST_DOUBLINGS = 64
# what the health of the container engine is kept under
ENGINE = "engine"
_ONCE = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Health:
    """How an account or a vendor fares; one row a subject, none while nothing ever failed.

    `subject` is `account NAME`, `vendor NAME` or `engine`. It cools while `until` lies ahead.
    `blocked` ends only when a human acts. `strikes` counts the failures since it last went well,
    but for those that came while it cooled. `kind` and `reason` are those of the last failure, or
    of the one that blocks; `since` is when it last failed, or when a human opened it. The engine's
    `reason` says why it cannot be used, "" while it can.
    """

    subject: str
    kind: str
    reason: str
    since: datetime
    until: datetime | None = None
    strikes: int = 0
    blocked: bool = False
    version: int = 0


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What ended an attempt, in the vendor's words; `at` is when fleet knew of it.

    `resets_after` are the seconds the vendor told until it takes calls again, None where it told
    none: untrusted, any number at all.
    """

    cause: Cause
    reason: str
    at: datetime
    resets_after: float | None = None


def account_subject(account: str) -> str:
    """Answer what an account's health is kept under."""
    return f"account {account}"


def vendor_subject(account: Account) -> str:
    """Answer what its vendor's health is kept under: a gateway's address, else the agent's own."""
    return f"vendor {account.base_url or account.agent}"


def engine_refused(rows: Iterable[Health]) -> str:
    """Answer why the container engine cannot be used, "" while it can."""
    return next((row.reason for row in rows if row.subject == ENGINE), "")


def known_at(now: datetime, rows: Iterable[Health]) -> Mapping[str, Health]:
    """Answer the rows by subject, each as far as it can be believed at that instant.

    One that failed in the future was written before the clock was set back: its cooldown is
    over, else one of seconds would last for hours. Blocks and strikes stay.
    """
    return {row.subject: _believed(row, now) for row in rows}


def after_failure(
    failure: Failure, account: Account, *, known: Mapping[str, Health], rules: SwapRules
) -> Health | None:
    """Answer the health that a failure leaves, None where it says nothing of account or vendor.

    `known` are the rows there are, by subject.
    """
    subject = _blamed(failure.cause, account)
    if subject is None:
        return None
    at = failure.at
    fresh = Health(subject=subject, kind=failure.cause.value, reason=failure.reason, since=at)
    row = known.get(subject, fresh)
    # attempts that ran side by side fail for one and the same thing
    cooling = row.until is not None and row.until > at
    strikes = row.strikes if cooling else row.strikes + 1
    until = _later(row.until, _end(failure, rules, strikes=strikes))
    blocks = failure.cause in REFUSED
    # what came after it must not hide what a human has to mend
    last = row if row.blocked and not blocks else fresh
    return replace(
        row,
        kind=last.kind,
        reason=last.reason,
        since=max(row.since, at),
        until=until,
        strikes=strikes,
        blocked=row.blocked or blocks,
    )


def after_success(
    account: Account, *, began: datetime, known: Mapping[str, Health]
) -> tuple[Health, ...]:
    """Answer the rows that change once an attempt that began then showed that it works again.

    One that began before the last failure shows nothing, and what is blocked stays so.
    """
    subjects = (account_subject(account.name), vendor_subject(account))
    rows = (known[subject] for subject in subjects if subject in known)
    return tuple(
        replace(row, strikes=0, until=None)
        for row in rows
        if began >= row.since and not row.blocked and (row.strikes or row.until is not None)
    )


def stands_still(row: Health, now: datetime) -> bool:
    """Tell whether nothing may be asked of it now: it is blocked or it cools."""
    return row.blocked or (row.until is not None and row.until > now)


def opened(row: Health, at: datetime) -> Health:
    """Answer the health once a human opened it: nothing blocks, cools or counts any more."""
    return replace(row, since=max(row.since, at), until=None, strikes=0, blocked=False)


def _believed(row: Health, now: datetime) -> Health:
    if row.since - now <= CLOCK_SLACK:
        return row
    return replace(row, since=_ONCE, until=None)


def _blamed(cause: Cause, account: Account) -> str | None:
    """Answer whose failure it is, None where it is neither the account's nor the vendor's."""
    if account.name == LOCAL.name or (account.agent == LOCAL.agent and cause in REFUSED):
        # scripts have no vendor and are given no secret: it is their own word and nobody else's
        return None
    if cause in LIMITED | REFUSED:
        return account_subject(account.name)
    return vendor_subject(account) if cause in VENDOR_DOWN else None


def _end(failure: Failure, rules: SwapRules, *, strikes: int) -> datetime | None:
    """Answer when the cooldown ends that this failure asks for, None where it asks for none."""
    if failure.cause in REFUSED:
        return None
    if failure.cause in VENDOR_DOWN:
        first, most = rules.cooldown / _SOONER, rules.cooldown
        return failure.at + _doubled(first, strikes, most=most)
    told = failure.resets_after
    # the comparison is false for what is no number as well
    if told is not None and told > 0:
        bounded = min(told, LONGEST_TOLD.total_seconds())
        return failure.at + max(timedelta(seconds=bounded), SHORTEST_TOLD)
    return failure.at + _doubled(rules.cooldown, strikes, most=rules.max_cooldown)


def _doubled(first: float, strikes: int, *, most: float) -> timedelta:
    return timedelta(seconds=min(first * 2.0 ** min(strikes - 1, _MOST_DOUBLINGS), most))


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((each for each in (one, other) if each is not None), default=None)
