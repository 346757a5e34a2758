"""Searches the lessons of the packet by their words: small, and the same answer every time."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fleet_agent.fields import FieldError, Fields

_TEXTS = ("title", "problem", "cause", "remedy")
_LISTS = ("tags", "files")
_MOST_LESSONS = 64
# words are alike when they begin alike: "migration" finds "migrations"
_STEM = 6
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Lesson:
    """One lesson as it is shown to a model."""

    id: str
    text: str


def lessons_of(packet: Fields) -> tuple[Lesson, ...]:
    """Return the packet's lessons and candidates, each once; raises FieldError where it is broken.

    A single lesson that cannot be read is left out: the others still help.
    """
    context = packet.within("context")
    entries = [*_entries(context, "lessons"), *_entries(context, "lesson_candidates")]
    found = (_lesson(entry) for entry in entries[:_MOST_LESSONS])
    unique = {lesson.id: lesson for lesson in reversed(list(found)) if lesson.text}
    return tuple(reversed(unique.values()))


def recall(query: str, lessons: Sequence[Lesson], *, most: int) -> tuple[Lesson, ...]:
    """Return the lessons that share words with the query, the rarest words counting most."""
    words = [_stems(lesson.text) for lesson in lessons]
    weights = _weights(words)
    asked = _stems(query)
    scores = [math.fsum(weights[word] for word in asked & those) for those in words]
    # sorting is stable: of two that are as good, the packet's order decides
    best = sorted(range(len(lessons)), key=lambda index: -scores[index])
    return tuple(lessons[index] for index in best[:most] if scores[index] > 0)


def _entries(context: Fields, key: str) -> list[object]:
    entries = context.values.get(key) or []
    if not isinstance(entries, list):
        raise context.refuse(key, "a list of lessons")
    return entries


def _lesson(entry: object) -> Lesson:
    if not isinstance(entry, Mapping):
        return Lesson("", "")
    fields = Fields(entry, "lesson")
    try:
        lines = [(key, fields.optional_text(key)) for key in _TEXTS]
        lines += [(key, ", ".join(fields.texts(key))) for key in _LISTS]
        text = "\n".join(f"{key}: {value}" for key, value in lines if value)
        return Lesson(fields.optional_text("id") or text, text)
    except FieldError:
        return Lesson("", "")


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in _WORD.findall(text.casefold()))


def _weights(documents: Iterable[frozenset[str]]) -> dict[str, float]:
    counts = Counter(word for words in documents for word in words)
    return {word: 1 / math.log2(1 + count) for word, count in counts.items()}
