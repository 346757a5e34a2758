"""A night to be simulated: a fleet, what is wanted of it, and how its agents behave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from fleet.domain.profile import Fleet
from fleet.domain.task import Priority


class Trouble(StrEnum):
    """What can go wrong with an attempt; the last three have no failure kind of their own."""

    LOOP = "loop"
    RATE_LIMIT = "rate_limit"
    QUOTA = "quota"
    OVERLOADED = "overloaded"
    NETWORK = "network"
    AUTH = "auth"
    BILLING = "billing"
    CONTEXT_TOO_LONG = "context_too_long"
    MODEL_NOT_FOUND = "model_not_found"
    CRASH = "crash"
    HANG = "hang"
    SILENT = "silent"
    OVERTIME = "overtime"
    VANISH = "vanish"


@dataclass(frozen=True, kw_only=True)
class Span:
    """A range that values are drawn from, both ends included."""

    least: float
    most: float


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How attempts go of a profile, an account, or (both None) of all others.

    An attempt takes `seconds`, costs `micros` and calls its model every `call_every` seconds.
    `troubles` are the shares of attempts that meet one, `red` the share of finished work that
    its checks refuse; `resets` are the seconds a vendor tells with rate_limit and quota.
    """

    profile: str | None = None
    account: str | None = None
    seconds: Span
    micros: Span
    resets: Span
    call_every: float
    troubles: Mapping[Trouble, float] = field(default_factory=dict)
    red: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Batch:
    """As many tasks of one kind; `priorities` weighs how they are mixed."""

    project: str
    count: int
    role: str
    priorities: Mapping[Priority, float]
    profile: str | None = None
    budget_micros: int | None = None


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What `fleet simulate` plays; `checks` are the seconds that the checks of a branch take."""

    fleet: Fleet
    starts: datetime
    lasts: timedelta
    batches: tuple[Batch, ...]
    behaviours: tuple[Behaviour, ...]
    checks: Span

    @property
    def ends(self) -> datetime:
        """Answer the instant at which it is over."""
        return self.starts + self.lasts


def behaviour_of(scenario: Scenario, *, profile: str, account: str) -> Behaviour:
    """Answer how an attempt in that slot behaves: the first behaviour that speaks of it."""
    return next(
        each
        for each in scenario.behaviours
        if each.profile in (None, profile) and each.account in (None, account)
    )
