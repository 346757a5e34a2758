"""What a CLI's module is given and what it answers: values only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from fleet_agent.packet import Argv, Packet


class FailureKind(StrEnum):
    """Why an attempt failed; CONTRACT.md says when each is used."""

    PACKET = "packet"
    ISOLATION = "isolation"
    AUTH = "auth"
    SETUP = "setup"
    AGENT_MISSING = "agent_missing"
    CRASH = "crash"
    SELF_CHECK = "self_check"
    LIMIT = "limit"
    TIMEOUT = "timeout"
    OOM = "oom"
    STOPPED = "stopped"
    APPROVAL_REQUIRED = "approval_required"
    REFUSED_TOOLS = "refused_tools"
    RATE_LIMIT = "rate_limit"
    QUOTA = "quota"
    OVERLOADED = "overloaded"
    BILLING = "billing"
    NETWORK = "network"
    CONTEXT_TOO_LONG = "context_too_long"
    MODEL_NOT_FOUND = "model_not_found"
    HANG = "hang"
    INTERNAL = "internal"


@dataclass(frozen=True)
class Failure:
    """Why the agent failed, in one line, and when another try may help (seconds)."""

    kind: FailureKind
    message: str
    retry_after_seconds: float | None = None


@dataclass(frozen=True)
class Usage:
    """What was used; an unknown cost is None, never zero."""

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


@dataclass(frozen=True)
class Activity:
    """The CLI did something; `kind` is message, tool or output."""

    kind: str
    summary: str


@dataclass(frozen=True)
class RoundPlaces:
    """Where the agent finds the packet of its round and may leave its result and reports."""

    packet: Path
    result: Path
    socket: Path


@dataclass(frozen=True)
class Invocation:
    """How to start the CLI: argv and what is added to the environment."""

    argv: Argv
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Told:
    """What the agent left in its result file; its word only."""

    summary: str | None = None
    usage: Usage | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class End:
    """How the CLI ended: exit code (negative for a signal), tails of its output, its own word."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    told: Told


@dataclass(frozen=True)
class Cli:
    """One entry of the registry: three pure functions and what the CLI is able to do."""

    invocation: Callable[[Packet, RoundPlaces], Invocation]
    parse: Callable[[bytes], tuple[Activity, ...]]
    classify: Callable[[End], Failure | None]
    holds_tools_back: bool
