"""Judges what an agent wrote into FLEET_RESULT: untrusted, so bounded and typed."""

from fleet_agent.clis.model import Failure, FailureKind, Told, Usage
from fleet_agent.fields import Fields, fields_of
from fleet_agent.text import clean

_LONGEST_SUMMARY = 4000
_LONGEST_MESSAGE = 1000
_MOST_TOKENS = 1e12
_MOST_TURNS = 1e6
_HIGHEST_COST_USD = 1e6
_LONGEST_WAIT_SECONDS = 30 * 86400
_MAY_STATE = frozenset(
    {
        FailureKind.AUTH,
        FailureKind.LIMIT,
        FailureKind.BUDGET,
        FailureKind.LOOP,
        FailureKind.REFUSED_TOOLS,
        FailureKind.RATE_LIMIT,
        FailureKind.QUOTA,
        FailureKind.OVERLOADED,
        FailureKind.BILLING,
        FailureKind.NETWORK,
        FailureKind.CONTEXT_TOO_LONG,
        FailureKind.MODEL_NOT_FOUND,
        FailureKind.HANG,
    }
)


def read_told(data: bytes) -> Told:
    """Parse the agent's result file; raises FieldError when any of it cannot be used."""
    fields = fields_of(data, "FLEET_RESULT")
    summary = fields.optional_text("summary")
    return Told(
        summary=clean(summary, _LONGEST_SUMMARY) if summary else None,
        usage=_usage(fields.within("usage")),
        failure=_failure(fields.within("failure")),
    )


def _usage(fields: Fields) -> Usage | None:
    if not fields.values:
        return None
    cost = fields.number("cost_usd", high=_HIGHEST_COST_USD)
    return Usage(
        input_tokens=fields.count("input_tokens", high=_MOST_TOKENS) or 0,
        cached_tokens=fields.count("cached_tokens", high=_MOST_TOKENS) or 0,
        output_tokens=fields.count("output_tokens", high=_MOST_TOKENS) or 0,
        turns=fields.count("turns", high=_MOST_TURNS) or 0,
        cost_micros=None if cost is None else round(cost * 1_000_000),
    )


def _failure(fields: Fields) -> Failure | None:
    if not fields.values:
        return None
    stated = fields.optional_text("kind") or ""
    kind = FailureKind(stated) if stated in _MAY_STATE else FailureKind.CRASH
    message = fields.optional_text("message") or f"the agent stated a failure of kind {stated!r}"
    wait = fields.number("retry_after_seconds", high=_LONGEST_WAIT_SECONDS)
    return Failure(kind, clean(message, _LONGEST_MESSAGE), wait)
