"""Remembering: a lesson is cleaned, compared with the others, and kept once."""

import logging
import unicodedata
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
from fleet.domain.retold import SEEN_AGAIN
from fleet.domain.twins import Kinship, alike, cosine_of, kinship
from fleet.ports import Append, Log, Save, Write

log = logging.getLogger(__name__)

_NEIGHBOURS = 5
_PUT_AWAY = "lesson.quarantined"
_QUARANTINED = LessonStatus.QUARANTINED
# what nobody has decided on
_UNSEEN = frozenset({LessonStatus.PROBATION, LessonStatus.PROPOSED})
_Kin = list[tuple[Lesson, Kinship]]
# the event of a person's word on a lesson: no evidence, so none of the outcomes
VOTED = "lesson.voted"
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
    same as another is that other, and an event says so; a person's is kept beside it, linked.
    Raises ConfigError for a draft without a title.
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
        status=_QUARANTINED if flagged else status,
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
    seen = cleaned(_redacted(draft, memory)).draft
    # a letter that nobody sees may have hidden a secret: it is gone by now
    return cleaned(_redacted(seen, memory))


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
        writes = _writes(changed, memory, kind=kind, who=who)
        if kind != _PUT_AWAY and changed.status is _QUARANTINED is not read.status:
            writes.append(_logged(changed, memory, kind=_PUT_AWAY, who=who))
        try:
            memory.commit(writes)
        except StaleLeaseError:
            continue
        return memory.ledger.lesson(lesson)
    raise FleetError(f"lesson {lesson} is changed by others all the time", remedy="try again")


def forgotten(lesson: Lesson) -> Lesson:
    """Answer what is left of a lesson that is forgotten: that it was, and its digest."""
    empty = vars(Draft(title=""))
    return replace(lesson, **empty, status=LessonStatus.FORGOTTEN, twins=(), reason="")


def _redacted(draft: Draft, memory: Memory) -> Draft:
    def without(text: str) -> str:
        return _without_secrets(text, memory)

    return Draft(
        title=without(draft.title),
        problem=without(draft.problem),
        cause=without(draft.cause),
        remedy=without(draft.remedy),
        tags=tuple(map(without, draft.tags)),
        files=tuple(map(without, draft.files)),
    )


def _without_secrets(text: str, memory: Memory) -> str:
    """Answer the text without secrets; one in letters of full width, or the like, is one too."""
    plain = memory.redact(text)
    folded = unicodedata.normalize("NFKC", plain)
    if folded == plain:
        return plain
    read = memory.redact(folded)
    return plain if read == folded else read


def _found(new: Lesson, memory: Memory) -> Kept | None:
    """Answer the lesson of the same digest; a person brings back a forgotten one."""
    old = memory.ledger.lesson_of(new.digest)
    if new.origin is not Origin.PERSON:
        # what a person accepted for every project has the digest of that
        old = old or memory.ledger.lesson_of(digest_of(new.said, None))
        return _seen_again(new, old, memory) if old else None
    if old is None or old.kept:
        return Kept(lesson=old, fate=Fate.FOUND) if old else None
    revived = replace(new, id=old.id, number=old.number, version=old.version)
    memory.commit(_writes(revived, memory, kind="lesson.added", who=new.author))
    return Kept(lesson=memory.ledger.lesson(old.id), fate=Fate.REVIVED)


def _seen_again(new: Lesson, old: Lesson, memory: Memory) -> Kept:
    """Answer the lesson that a draft is taken for; that it was is written down, once."""
    event = replace(
        _event(new, memory, kind=SEEN_AGAIN, who=new.author),
        what=f"{old.id} was said again, in its words or nearly; it is {old.status}",
        data={"lesson": old.id, "digest": new.digest},
    )
    # of a draft without an attempt a person is told who adds it
    if new.attempt not in (None, old.attempt) and not any(
        (each.kind, each.data) == (event.kind, event.data)
        for each in memory.ledger.events(attempt=new.attempt)
    ):
        memory.commit([Log(event=event)])
    return Kept(lesson=old, fate=Fate.FOUND)


