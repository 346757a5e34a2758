"""What a CLI used, as it tells, and what its counts cover."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Usage:
    """What was used; an unknown cost is None, never zero.

    `input_tokens` counts all input, `cached_tokens` the part of it that came from a cache.
    """

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    turns: int = 0
    cost_micros: int | None = None

    def plus(self, other: "Usage") -> "Usage":
        """Add up; a sum with an unknown cost in it is unknown."""
        known = self.cost_micros is not None and other.cost_micros is not None
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.turns + other.turns,
            (self.cost_micros or 0) + (other.cost_micros or 0) if known else None,
        )

    def minus(self, before: "Usage") -> "Usage":
        """Take off what was used before, in the same count; never below nothing."""
        known = self.cost_micros is not None and before.cost_micros is not None
        cost = (self.cost_micros or 0) - (before.cost_micros or 0)
        return Usage(
            max(0, self.input_tokens - before.input_tokens),
            max(0, self.cached_tokens - before.cached_tokens),
            max(0, self.output_tokens - before.output_tokens),
            max(0, self.turns - before.turns),
            max(0, cost) if known else None,
        )

    def fields(self) -> dict[str, object]:
        """Return the fields of an event line."""
        cost = None if self.cost_micros is None else self.cost_micros / 1_000_000
        return {
            "input_tokens": self.input_tokens,
            "cached_tokens": self.cached_tokens,
            "output_tokens": self.output_tokens,
            "cost_usd": cost,
            "turns": self.turns,
        }


class Scope(StrEnum):
    """What a count of usage covers."""

    STEP = "step"  # one step: steps add up
    START = "start"  # this start of the CLI so far: the latest counts
    SESSION = "session"  # the session so far, earlier starts in it: what those used is taken off


@dataclass(frozen=True)
class Spent:
    """The CLI told what it used."""

    usage: Usage
    scope: Scope
