"""Whether two lessons say the same, and which of those that nearly do is told."""

import math
import re
import struct
from collections.abc import Mapping, Sequence
from enum import StrEnum

from fleet.domain.hygiene import cleaned
from fleet.domain.lesson import Draft, LessonStatus, Vector
from fleet.domain.scoring import Scored, error_codes

# cosines of MiniLM, measured on paraphrases and on lessons that look alike: docs/benchmarks.md
_SAME = 0.80
_NEAR = 0.60
# from here on two share one place: no two different lessons of the benchmark are as near
_CROWDED = 0.75
_AT_ENDS = ".,;:!?\"'`()[]\u2026\u2013\u2014"
# words without which a sentence still says the same; none that turns it round, as "no" or "before"
_FILLER = frozenset(
    re.findall(
        r"\w+",
        """a an the this that these those it its is are be been has have to must should please let
        our your my we you""",
    )
)


class Kinship(StrEnum):
    """How alike two lessons are: one and the same, near enough to be linked, or strangers."""

    SAME = "same"
    NEAR = "near"
    NONE = "none"


def kinship(draft: Draft, other: Draft, cosine: float) -> Kinship:
    """Tell how alike two lessons are.

    A vector tells what a lesson is about, not what it says to do: "delete the lockfile" and "never
    delete the lockfile" are as near as copies. So the same are only those that tell it in the same
    words; problem and cause may be worded anew. Those of different errors or files are never the
    same, nor are one that gives orders and one that gives none: a poisoned copy that came first
    would keep the honest lesson out.
    """
    if cosine < _NEAR:
        return Kinship.NONE
    if not alike(cosine) or _apart(draft, other):
        return Kinship.NEAR
    return Kinship.SAME


def alike(cosine: float) -> bool:
    """Tell whether vectors are as near as those of copies: all there is of a forgotten lesson."""
    return cosine >= _SAME


def told_once(
    good: Sequence[Scored], vectors: Mapping[str, Vector], *, most: int
) -> tuple[Scored, ...]:
    """Answer the first `most` lessons, and of those that say nearly the same only one.

    It is the best one that a person let through, else the best one. Copies in other words would
    fill all places, and no outcome could tell them apart. One without a vector is like no other.
    """
    trusted = [each for each in good if each.lesson.status is not LessonStatus.PROBATION]
    told: list[Scored] = []
    for each in good:
        if len(told) == most:
            break
        others = told if each in trusted else (*told, *trusted)
        if not any(_crowd(each, other, vectors) for other in others):
            told.append(each)
    return tuple(told)


def cosine_of(one: Vector, other: Vector) -> float:
    """Answer the cosine of two vectors of one space."""
    ours, theirs = (struct.unpack(f"<{len(each) // 4}f", each) for each in (one, other))
    return math.fsum(a * b for a, b in zip(ours, theirs, strict=True))


def _crowd(one: Scored, other: Scored, vectors: Mapping[str, Vector]) -> bool:
    """Tell whether two say nearly the same, and name no errors or files that differ."""
    ours, theirs = vectors.get(one.lesson.id), vectors.get(other.lesson.id)
    if ours is None or theirs is None or cosine_of(ours, theirs) < _CROWDED:
        return False
    pairs = _named(one.lesson, other.lesson)
    return not any(named and meant and named.isdisjoint(meant) for named, meant in pairs)


def _apart(draft: Draft, other: Draft) -> bool:
    # who names none may still mean the same one
    differ = any(ours and theirs and ours != theirs for ours, theirs in _named(draft, other))
    flagged = bool(cleaned(draft).flags) != bool(cleaned(other).flags)
    return differ or flagged or _told(draft) != _told(other)


def _named(draft: Draft, other: Draft) -> Sequence[tuple[frozenset[str], frozenset[str]]]:
    """Answer the error codes that both name, and the files."""
    codes = error_codes(draft.text), error_codes(other.text)
    return codes, (frozenset(draft.files), frozenset(other.files))


def _told(draft: Draft) -> tuple[list[str], list[str]]:
    """Answer the words of what it tells to do, in their order.

    The title often tells it too; without a remedy the problem or the cause may.
    """
    remedy = draft.remedy or f"{draft.problem} {draft.cause}"
    return _words(draft.title), _words(remedy)


def _words(text: str) -> list[str]:
    words = (word.strip(_AT_ENDS) for word in text.casefold().split())
    return [word for word in words if word and word not in _FILLER]
