"""What an agent left for others beside its work: rules it would have, and choices it made."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fleet.domain.events import Event
from fleet.domain.quoting import one_line

REFLECTED = "attempt.reflection"
_MOST = 10
_LONGEST = 600  # bytes


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A technical choice, and why it was made."""

    decision: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Reflection:
    """What one attempt left; an agent's words, bounded and on one line each."""

    for_constitution: tuple[str, ...] = ()
    technical_decisions: tuple[Decision, ...] = ()

    @property
    def empty(self) -> bool:
        """Tell whether it left nothing."""
        return not self.for_constitution and not self.technical_decisions

    @property
    def fields(self) -> dict[str, Any]:
        """Answer it as trace and event hold it."""
        decisions = [{"decision": d.decision, "reason": d.reason} for d in self.technical_decisions]
        return {
            "for_constitution": list(self.for_constitution),
            "technical_decisions": decisions,
        }


LEFT_NOTHING = Reflection()


def reflection_of(told: Mapping[str, Any]) -> Reflection:
    """Answer what a runner's result, or an event of it, tells; what is odd is left out."""
    return Reflection(
        for_constitution=tuple(filter(None, map(_line, _entries(told, "for_constitution")))),
        technical_decisions=tuple(_decisions(_entries(told, "technical_decisions"))),
    )


def reflections_in(events: Iterable[Event]) -> dict[str, Reflection]:
    """Answer what attempts left, by their ids."""
    return {
        event.attempt: reflection_of(event.data)
        for event in events
        if event.kind == REFLECTED and event.attempt is not None
    }


def _entries(told: Mapping[str, Any], key: str) -> list[object]:
    value = told.get(key)
    return value[:_MOST] if isinstance(value, list) else []


def _decisions(entries: Iterable[object]) -> Iterator[Decision]:
    for entry in entries:
        if isinstance(entry, Mapping) and (decision := _line(entry.get("decision"))):
            yield Decision(decision=decision, reason=_line(entry.get("reason")))


def _line(value: object) -> str:
    return one_line(value, _LONGEST).strip() if isinstance(value, str) else ""
