"""Money: integer micro-dollars, reserved at dispatch, settled at collect."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from fleet.domain.errors import ConfigError
from fleet.domain.result import Usage

MICROS = 1_000_000


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
    """What an attempt cost in the end, in micro-dollars; one row an attempt, never changed."""

    attempt: str
    task: str
    project: str
    account: str
    micros: int
    estimated: bool
    usage: Usage
    at: datetime


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
    return int(amount)


def dollars(amount: int | None) -> float | None:
    """Answer micro-dollars as dollars, for showing."""
    return None if amount is None else amount / MICROS


def cost(usage: Usage, price: Price | None) -> int | None:
    """Answer what usage cost: what the agent told, else by price, else None (unknown)."""
    if usage.cost_micros is not None:
        return usage.cost_micros
    if price is None:
        return None
    fresh = max(0, usage.input_tokens - usage.cached_tokens)
    total = (
        fresh * price.input
        + usage.cached_tokens * price.cached_input
        + usage.output_tokens * price.output
    )
    return -(-total // MICROS)


def settle(reserved: int, usage: Usage, *, price: Price | None, known: bool) -> tuple[int, bool]:
    """Answer (micro-dollars, estimated): usage unknown at the end costs the whole reservation."""
    told = cost(usage, price)
    if known and told is not None:
        return told, False
    return max(told or 0, reserved), reserved > 0
