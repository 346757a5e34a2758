"""Money: integer micro-dollars, reserved at dispatch, settled at collect."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from fleet.domain.agent import Meter
from fleet.domain.errors import ConfigError
from fleet.domain.result import Usage

MICROS = 1_000_000

# failure kinds by what is known of the usage: the agent was never started; it came to its own end;
# the vendor refused a call; the agent was cut off in the middle of one
_NEVER_RAN = frozenset({"agent_missing", "isolation", "packet", "setup"})
_TO_THE_END = frozenset({"none", "self_check"})
_REFUSED = frozenset(
    {"auth", "billing", "model_not_found", "network", "overloaded", "quota", "rate_limit"}
)
_CUT_OFF = frozenset(
    {"", "approval_required", "crash", "hang", "internal", "oom", "stopped", "timeout"}
)


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """Money held for an attempt, in micro-dollars; one row an attempt, never changed."""

    attempt: str
    task: str
    project: str
    account: str
    micros: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What an attempt cost in the end, in micro-dollars; one row an attempt, never changed.

    It belongs to `day` of its account's calendar, to `project_day` of the fleet's, and to the
    run of that id. `requests` counts calls of a model, priced or not.
    """

    attempt: str
    task: str
    project: str
    account: str
    micros: int
    estimated: bool
    usage: Usage
    requests: int
    day: date
    project_day: date
    run: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What was settled: micro-dollars and requests."""

    micros: int = 0
    requests: int = 0


@dataclass(frozen=True, kw_only=True)
class Price:
    """Micro-dollars per million tokens."""

    input: int
    cached_input: int
    output: int


def micros(dollars: str | float) -> int:
    """Turn dollars into micro-dollars; raises ConfigError on what is no amount."""
    try:
        amount = Decimal(str(dollars)) * MICROS
    except InvalidOperation as error:
        raise ConfigError(f"{dollars!r} is no amount of dollars") from error
    if not amount.is_finite() or amount < 0:
        raise ConfigError(f"{dollars!r} is no amount of dollars", remedy="use 0 or more")
    if 0 < amount < 1:
        raise ConfigError(
            f"{dollars!r} dollars are less than can be counted", remedy="use 0.000001"
        )
    return int(amount)


def dollars(amount: int | None) -> float | None:
    """Answer micro-dollars as dollars, for showing."""
    return None if amount is None else amount / MICROS


def cost(usage: Usage, price: Price | None) -> int | None:
    """Answer what usage cost: what the agent told, else by price, else None (unknown).

    Where there is a price, a cost of nothing is not believed: that is a model the agent has no
    price of.
    """
    if usage.cost_micros or price is None:
        return usage.cost_micros
    fresh = max(0, usage.input_tokens - usage.cached_tokens)
    total = (
        fresh * price.input
        + usage.cached_tokens * price.cached_input
        + usage.output_tokens * price.output
    )
    return -(-total // MICROS)


def metered(kind: str, meter: Meter, *, told: bool) -> bool:
    """Tell whether the usage of an attempt that ended by itself is known.

    `kind` is its failure kind, `none` for a success; `told` says whether it told any usage. Where
    a call was refused, an agent that tells while it works has used nothing but what it told; what
    one told that tells only at the end of a round says nothing of a later round.
    """
    if kind in _NEVER_RAN:
        return True
    match meter:
        case Meter.LIVE:
            return kind in _REFUSED or (told and kind not in _CUT_OFF)
        case Meter.END:
            return told and kind in _TO_THE_END


def requests_of(usage: Usage, kind: str) -> int:
    """Answer the requests of an attempt that was started and ended with that failure kind.

    Who told of none has asked once, as far as anybody knows, unless it never came to that.
    """
    return usage.turns if kind in _NEVER_RAN else max(usage.turns, 1)


def settle(reserved: int, usage: Usage, *, price: Price | None, known: bool) -> tuple[int, bool]:
    """Answer (micro-dollars, estimated): usage unknown at the end costs the whole reservation."""
    told = 0 if known and usage == Usage() else cost(usage, price)
    if known and told is not None:
        return told, False
    return max(told or 0, reserved), reserved > 0
