"""Hindrances: what keeps an account from use, with the reason and, where known, its end."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from fleet.domain.health import Health, account_subject, vendor_subject
from fleet.domain.profile import Account, Fleet
from fleet.domain.window import day_of

NEVER = datetime.max.replace(tzinfo=UTC)  # an end that nobody knows comes after all others


class AccountState(StrEnum):
    """What an account can do now."""

    READY = "ready"
    COOLING = "cooling"
    SPENT = "spent"
    CLOSED = "closed"
    FULL = "full"
    BLOCKED = "blocked"


@dataclass(frozen=True, kw_only=True)
class Hindrance:
    """What keeps an account from use; `until` None: nobody knows."""

    state: AccountState
    reason: str
    until: datetime | None = None


def longest(hindrances: Iterable[Hindrance]) -> Hindrance | None:
    """Answer the one that ends last, the first of equal ones; None where there is none."""
    return max(hindrances, key=lambda each: each.until or NEVER, default=None)


def lasting(
    fleet: Fleet, health: Mapping[str, Health], *, unfit: Mapping[str, str], now: datetime
) -> Mapping[str, Hindrance]:
    """Answer by account what keeps it from use however much it has left, the longest alone.

    `unfit` says why credentials cannot be used.
    """
    found = {}
    for account in fleet.accounts.values():
        hindrance = longest(
            (
                *_blocked(account, health),
                *_unusable(account, unfit, fleet=fleet, now=now),
                *_closed(account, now),
                *_cooling(account, health, now),
            )
        )
        if hindrance is not None:
            found[account.name] = hindrance
    return found


def _blocked(account: Account, health: Mapping[str, Health]) -> Iterator[Hindrance]:
    row = health.get(account_subject(account.name))
    if row is not None and row.blocked:
        remedy = f"mend it, then `fleet pool open {account.name}`"
        reason = f"{row.kind}: {row.reason} ({remedy})"
        yield Hindrance(state=AccountState.BLOCKED, reason=reason)


def _unusable(
    account: Account, unfit: Mapping[str, str], *, fleet: Fleet, now: datetime
) -> Iterator[Hindrance]:
    if account.name in unfit:
        yield Hindrance(state=AccountState.BLOCKED, reason=unfit[account.name])
    if account.expires is not None and account.expires < day_of(now, fleet.zone_of(account)):
        reason = f"its credential expired on {account.expires}"
        yield Hindrance(state=AccountState.BLOCKED, reason=reason)


def _closed(account: Account, now: datetime) -> Iterator[Hindrance]:
    window = account.window
    if window is not None and window.closing(now) is None:
        reason, until = f"open {window} only", window.opening(now)
        yield Hindrance(state=AccountState.CLOSED, reason=reason, until=until)


def _cooling(account: Account, health: Mapping[str, Health], now: datetime) -> Iterator[Hindrance]:
    vendor = vendor_subject(account)
    for subject in (account_subject(account.name), vendor):
        row = health.get(subject)
        if row is not None and row.until is not None and row.until > now:
            whose = f"{subject}: " if subject == vendor else ""
            reason = f"{whose}{row.kind}: {row.reason}"
            yield Hindrance(state=AccountState.COOLING, reason=reason, until=row.until)
