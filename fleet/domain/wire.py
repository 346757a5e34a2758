"""Event lines of an agent's container: untrusted text in, typed values out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fleet.domain.attempt import Attempt
from fleet.domain.budget import MICROS
from fleet.domain.result import Usage

MAX_LINE = 64 * 1024
TYPES = frozenset(
    {
        "started",
        "beat",
        "progress",
        "error",
        "activity",
        "usage",
        "lesson",
        "approval",
        "check",
        "result",
    }
)
LOGGED = TYPES - {"beat", "activity", "usage"}
CLAIMS_AS_PROGRESS = 3
# the runner itself ends these when their own time is over, so silence in them is no stall
_TIMED_PHASES = ("setup", "check")
SELF_CHECK_RED = frozenset({"self_check", "limit"})
# such an end is what its runner saw, or was told, no work: how long nothing was done is told by
# what was before
_STANDSTILL = frozenset({"hang", "loop", "timeout"})
_MAX_NUMBER = 10**12
_MOST_DOLLARS = 10**6  # nobody owes more for an attempt
_MAX_DEPTH = 20


@dataclass(frozen=True, kw_only=True)
class Line:
    """One event line: its number within the attempt, its type and its fields."""

    seq: int
    type: str
    data: Mapping[str, Any]


def parse(raw: bytes) -> Line | None:
    """Answer the event line, or None for one that is too long, malformed or unknown."""
    told = _object(raw) if len(raw) <= MAX_LINE else None
    if told is None or told.get("v") != 1:
        return None
    kind, seq = told.get("type"), told.get("seq")
    if not isinstance(kind, str) or kind not in TYPES:
        return None
    if type(seq) is not int or not 0 < seq < _MAX_NUMBER:
        return None
    data = {k: v for k, v in told.items() if k not in {"v", "seq", "type"}}
    return Line(seq=seq, type=kind, data=data)


def _object(raw: bytes) -> dict[str, Any] | None:
    """Answer a JSON object that a database can store: no NUL, no lone surrogate, no infinity."""
    try:
        # decoded here: json would also take UTF-16, in which an escaped NUL looks otherwise
        told = json.loads(raw.decode(), parse_constant=_refused)
        json.dumps(told, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or b"\\u0000" in raw:
        return None
    return told if _shallow(told, _MAX_DEPTH) else None


def _shallow(value: object, depth: int) -> bool:
    """Tell whether it nests no deeper: who stores it later may stand deeper in the stack."""
    match value:
        case dict():
            return depth > 0 and all(_shallow(inner, depth - 1) for inner in value.values())
        case list():
            return depth > 0 and all(_shallow(inner, depth - 1) for inner in value)
        case _:
            return True


def _refused(constant: str) -> object:
    """Refuse NaN and the infinities, which are no JSON."""
    raise ValueError(constant)


def hear(attempt: Attempt, line: Line, *, at: datetime) -> Attempt:
    """Fold a new line into the attempt: signs of life, usage, and what the result says."""
    heard = replace(attempt, last_seq=line.seq, last_beat=at)
    match line.type:
        case "activity" | "check" | "started":
            heard = replace(heard, last_progress=at, claims=0)
        case "beat":
            heard = _beaten(heard, line.data, at=at)
        case "progress" if attempt.claims < CLAIMS_AS_PROGRESS:
            heard = replace(heard, last_progress=at, claims=attempt.claims + 1)
        case "usage":
            heard = _used(heard, line.data, at=at)
        case "result":
            heard = _concluded(heard, line.data, at=at)
        case _:
            pass
    return heard


def _beaten(attempt: Attempt, data: Mapping[str, Any], *, at: datetime) -> Attempt:
    """Take a sign of life; that its processes work is told apart from what it tells itself."""
    timed = data.get("phase") in _TIMED_PHASES
    ran = _number(data.get("ran_seconds"))
    return replace(
        attempt,
        last_progress=at if timed else attempt.last_progress,
        last_work=at if data.get("working") is True else attempt.last_work,
        ran_seconds=attempt.ran_seconds if ran is None else ran,
    )


def _concluded(attempt: Attempt, data: Mapping[str, Any], *, at: datetime) -> Attempt:
    diagnostics = data.get("diagnostics")
    known: Mapping[str, Any] = diagnostics if isinstance(diagnostics, dict) else {}
    kind = _text(known.get("failure_kind"), 40)
    if data.get("status") == "success" and known.get("failure_kind") is None:
        kind = "none"
    elif kind in {"", "none"}:
        kind = "crash"
    told = known.get("usage")
    heard = _used(attempt, told, at=at) if isinstance(told, dict) else attempt
    return replace(
        heard,
        last_progress=attempt.last_progress if kind in _STANDSTILL or attempt.stopping else at,
        summary=_text(data.get("summary"), 4000),
        failure_kind=kind,
        diagnosis=_text(known.get("message"), 4000),
        self_check_red=kind in SELF_CHECK_RED,
    )


def _used(attempt: Attempt, told: Mapping[str, Any], *, at: datetime) -> Attempt:
    """Take the usage told; a count of turns that rose says that a turn has just ended."""
    usage = usage_from(told, attempt.usage)
    turned = usage.turns > attempt.usage.turns
    return replace(attempt, usage=usage, last_turn=at if turned else attempt.last_turn)


def usage_from(told: Mapping[str, Any], before: Usage) -> Usage:
    """Answer cumulative usage; a figure never falls, so a liar can only raise its own bill."""
    price, told_cost = _number(told.get("cost_usd")), before.cost_micros
    if price is not None and price < _MOST_DOLLARS:
        told_cost = max(before.cost_micros or 0, round(price * MICROS))
    return Usage(
        input_tokens=max(before.input_tokens, _count(told.get("input_tokens"))),
        cached_tokens=max(before.cached_tokens, _count(told.get("cached_tokens"))),
        output_tokens=max(before.output_tokens, _count(told.get("output_tokens"))),
        turns=max(before.turns, _count(told.get("turns"))),
        cost_micros=told_cost,
    )


def _count(value: object) -> int:
    return value if type(value) is int and 0 <= value < _MAX_NUMBER else 0


def _number(value: object) -> float | None:
    """Answer a number that was told, None where that was none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < _MAX_NUMBER else None


def _text(value: object, limit: int) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(c for c in value if c.isprintable() or c in "\n\t")[:limit]