def _added(new: Lesson, memory: Memory) -> Kept:
    vector = memory.vector(new.embedded)
    kin = _kin(new, vector, memory)
    if new.origin is not Origin.PERSON:
        old = _said_by(kin) or _forgotten_like(new, vector, memory)
        if old is not None:
            return _seen_again(new, old, memory)
    number = memory.ledger.last_lesson() + 1
    twins = tuple(one.id for one, _ in kin)
    lesson = replace(_wary(new, kin), id=lesson_id(number), number=number, twins=twins)
    proposed = lesson.status is LessonStatus.PROPOSED
    kind = "lesson.proposed" if proposed else "lesson.added"
    writes = _writes(lesson, memory, kind=kind, who=new.author)
    if vector is not None:
        embedding = Embedding(lesson=lesson.id, space=memory.embedder.space(), values=vector)
        writes.append(Append(row=embedding))
    memory.commit(writes)
    return Kept(lesson=memory.ledger.lesson(lesson.id), fate=Fate.ADDED)


def _said_by(kin: _Kin) -> Lesson | None:
    """Answer the lesson that says the same; one in quarantine takes no other in."""
    return next(
        (one for one, how in kin if how is Kinship.SAME and one.status is not _QUARANTINED), None
    )


def _wary(new: Lesson, kin: _Kin) -> Lesson:
    """Let a lesson wait for a person that says what one in quarantine says."""
    away = next(
        (one for one, how in kin if how is Kinship.SAME and one.status is _QUARANTINED), None
    )
    if away is None or new.status not in _UNSEEN:
        return new
    why = f"it says what {away.id} says, which is quarantined"
    return replace(new, status=LessonStatus.PROPOSED, reason=why)


def _forgotten_like(new: Lesson, vector: Vector | None, memory: Memory) -> Lesson | None:
    """Answer a forgotten lesson of the same scope that was about the same.

    Its vector is all that is left to compare with; other words would bring it back each night.
    """
    if vector is None:
        return None
    gone = {
        row.id: row
        for row in memory.ledger.lessons()
        if not row.kept and row.project in (None, new.project)
    }
    left = memory.ledger.embeddings(memory.embedder.space(), gone) if gone else {}
    near = (one for one, values in left.items() if alike(cosine_of(vector, values)))
    return next((gone[one] for one in sorted(near)), None)


def _kin(new: Lesson, vector: Vector | None, memory: Memory) -> _Kin:
    """Answer the lessons of the same scope that say the same or nearly, nearest first."""
    if vector is None:
        return []
    try:
        memory.catch_up()
        hits = memory.finder.nearest(vector, k=_NEIGHBOURS, project=new.project or "")
    except EmbeddingError as error:
        log.warning("a lesson was compared by its words alone", extra={"reason": str(error)})
        return []
    cosines = {hit.lesson: hit.cosine for hit in hits}
    rows = sorted(memory.ledger.lessons(cosines), key=lambda row: -cosines[row.id])
    kin = ((row, kinship(new.said, row.said, cosines[row.id])) for row in rows if row.kept)
    return [(row, how) for row, how in kin if how is not Kinship.NONE]


def _writes(lesson: Lesson, memory: Memory, *, kind: str, who: str) -> list[Write]:
    return [Save(row=lesson), _logged(lesson, memory, kind=kind, who=who)]


def _logged(lesson: Lesson, memory: Memory, *, kind: str, who: str) -> Log:
    return Log(event=_event(lesson, memory, kind=kind, who=who))


def _event(lesson: Lesson, memory: Memory, *, kind: str, who: str) -> Event:
    # the text is not repeated: what is forgotten is forgotten in the history too
    counted = f": {lesson.helpful} helpful, {lesson.harmful} harmful"
    return Event(
        kind=kind,
        at=memory.clock.now(),
        who=who,
        task=lesson.task,
        attempt=lesson.attempt,
        what=f"{lesson.id} is {lesson.status}" + (counted if kind == VOTED else ""),
        data={"lesson": lesson.id},
    )
