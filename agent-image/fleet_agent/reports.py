"""Judges what an agent reports over its socket: a few types, typed fields, bounded texts."""

from collections.abc import Callable
from dataclasses import dataclass

from fleet_agent.fields import FieldError, Fields, fields_of
from fleet_agent.text import clean

_LONG = 1000
_REFLECTION = 600
_SHORT = 200
_MOST_ENTRIES = 20
_MOST_PERCENT = 100


@dataclass(frozen=True)
class Report:
    """One report, clean, with the fields of its event line."""

    type: str
    fields: dict[str, object]


def read_report(line: bytes) -> Report:
    """Parse one line from the socket; raises FieldError when it is of no known type."""
    fields = fields_of(line, "report")
    kind = fields.text("type")
    if kind not in _READERS:
        raise FieldError(f"report.type must be one of {', '.join(_READERS)}")
    return Report(kind, _READERS[kind](fields))


def _progress(fields: Fields) -> dict[str, object]:
    percent = fields.number("percent", high=_MOST_PERCENT)
    return {"message": clean(fields.text("message"), _LONG), "percent": percent}


def _error(fields: Fields) -> dict[str, object]:
    kind = fields.optional_text("kind")
    return {
        "message": clean(fields.text("message"), _LONG),
        "kind": clean(kind, _SHORT) if kind else None,
    }


def _lesson(fields: Fields) -> dict[str, object]:
    texts = {key: _optional(fields, key) for key in ("problem", "cause", "remedy")}
    lists = {key: _entries(fields, key) for key in ("tags", "files")}
    return {"title": clean(fields.text("title"), _SHORT), **texts, **lists}


def _approval(fields: Fields) -> dict[str, object]:
    category, reason = fields.text("category"), fields.text("reason")
    return {"category": clean(category, _SHORT), "reason": clean(reason, _LONG)}


def _constitution(fields: Fields) -> dict[str, object]:
    return {"text": clean(fields.text("text"), _REFLECTION)}


def _decision(fields: Fields) -> dict[str, object]:
    reason = clean(fields.optional_text("reason") or "", _REFLECTION)
    return {"decision": clean(fields.text("decision"), _REFLECTION), "reason": reason}


def _optional(fields: Fields, key: str) -> str:
    return clean(fields.optional_text(key) or "", _LONG)


def _entries(fields: Fields, key: str) -> list[str]:
    return [clean(entry, _SHORT) for entry in fields.texts(key)[:_MOST_ENTRIES]]


_READERS: dict[str, Callable[[Fields], dict[str, object]]] = {
    "progress": _progress,
    "error": _error,
    "lesson": _lesson,
    "approval": _approval,
    "constitution": _constitution,
    "decision": _decision,
}
