"""Recall: the few lessons that fit what an attempt is about to do, or none."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fleet.app.memory import Memory
from fleet.domain.errors import EmbeddingError
from fleet.domain.lesson import Lesson, Scope, Vector, usable
from fleet.domain.lexical import lexical
from fleet.domain.scoring import Scored, good_enough, ranked
from fleet.domain.twins import told_once

log = logging.getLogger(__name__)

# how many are looked at: those that may not be used stand among the near ones
_WIDTHS = (40, 160, 1024, 1_000_000)
CANDIDATES = 30
Fits = Callable[[Lesson], bool]


@dataclass(frozen=True, kw_only=True)
class Found:
    """Lessons by how well they fit; `note` says why they were sought by words alone."""

    scored: tuple[Scored, ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Recalled:
    """What an attempt is given, and what it may search itself: worse ones too."""

    lessons: tuple[Scored, ...] = ()
    candidates: tuple[Scored, ...] = ()
    note: str = ""


def recall(text: str, scope: Scope, memory: Memory, *, fits: Fits) -> Recalled:
    """Answer the lessons for a text that may be used in the scope and that `fits` lets through.

    Never raises for want of a provider or an index: the words alone are searched then.
    """
    if memory.rules.top_k == 0 or memory.ledger.last_lesson() == 0:
        return Recalled()

    def useful(lesson: Lesson) -> bool:
        return usable(lesson, scope) and fits(lesson)

    found = find(text, memory, fits=useful, project=scope.project, most=CANDIDATES)
    candidates = found.scored[:CANDIDATES]
    good = good_enough(candidates, memory.rules)
    return Recalled(
        lessons=told_once(good, _vectors(good, memory), most=memory.rules.top_k),
        candidates=candidates,
        note=found.note,
    )


def find(
    text: str, memory: Memory, *, fits: Fits, project: str | None = None, most: int = CANDIDATES
) -> Found:
    """Answer the lessons nearest to a text, best first; `project` None looks at all of them."""
    try:
        memory.catch_up()
        return Found(scored=_near(text, memory, fits=fits, project=project, most=most))
    except EmbeddingError as error:
        note = f"lessons were searched by words alone: {error}"
        log.warning(note)
        return Found(scored=_by_words(text, memory, fits), note=note)


def _near(
    text: str, memory: Memory, *, fits: Fits, project: str | None, most: int
) -> tuple[Scored, ...]:
    (vector,) = memory.embedder.embed([text])
    scored: tuple[Scored, ...] = ()
    for width in _WIDTHS:
        hits = memory.finder.nearest(vector, k=width, project=project)
        cosines = {hit.lesson: hit.cosine for hit in hits}
        rows = [row for row in memory.ledger.lessons(cosines) if row.kept and fits(row)]
        scored = ranked(text, cosines, rows)
        if len(scored) >= most or len(hits) < width:
            break
    return scored


def _vectors(scored: Sequence[Scored], memory: Memory) -> Mapping[str, Vector]:
    """Answer the vectors of lessons as far as they have one; they are there without a provider."""
    if len(scored) <= 1:  # nothing to compare
        return {}
    try:
        space = memory.embedder.space()
    except EmbeddingError:  # its dimension is not known yet
        return {}
    return memory.ledger.embeddings(space, [each.lesson.id for each in scored])


def _by_words(text: str, memory: Memory, fits: Fits) -> tuple[Scored, ...]:
    return lexical(text, [row for row in memory.ledger.lessons() if row.kept and fits(row)])
