"""What the memory holds and what it is worth: for `memory stats`, and in short for the report."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from fleet.app.views.row import Row, moment
from fleet.domain.ageing import faded, tree_of
from fleet.domain.attempt import Attempt
from fleet.domain.events import Event
from fleet.domain.lesson import Evidence, Lesson, LessonStatus, Recall
from fleet.domain.profile import Fleet
from fleet.domain.teaching import REFUSED
from fleet.domain.uplift import Share, Uplift, first_checks, uplift
from fleet.ports import Ledger

_USABLE = frozenset({LessonStatus.ACTIVE, LessonStatus.PROBATION})


def memory_stats(
    ledger: Ledger, fleet: Fleet, *, now: datetime, paths: Mapping[str, frozenset[str]]
) -> Row:
    """Answer what lessons there are, how they are used, and whether they help.

    `paths` are those of each project's target, as far as they could be told: by them a lesson is
    aged whose files are gone.
    """
    lessons, recalls = ledger.lessons(), ledger.recalls()
    given: dict[str, list[Recall]] = defaultdict(list)
    for recall in recalls:
        if recall.given:
            given[recall.lesson].append(recall)
    usable = [lesson for lesson in lessons if lesson.status in _USABLE]
    trees = {key: tree_of(there) for key, there in paths.items()}
    aged = [
        one
        for one in usable
        if (tree := trees.get(one.project or "")) is not None and faded(one, tree)
    ]
    return {
        "autosave": fleet.memory.autosave.value,
        "held_out": fleet.memory.held_out,
        "lessons": _by_status(lessons),
        "credits": _by_evidence(ledger),
        "uplift": _uplift_row(uplift(first_checks(recalls, *_checks(recalls, ledger)))),
        "used": [_use(one, given[one.id], now=now) for one in _most_used(lessons, given)],
        "never_used": [_named(one, now=now) for one in usable if not given[one.id]],
        "aged": [_named(one, now=now) | {"files": list(one.files)} for one in aged],
        "quarantined": [
            _named(one, now=now) | {"reason": one.reason, **_outcomes(one)}
            for one in lessons
            if one.status is LessonStatus.QUARANTINED
        ],
    }


def memory_news(events: Iterable[Event], ledger: Ledger, fleet: Fleet) -> Row:
    """Answer in short what these events changed in the memory, and what waits for a person now."""
    told: dict[str, set[str]] = defaultdict(set)
    refused = 0
    for event in events:
        refused += event.kind == REFUSED
        if event.kind.startswith("lesson."):
            told[event.kind].add(str(event.data.get("lesson")))
    lessons = ledger.lessons()
    away = {one.id for one in lessons if one.status is LessonStatus.QUARANTINED}
    return {
        "autosave": fleet.memory.autosave.value,
        "proposed": len(told["lesson.proposed"]),
        "added": len(told["lesson.added"] - away),
        # what is flagged is quarantined as it is added
        "quarantined": len((told["lesson.added"] | told["lesson.quarantined"]) & away),
        "refused": refused,
        "waiting": sum(one.status is LessonStatus.PROPOSED for one in lessons),
    }


def _by_status(lessons: Sequence[Lesson]) -> dict[str, int]:
    counts = Counter(lesson.status for lesson in lessons)
    return {status.value: counts[status] for status in LessonStatus}


def _by_evidence(ledger: Ledger) -> dict[str, int]:
    counts = Counter(credit.evidence for credit in ledger.credits())
    return {evidence.value: counts[evidence] for evidence in Evidence}


def _checks(
    recalls: Iterable[Recall], ledger: Ledger
) -> tuple[dict[str, list[Attempt]], frozenset[str]]:
    """Answer the attempts of the tasks for which lessons were found, and who was green."""
    attempts: dict[str, list[Attempt]] = {recall.task: [] for recall in recalls}
    for attempt in ledger.attempts():
        if attempt.task in attempts:
            attempts[attempt.task].append(attempt)
    by_number = {
        task: sorted(each, key=lambda attempt: attempt.number) for task, each in attempts.items()
    }
    return by_number, frozenset(pull.attempt for pull in ledger.pull_requests())


def _uplift_row(told: Uplift) -> Row:
    return {
        "given": _share_row(told.given),
        "held_out": _share_row(told.held),
        "difference": told.difference,
        "low": told.low,
        "high": told.high,
        "note": told.note,
    }


def _share_row(share: Share) -> Row:
    return {"tasks": share.whole, "verified_first": share.part, "share": share.value}


def _most_used(lessons: Iterable[Lesson], given: Mapping[str, Sequence[Recall]]) -> list[Lesson]:
    used = (lesson for lesson in lessons if given.get(lesson.id))
    return sorted(used, key=lambda lesson: (-len(given[lesson.id]), lesson.number))


def _use(lesson: Lesson, given: Sequence[Recall], *, now: datetime) -> Row:
    last = max(recall.at for recall in given)
    return {
        **_named(lesson, now=now),
        "status": lesson.status.value,
        "given": len(given),
        "last_used": moment(last),
        "idle_seconds": (now - last).total_seconds(),
        **_outcomes(lesson),
    }


def _named(lesson: Lesson, *, now: datetime) -> Row:
    age = (now - lesson.created).total_seconds()
    return {"id": lesson.id, "title": lesson.title, "age_seconds": age}


def _outcomes(lesson: Lesson) -> Row:
    return {"helpful": lesson.helpful, "harmful": lesson.harmful}
