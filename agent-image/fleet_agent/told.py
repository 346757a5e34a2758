"""Judges what an agent wrote into FLEET_RESULT: untrusted, so bounded and typed."""

from collections.abc import Callable
from typing import TypeVar

from fleet_agent.clis.model import Failure, FailureKind, Told
from fleet_agent.clis.usage import Usage
from fleet_agent.fields import FieldError, Fields, fields_of
from fleet_agent.text import clean

_LONGEST_SUMMARY = 4000
_LONGEST_MESSAGE = 1000
_MOST_TOKENS = 1e12
_MOST_TURNS = 1e6
_HIGHEST_COST_USD = 1e6
_LONGEST_WAIT_SECONDS = 30 * 86400
_OF_NO_KIND = "the agent stated a failure of no kind"
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
_Value = TypeVar("_Value")


def read_told(data: bytes) -> Told:
    """Parse the agent's result file; raises FieldError when it is no JSON object.

    A field that cannot be used costs itself alone, and a note: a slip beside a stated failure must
    not make a success of it.
    """
    notes: list[str] = []
    # NaN, as many a library writes it, is judged where it stands: no field takes it
    fields = fields_of(data, "FLEET_RESULT", constant=float)
    summary = _usable(lambda: fields.optional_text("summary"), notes)
    return Told(
        summary=clean(summary, _LONGEST_SUMMARY) if summary else None,
        usage=_usable(lambda: _usage(fields.within("usage")), notes),
        failure=_failure(fields, notes),
        notes=tuple(notes),
    )


def unreadable(why: str) -> Told:
    """Answer for a file that is there and tells nothing: it may have stated a failure."""
    return Told(failure=Failure(FailureKind.CRASH, clean(why, _LONGEST_MESSAGE)))


def _usable(read: Callable[[], _Value | None], notes: list[str]) -> _Value | None:
    """Answer what is read, None and a note where it cannot be used."""
    try:
        return read()
    except FieldError as error:
        notes.append(f"ignored: {error}")
        return None


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


def _failure(whole: Fields, notes: list[str]) -> Failure | None:
    """Answer the failure that is stated; all but null states one, whatever it looks like."""
    if whole.values.get("failure") is None:
        return None
    fields = _usable(lambda: whole.within("failure"), notes) or Fields({}, "FLEET_RESULT.failure")
    stated = _usable(lambda: fields.optional_text("kind"), notes)
    message = _usable(lambda: fields.optional_text("message"), notes)
    if not message or not message.strip():
        message = f"the agent stated a failure of kind {stated!r}" if stated else _OF_NO_KIND
    return Failure(
        FailureKind(stated) if stated in _MAY_STATE else FailureKind.CRASH,
        clean(message, _LONGEST_MESSAGE),
        _usable(lambda: fields.number("retry_after_seconds", high=_LONGEST_WAIT_SECONDS), notes),
    )
