"""Reflection: what recurs in what agents did, bounded, with the evidence for it.

Nothing here judges what to do about it: an evaluator proposes that, and a person reviews it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from fleet.domain.attempt import Attempt, Red, State
from fleet.domain.endings import ending
from fleet.domain.lesson import Lesson, LessonStatus
from fleet.domain.orders import orders_in
from fleet.domain.quoting import one_line
from fleet.domain.recovery import telling
from fleet.domain.reflection import Reflection
from fleet.domain.scoring import posterior
from fleet.domain.swap import Receipt

LEAST_TASKS = 2
LEAST_SWAPS = 2
LEAST_HELPFUL = 3
LEAST_POSTERIOR = 0.7

_MOST_OF_A_KIND = 12
_MOST_EVIDENCE = 10
_MOST_PARTS = 8
_TEXT = 300  # bytes
_PART = 600

_BY_WORK = frozenset({Red.CHECK, Red.MERGED_TIP, Red.CONFLICT, Red.REVIEW, Red.POLICY})
_TRUSTED = frozenset({LessonStatus.ACTIVE, LessonStatus.PROBATION})
# what differs from one failure to the next though its cause is the same
_VARYING = re.compile(r"0x[0-9a-fA-F]+|\b[0-9a-f]{7,64}\b|\d+|(?<=/tmp/)[\w./-]+")


class Pattern(StrEnum):
    """What kind of thing was noticed."""

    FAILURE = "failure"
    SWAP = "swap"
    LESSON = "lesson"
    TWINS = "twins"
    NOTE = "note"
    DECISION = "decision"


@dataclass(frozen=True, kw_only=True)
class Noticed:
    """Something that recurs, or that an agent left: on one line, data that others worded.

    `evidence` are ids of tasks, attempts or lessons, `count` how often it was seen; `parts` are
    the lessons of a group, one on a line, `name` what a skill of them would be called.
    """

    kind: Pattern
    text: str
    evidence: tuple[str, ...]
    count: int
    parts: tuple[str, ...] = ()
    name: str = ""

    @property
    def fields(self) -> dict[str, Any]:
        """Answer it for the evaluator."""
        told: dict[str, Any] = {
            "kind": self.kind.value,
            "text": self.text,
            "evidence": list(self.evidence),
            "count": self.count,
        }
        return told | ({"name": self.name, "parts": list(self.parts)} if self.parts else {})


@dataclass(frozen=True, kw_only=True)
class Record:
    """What the ledger holds of the time that is looked at; `reflections` are by attempt."""

    attempts: Sequence[Attempt] = ()
    receipts: Sequence[Receipt] = ()
    lessons: Sequence[Lesson] = ()
    reflections: Mapping[str, Reflection] = field(default_factory=dict)
    since: datetime | None = None


def noticed(record: Record) -> tuple[Noticed, ...]:
    """Answer what is worth a person's thought, the most frequent of each kind first."""
    kinds = (
        _failures(record.attempts),
        _swaps(record.receipts),
        _proven(record.lessons, record.since),
        _twins(record.lessons, record.since),
        _notes(record.reflections),
        _decisions(record.reflections),
    )
    return tuple(each for kind in kinds for each in _first(kind))


def _first(found: Iterable[Noticed]) -> Iterator[Noticed]:
    """Yield the most frequent; whatever gives an order that no agent may be given is left out."""
    ranked = sorted(found, key=lambda each: (-each.count, each.text))
    fit = (each for each in ranked if each.text and not orders_in((each.text, *each.parts)))
    return islice(fit, _MOST_OF_A_KIND)


def _failures(attempts: Iterable[Attempt]) -> Iterator[Noticed]:
    """Yield how several tasks failed alike."""
    tasks: dict[str, dict[str, None]] = {}
    for attempt in attempts:
        signature = signature_of(attempt)
        if signature:
            tasks.setdefault(signature, {})[attempt.task] = None
    for signature, keys in tasks.items():
        if len(keys) >= LEAST_TASKS:
            yield _seen(Pattern.FAILURE, signature, sorted(keys))


def signature_of(attempt: Attempt) -> str:
    """Answer how it failed, without what differs each time; "" where its work did not fail."""
    if attempt.state is State.REJECTED and attempt.red in _BY_WORK:
        return _alike(": ".join(filter(None, (_ended(attempt), _telling(attempt.diagnosis)))))
    if attempt.state is State.FAILED:
        return _alike(one_line(attempt.reason, _TEXT))
    return ""


def _ended(attempt: Attempt) -> str:
    """Answer what ended it; the reason of a red check names the check."""
    return (attempt.reason if attempt.red is Red.CHECK else "") or ending(attempt)


