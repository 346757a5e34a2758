"""Whether two lessons say the same."""

from enum import StrEnum

from fleet.domain.hygiene import cleaned
from fleet.domain.lesson import Draft
from fleet.domain.scoring import error_codes

# cosines of MiniLM, measured on paraphrases and on lessons that look alike: docs/benchmarks.md
_SAME = 0.80
_NEAR = 0.60


class Kinship(StrEnum):
    """How alike two lessons are: one and the same, near enough to be linked, or strangers."""

    SAME = "same"
    NEAR = "near"
    NONE = "none"


def kinship(draft: Draft, other: Draft, cosine: float) -> Kinship:
    """Tell how alike two lessons are; those of different errors or files are never the same.

    Nor are one that gives orders and one that gives none: a poisoned copy that came first would
    keep the honest lesson out.
    """
    if cosine < _NEAR:
        return Kinship.NONE
    if cosine < _SAME or _apart(draft, other):
        return Kinship.NEAR
    return Kinship.SAME


def _apart(draft: Draft, other: Draft) -> bool:
    codes = error_codes(draft.text), error_codes(other.text)
    files = frozenset(draft.files), frozenset(other.files)
    # who names none may still mean the same one
    differ = any(ours and theirs and ours != theirs for ours, theirs in (codes, files))
    return differ or bool(cleaned(draft).flags) != bool(cleaned(other).flags)
