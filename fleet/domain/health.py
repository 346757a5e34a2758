"""Health: which accounts and vendors cool after failures, until when, and what ends it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fleet.domain.profile import Account, SwapRules
from fleet.domain.swap import Cause


@dataclass(frozen=True, kw_only=True)
class Health:
    """How an account or a vendor fares; one row a subject, none while nothing ever failed.

    `subject` is `account NAME` or `vendor NAME`. It cools while `until` lies ahead. `blocked`
    ends only when a human acts. `strikes` counts the failures since it last went well, `kind`
    and `reason` are those of the last one, `since` is when it happened.
    """

    subject: str
    kind: str
    reason: str
    since: datetime
    until: datetime | None = None
    strikes: int = 0
    blocked: bool = False
    version: int = 0


def account_subject(account: str) -> str:
    """Answer what an account's health is kept under."""
    return f"account {account}"


def vendor_subject(account: Account) -> str:
    """Answer what its vendor's health is kept under: a gateway's address, else the agent's own."""
    return f"vendor {account.base_url or account.agent}"


def after_failure(
    cause: Cause,
    account: Account,
    *,
    reason: str,
    resets_after: float | None,
    known: Mapping[str, Health],
    rules: SwapRules,
    at: datetime,
) -> Health | None:
    """Answer the health that a failure leaves, None where it says nothing of account or vendor.

    `resets_after` are the seconds the vendor told, None where it told none; `known` are the rows
    there are, by subject.
    """
    raise NotImplementedError


def after_success(
    account: Account, *, began: datetime, known: Mapping[str, Health]
) -> tuple[Health, ...]:
    """Answer the rows that change once an attempt that began then showed that it works again."""
    raise NotImplementedError
