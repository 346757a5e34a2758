"""Lessons as people and scripts see them."""

from collections.abc import Iterable

from fleet.app.views.row import Row, moment
from fleet.domain.lesson import Lesson
from fleet.domain.scoring import Scored
from fleet.ports import Ledger


def lesson_row(lesson: Lesson) -> Row:
    """Answer one lesson: what it says, where it comes from, how far it is trusted."""
    return {
        "id": lesson.id,
        "title": lesson.title,
        "problem": lesson.problem,
        "cause": lesson.cause,
        "remedy": lesson.remedy,
        "tags": list(lesson.tags),
        "files": list(lesson.files),
        "project": lesson.project,
        "role": lesson.role,
        "status": lesson.status.value,
        "reason": lesson.reason,
        "origin": lesson.origin.value,
        "author": lesson.author,
        "task": lesson.task,
        "attempt": lesson.attempt,
        "helpful": lesson.helpful,
        "harmful": lesson.harmful,
        "twins": list(lesson.twins),
        "created": moment(lesson.created),
        "updated": moment(lesson.updated),
    }


def lesson_view(lesson: Lesson, ledger: Ledger) -> Row:
    """Answer the same with its twins' titles, how often it was told, and what became of it."""
    recalls = ledger.recalls(lesson=lesson.id)
    twins = ledger.lessons(lesson.twins) if lesson.twins else ()
    return lesson_row(lesson) | {
        "like": [{"id": twin.id, "title": twin.title} for twin in twins if twin.kept],
        "given": sum(each.given for each in recalls),
        "held_out": sum(not each.given for each in recalls),
        "tasks": sorted({each.task for each in recalls if each.given}),
        "credits": [
            {"attempt": each.attempt, "evidence": each.evidence.value, "at": moment(each.at)}
            for each in ledger.credits(lesson.id)
        ],
        "history": [
            {"at": moment(event.at), "who": event.who, "what": f"{event.kind}: {event.what}"}
            for event in ledger.lesson_events(lesson.id)
        ],
    }


def found_rows(scored: Iterable[Scored]) -> list[Row]:
    """Answer what a search found, best first."""
    return [
        {
            "id": each.lesson.id,
            "title": each.lesson.title,
            "score": round(each.score, 4),
            "status": each.lesson.status.value,
            "project": each.lesson.project,
            "role": each.lesson.role,
            "text": each.lesson.text,
        }
        for each in scored
    ]
