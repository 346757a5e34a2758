"""Swaps: why an attempt is ended so that another slot goes on, and the receipt of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType


class Trigger(StrEnum):
    """The family of a cause."""

    TIMEOUT = "timeout"
    ERROR = "error"
    BUDGET = "budget"
    WINDOW = "window"
    CRITIC = "critic"


class Cause(StrEnum):
    """Why an attempt was ended although its task is not done."""

    HEARTBEAT_LOST = "heartbeat_lost"
    STALLED = "stalled"
    OVERTIME = "overtime"
    LOOPING = "looping"
    RATE_LIMIT = "rate_limit"
    QUOTA = "quota"
    OVERLOADED = "overloaded"
    NETWORK = "network"
    AUTH = "auth"
    BILLING = "billing"
    CREDENTIAL = "credential"
    CONFIG = "config"
    CONTEXT_TOO_LONG = "context_too_long"
    MODEL_NOT_FOUND = "model_not_found"
    RESERVATION = "reservation"
    ACCOUNT_BUDGET = "account_budget"
    ACCOUNT_REQUESTS = "account_requests"
    PROJECT_BUDGET = "project_budget"
    TASK_BUDGET = "task_budget"
    RUN_BUDGET = "run_budget"
    OVERGROWN = "overgrown"
    WINDOW_CLOSED = "window_closed"
    RED = "red"

    @property
    def trigger(self) -> Trigger:
        """Answer the family it belongs to."""
        return _TRIGGERS[self]


_TRIGGERS: Mapping[Cause, Trigger] = MappingProxyType(
    {
        **dict.fromkeys(
            (Cause.HEARTBEAT_LOST, Cause.STALLED, Cause.OVERTIME, Cause.LOOPING), Trigger.TIMEOUT
        ),
        **dict.fromkeys(
            (
                Cause.RATE_LIMIT,
                Cause.QUOTA,
                Cause.OVERLOADED,
                Cause.NETWORK,
                Cause.AUTH,
                Cause.BILLING,
                Cause.CREDENTIAL,
                Cause.CONFIG,
                Cause.CONTEXT_TOO_LONG,
                Cause.MODEL_NOT_FOUND,
            ),
            Trigger.ERROR,
        ),
        **dict.fromkeys(
            (
                Cause.RESERVATION,
                Cause.ACCOUNT_BUDGET,
                Cause.ACCOUNT_REQUESTS,
                Cause.PROJECT_BUDGET,
                Cause.TASK_BUDGET,
                Cause.RUN_BUDGET,
                Cause.OVERGROWN,
            ),
            Trigger.BUDGET,
        ),
        Cause.WINDOW_CLOSED: Trigger.WINDOW,
        Cause.RED: Trigger.CRITIC,
    }
)

# of an account that is used too much; of a vendor that is down; of what only a human can mend
LIMITED = frozenset({Cause.RATE_LIMIT, Cause.QUOTA})
VENDOR_DOWN = frozenset({Cause.OVERLOADED, Cause.NETWORK})
REFUSED = frozenset({Cause.AUTH, Cause.BILLING})

# failure kinds of the runner's result that end an attempt by a swap
_BY_FAILURE: Mapping[str, Cause] = MappingProxyType(
    {
        "hang": Cause.STALLED,
        "timeout": Cause.OVERTIME,
        "loop": Cause.LOOPING,
        "budget": Cause.RESERVATION,
        **{
            cause.value: cause
            for cause in Cause
            if cause.trigger is Trigger.ERROR and cause not in {Cause.CREDENTIAL, Cause.CONFIG}
        },
    }
)


def cause_of(failure_kind: str) -> Cause | None:
    """Answer the swap that a failure of that kind calls for, None where it calls for none."""
    return _BY_FAILURE.get(failure_kind)


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """One swap: who handed over to whom, why, and what it cost; one row an ended attempt.

    `why` holds the evidence, `carried` says what of the work went along, `seconds_lost` is the
    time from the last sign of progress to the successor's dispatch, `night` runs from noon to
    noon in the fleet's timezone.
    """

    attempt: str
    task: str
    successor: str
    trigger: Trigger
    cause: Cause
    from_profile: str
    from_account: str
    to_profile: str
    to_account: str
    why: str
    carried: str
    seconds_lost: float
    night: date
    at: datetime
