"""Whether two lessons say the same."""

import math
import re
import struct
from enum import StrEnum

from fleet.domain.hygiene import cleaned
from fleet.domain.lesson import Draft, Vector
from fleet.domain.scoring import error_codes

# cosines of MiniLM, measured on paraphrases and on lessons that look alike: docs/benchmarks.md
_SAME = 0.80
_NEAR = 0.60
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


def cosine_of(one: Vector, other: Vector) -> float:
    """Answer the cosine of two vectors of one space."""
    ours, theirs = (struct.unpack(f"<{len(each) // 4}f", each) for each in (one, other))
    return math.fsum(a * b for a, b in zip(ours, theirs, strict=True))


def _apart(draft: Draft, other: Draft) -> bool:
    codes = error_codes(draft.text), error_codes(other.text)
    files = frozenset(draft.files), frozenset(other.files)
    # who names none may still mean the same one
    differ = any(ours and theirs and ours != theirs for ours, theirs in (codes, files))
    flagged = bool(cleaned(draft).flags) != bool(cleaned(other).flags)
    return differ or flagged or _told(draft) != _told(other)


def _told(draft: Draft) -> tuple[list[str], list[str]]:
    """Answer the words of what it tells to do, in their order.

    The title often tells it too; without a remedy the problem or the cause may.
    """
    remedy = draft.remedy or f"{draft.problem} {draft.cause}"
    return _words(draft.title), _words(remedy)


def _words(text: str) -> list[str]:
    words = (word.strip(_AT_ENDS) for word in text.casefold().split())
    return [word for word in words if word and word not in _FILLER]
