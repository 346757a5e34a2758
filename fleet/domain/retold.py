"""What agents said of lessons in events, and what of it is told to others."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from fleet.domain.errors import ConfigError
from fleet.domain.events import Event
from fleet.domain.hygiene import cleaned
from fleet.domain.lesson import AWAY, Draft, Lesson, digest_of

# what an agent proposes while it works
PROPOSAL = "agent.lesson"
# a draft that was taken for another lesson, with the digest of what it said
SEEN_AGAIN = "lesson.seen_again"


def told_on(
    events: Collection[Event], project: str, lessons: Iterable[Lesson]
) -> tuple[Event, ...]:
    """Answer a task's events without the proposals that are quarantined or forgotten by now.

    They are told by the digest of what they say, or of what was taken for such a lesson.
    """
    away = {lesson.id: lesson.digest for lesson in lessons if lesson.status in AWAY}
    taken = (e.data for e in events if e.kind == SEEN_AGAIN and e.data.get("lesson") in away)
    kept_out = {*away.values(), *(data.get("digest") for data in taken)}
    return tuple(
        event
        for event in events
        if event.kind != PROPOSAL or kept_out.isdisjoint(_digests(event.data, project))
    )


def draft_of(data: Mapping[str, Any]) -> Draft:
    """Answer what an agent proposes, only typed: it is untrusted."""
    return Draft(
        title=_text(data.get("title")),
        problem=_text(data.get("problem")),
        cause=_text(data.get("cause")),
        remedy=_text(data.get("remedy")),
        tags=_texts(data.get("tags")),
        files=_texts(data.get("files")),
    )


def _digests(data: Mapping[str, Any], project: str) -> Iterator[str]:
    """Yield by which names it is kept: of its project, and of every one. Without a title: none."""
    try:
        draft = cleaned(draft_of(data)).draft
    except ConfigError:
        return
    yield digest_of(draft, project)
    yield digest_of(draft, None)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(filter(None, map(_text, value))) if isinstance(value, list) else ()
