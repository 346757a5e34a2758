"""What usage costs, and when the attempt has used up what it may."""

from dataclasses import replace

from fleet_agent.clis.model import Failure, FailureKind
from fleet_agent.clis.usage import Usage
from fleet_agent.packet import Limits

_MILLION = 1_000_000


def priced(usage: Usage, prices: tuple[int, int, int] | None) -> Usage:
    """Return the usage with its cost by the profile's prices where the CLI told none.

    `prices` are micro-dollars for a million tokens: new input, cached input, output.
    """
    if usage.cost_micros is not None or prices is None:
        return usage
    fresh = max(0, usage.input_tokens - usage.cached_tokens)
    counts = (fresh, usage.cached_tokens, usage.output_tokens)
    micros = sum(count * price for count, price in zip(counts, prices, strict=True))
    return replace(usage, cost_micros=-(-micros // _MILLION))


def rest_of(limits: Limits, used: Usage | None) -> Limits:
    """Return the limits less what was used already; something is always left to begin with."""
    if used is None:
        return limits
    turns, cost = limits.turns, limits.cost_micros
    return replace(
        limits,
        turns=None if turns is None else max(1, turns - used.turns),
        cost_micros=None if cost is None else max(1, cost - (used.cost_micros or 0)),
    )


def used_up(usage: Usage | None, limits: Limits, *, beyond: bool = False) -> Failure | None:
    """Return which limit is reached, None while there is room; money comes before turns.

    With `beyond`, turns have to be over the limit: the last one allowed may still be at work.
    """
    if usage is None:
        return None
    cost = usage.cost_micros or 0
    if limits.cost_micros is not None and cost >= limits.cost_micros:
        message = f"{_dollars(cost)} of {_dollars(limits.cost_micros)} USD used"
        return Failure(FailureKind.BUDGET, message)
    if limits.turns is not None and usage.turns >= limits.turns + beyond:
        return Failure(FailureKind.LIMIT, f"{usage.turns} of {limits.turns} turns used")
    return None


def _dollars(micros: int) -> str:
    return f"{micros / _MILLION:.4f}"
