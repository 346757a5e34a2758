"""Remembering: a lesson is cleaned, compared with the others, and kept once."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from fleet.app.memory import Memory
from fleet.domain.errors import DuplicateError, EmbeddingError, FleetError, StaleLeaseError
from fleet.domain.events import Event
from fleet.domain.hygiene import Cleaned, cleaned
from fleet.domain.lesson import (
    Draft,
    Embedding,
    Lesson,
    LessonStatus,
    Origin,
    Provenance,
    Scope,
    Vector,
    digest_of,
    lesson_id,
)
from fleet.domain.twins import Kinship, kinship
from fleet.ports import Append, Log, Save, Write

log = logging.getLogger(__name__)

_NEIGHBOURS = 5
# others write at the same time; each try begins with what stands by then
_TRIES = 20


class Fate(StrEnum):
    """What became of a draft; `found`: that lesson, or one that says the same, was there."""

    ADDED = "added"
    FOUND = "found"
    REVIVED = "revived"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The lesson that stands for a draft now."""

    lesson: Lesson
    fate: Fate


def keep(
    draft: Draft, by: Provenance, *, scope: Scope, status: LessonStatus, memory: Memory
) -> Kept:
    """Find or create the lesson that a draft says; the same one again changes nothing.

    What tells an agent to do harm is quarantined, whoever wrote it. An agent's lesson that says the
    same as another is that other; a person's is kept beside it, linked. Raises ConfigError for a
    draft without a title.
    """
    clean = ready(draft, memory)
    flagged = "; ".join(clean.flags)
    new = Lesson(
        **vars(clean.draft),
        **vars(by),
        id="",
        number=0,
        digest=digest_of(clean.draft, scope.project),
        project=scope.project,
        role=scope.role,
        status=LessonStatus.QUARANTINED if flagged else status,
        reason=flagged,
        created=memory.clock.now(),
        updated=memory.clock.now(),
    )
    for _ in range(_TRIES):
        try:
            return _found(new, memory) or _added(new, memory)
        except (DuplicateError, StaleLeaseError):
            continue
    raise FleetError("the lesson could not be kept: others write all the time", remedy="try again")


def ready(draft: Draft, memory: Memory) -> Cleaned:
    """Answer a draft as it would be kept: without secrets, cleaned.

    Raises ConfigError for a draft without a title.
    """
    return cleaned(_redacted(draft, memory))


def change(
    lesson: str, memory: Memory, *, kind: str, who: str, to: Callable[[Lesson], Lesson]
) -> Lesson:
    """Change a lesson as it stands, and log it as an event of that kind; answer the new row.

    Nothing is written where `to` changes nothing. Raises NotFoundError.
    """
    for _ in range(_TRIES):
        read = memory.ledger.lesson(lesson)
        wanted = to(read)
        if wanted == read:
            return read
        changed = replace(wanted, updated=memory.clock.now())
        try:
            memory.commit(_writes(changed, memory, kind=kind, who=who))
        except StaleLeaseError:
            continue
        return memory.ledger.lesson(lesson)
    raise FleetError(f"lesson {lesson} is changed by others all the time", remedy="try again")


def forgotten(lesson: Lesson) -> Lesson:
    """Answer what is left of a lesson that is forgotten: that it was, and its digest."""
    empty = vars(Draft(title=""))
    return replace(lesson, **empty, status=LessonStatus.FORGOTTEN, twins=(), reason="")


def _redacted(draft: Draft, memory: Memory) -> Draft:
    return Draft(
        title=memory.redact(draft.title),
        problem=memory.redact(draft.problem),
        cause=memory.redact(draft.cause),
        remedy=memory.redact(draft.remedy),
        tags=tuple(map(memory.redact, draft.tags)),
        files=tuple(map(memory.redact, draft.files)),
    )


def _found(new: Lesson, memory: Memory) -> Kept | None:
    """Answer the lesson of the same digest; a person brings back a forgotten one."""
    old = memory.ledger.lesson_of(new.digest)
    if old is None:
        return None
    if old.kept or new.origin is not Origin.PERSON:
        return Kept(lesson=old, fate=Fate.FOUND)
    revived = replace(new, id=old.id, number=old.number, version=old.version)
    memory.commit(_writes(revived, memory, kind="lesson.added", who=new.author))
    return Kept(lesson=memory.ledger.lesson(old.id), fate=Fate.REVIVED)


def _added(new: Lesson, memory: Memory) -> Kept:
    vector = memory.vector(new.embedded)
    kin = _kin(new, vector, memory)
    same = next((one for one, how in kin if how is Kinship.SAME), None)
    if same is not None and new.origin is not Origin.PERSON:
        return Kept(lesson=same, fate=Fate.FOUND)
    number = memory.ledger.last_lesson() + 1
    twins = tuple(one.id for one, _ in kin)
    lesson = replace(new, id=lesson_id(number), number=number, twins=twins)
    proposed = lesson.status is LessonStatus.PROPOSED
    kind = "lesson.proposed" if proposed else "lesson.added"
    writes = _writes(lesson, memory, kind=kind, who=new.author)
    if vector is not None:
        embedding = Embedding(lesson=lesson.id, space=memory.embedder.space(), values=vector)
        writes.append(Append(row=embedding))
    memory.commit(writes)
    return Kept(lesson=memory.ledger.lesson(lesson.id), fate=Fate.ADDED)


def _kin(new: Lesson, vector: Vector | None, memory: Memory) -> list[tuple[Lesson, Kinship]]:
    """Answer the lessons of the same scope that say the same or nearly, nearest first."""
    if vector is None:
        return []
    try:
        memory.finder.catch_up()
        hits = memory.finder.nearest(vector, k=_NEIGHBOURS, project=new.project or "")
    except EmbeddingError as error:
        log.warning("a lesson was compared by its words alone", extra={"reason": str(error)})
        return []
    cosines = {hit.lesson: hit.cosine for hit in hits}
    rows = sorted(memory.ledger.lessons(cosines), key=lambda row: -cosines[row.id])
    kin = ((row, kinship(new.said, row.said, cosines[row.id])) for row in rows if row.kept)
    return [(row, how) for row, how in kin if how is not Kinship.NONE]


def _writes(lesson: Lesson, memory: Memory, *, kind: str, who: str) -> list[Write]:
    # the text is not repeated: what is forgotten is forgotten in the history too
    told = Event(
        kind=kind,
        at=memory.clock.now(),
        who=who,
        task=lesson.task,
        attempt=lesson.attempt,
        what=f"{lesson.id} is {lesson.status}",
        data={"lesson": lesson.id},
    )
    return [Save(row=lesson), Log(event=told)]