def _telling(diagnosis: str) -> str:
    """Answer the line that says what is wrong, else the last one of all."""
    lines = telling(diagnosis)
    whole = [line.strip() for line in diagnosis.splitlines() if line.strip()]
    return lines[0] if lines else (whole[-1] if whole else "")


def _alike(text: str) -> str:
    return one_line(_VARYING.sub("#", text), _TEXT)


def _swaps(receipts: Iterable[Receipt]) -> Iterator[Noticed]:
    """Yield causes for which several attempts were ended, by who had them."""
    found: dict[str, list[Receipt]] = {}
    for receipt in receipts:
        found.setdefault(receipt.cause.value, []).append(receipt)
    for cause, rows in found.items():
        if len(rows) >= LEAST_SWAPS:
            profiles = ", ".join(sorted({row.from_profile for row in rows}))
            text = f"swapped for {cause}: profiles {profiles}"
            yield _seen(Pattern.SWAP, text, [row.attempt for row in rows])


def _proven(lessons: Iterable[Lesson], since: datetime | None) -> Iterator[Noticed]:
    """Yield lessons whose outcomes speak for them."""
    for lesson in lessons:
        trusted = lesson.status in _TRUSTED and lesson.helpful >= LEAST_HELPFUL
        if trusted and posterior(lesson) >= LEAST_POSTERIOR and _recent(lesson, since):
            text = ": ".join(filter(None, (lesson.title, lesson.remedy)))
            yield replace(_seen(Pattern.LESSON, text, [lesson.id]), count=lesson.helpful)


def _twins(lessons: Sequence[Lesson], since: datetime | None) -> Iterator[Noticed]:
    """Yield groups of lessons that say nearly the same."""
    known = {lesson.id: lesson for lesson in lessons if lesson.status in _TRUSTED}
    for group in groups_of({key: one.twins for key, one in known.items()}):
        own = [known[key] for key in group]
        if any(_recent(lesson, since) for lesson in own):
            best = max(own, key=lambda one: (posterior(one), -one.number))
            seen = _seen(Pattern.TWINS, best.title, [one.id for one in own])
            parts = tuple(_worded(one) for one in own[:_MOST_PARTS])
            yield replace(seen, parts=parts, name=slug(best.title))


def groups_of(links: Mapping[str, Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """Answer which of them hang together, each group of two or more in the order they came."""
    place = {key: number for number, key in enumerate(links)}
    around: dict[str, set[str]] = {key: set() for key in links}
    for key, others in links.items():
        for other in others:
            if other in around:
                around[key].add(other)
                around[other].add(key)
    groups: list[tuple[str, ...]] = []
    left = set(links)
    for key in links:
        group, ahead = set[str](), [key]
        while ahead:
            here = ahead.pop()
            if here in left:
                left.remove(here)
                group.add(here)
                ahead.extend(around[here])
        if len(group) > 1:
            groups.append(tuple(sorted(group, key=place.__getitem__)))
    return tuple(groups)


def slug(title: str) -> str:
    """Answer a name for a skill: small letters, digits and hyphens, 1 to 48 characters."""
    words = re.findall(r"[a-z0-9]+", title.casefold())
    return "-".join(words[:8])[:48].strip("-") or "lessons"


def _worded(lesson: Lesson) -> str:
    told = (("", lesson.title), ("why: ", lesson.cause), ("do: ", lesson.remedy))
    text = "; ".join(f"{name}{said}" for name, said in told if said)
    return f"{one_line(text, _PART)} ({lesson.id})"


def _notes(reflections: Mapping[str, Reflection]) -> Iterator[Noticed]:
    """Yield what agents would have as a rule for all work."""
    found: dict[str, list[str]] = {}
    for attempt, left in reflections.items():
        for text in left.for_constitution:
            found.setdefault(text, []).append(attempt)
    return (_seen(Pattern.NOTE, text, attempts) for text, attempts in found.items())


def _decisions(reflections: Mapping[str, Reflection]) -> Iterator[Noticed]:
    found: dict[str, list[str]] = {}
    for attempt, left in reflections.items():
        for each in left.technical_decisions:
            text = ", because ".join(filter(None, (each.decision, each.reason)))
            found.setdefault(text, []).append(attempt)
    return (_seen(Pattern.DECISION, text, attempts) for text, attempts in found.items())


def _recent(lesson: Lesson, since: datetime | None) -> bool:
    return since is None or lesson.updated >= since


def _seen(kind: Pattern, text: str, evidence: Sequence[str]) -> Noticed:
    return Noticed(
        kind=kind,
        text=one_line(text, _TEXT).strip(),
        evidence=tuple(evidence[:_MOST_EVIDENCE]),
        count=len(evidence),
    )
