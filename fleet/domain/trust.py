"""What people decide of lessons: they are accepted, put away, or brought from elsewhere."""

import re
from dataclasses import replace
from datetime import datetime

from fleet.domain.errors import ConfigError
from fleet.domain.lesson import AWAY, Lesson, LessonStatus, digest_of

LESSON_ID = re.compile(r"L-[1-9][0-9]{0,8}")


def parse_lesson_id(text: str) -> str:
    """Answer the id in `text`, upper-cased; raises ConfigError when it is none."""
    found = text.strip().upper()
    if not LESSON_ID.fullmatch(found):
        raise ConfigError(f"{text!r} is no id of a lesson", remedy="they look like L-12")
    return found


def accepted(lesson: Lesson, *, everywhere: bool) -> Lesson:
    """Answer the lesson as one that is used; `everywhere` beyond its project as well.

    One that was quarantined is counted anew: by its old count the next outcome would put it away
    again. Raises ConfigError for a forgotten one.
    """
    refuse_forgotten(lesson)
    anew = lesson.status is LessonStatus.QUARANTINED
    project = None if everywhere else lesson.project
    return replace(
        lesson,
        status=LessonStatus.ACTIVE,
        project=project,
        digest=digest_of(lesson.said, project),
        reason="",
        helpful=0 if anew else lesson.helpful,
        harmful=0 if anew else lesson.harmful,
    )


def quarantined(lesson: Lesson, *, reason: str) -> Lesson:
    """Answer the lesson as one that no agent is told; raises ConfigError for a forgotten one."""
    refuse_forgotten(lesson)
    return replace(lesson, status=LessonStatus.QUARANTINED, reason=reason)


def put_away(lesson: Lesson, status: LessonStatus, *, reason: str) -> Lesson:
    """Answer a lesson with what another home says of its status: a quarantine alone is taken over.

    What was put away here is never let out by a file.
    """
    if status is not LessonStatus.QUARANTINED or lesson.status in AWAY:
        return lesson
    return quarantined(lesson, reason=reason)


def brought(lesson: Lesson, *, helpful: int, harmful: int, created: datetime) -> Lesson:
    """Answer a lesson with what another home knows of it; what was counted here stands."""
    if lesson.helpful or lesson.harmful:
        helpful, harmful = lesson.helpful, lesson.harmful
    first = min(created, lesson.created)
    return replace(lesson, helpful=helpful, harmful=harmful, created=first)


def refuse_forgotten(lesson: Lesson) -> None:
    """Refuse a forgotten lesson by a ConfigError that says what to do."""
    if not lesson.kept:
        raise ConfigError(
            f"{lesson.id} is forgotten: nothing is left of what it said",
            remedy="fleet memory add it anew",
        )
