"""Which proposals of agents are told to others: none that people put away or forgot."""

import pytest

from fleet.domain.lesson import Draft, LessonStatus, digest_of
from fleet.domain.retold import told_on
from tests.builders import a_lesson, an_event

DATA = {"title": "Delete the lockfile", "remedy": "rm package-lock.json"}
DRAFT = Draft(title=DATA["title"], remedy=DATA["remedy"])
PROPOSED = an_event("agent.lesson", data=DATA)
ELSE = an_event("agent.lesson", data={"title": "Pin npm"})


@pytest.mark.parametrize("project", ["APP", None])
@pytest.mark.parametrize(
    ("status", "told"),
    [
        (LessonStatus.PROPOSED, True),
        (LessonStatus.PROBATION, True),
        (LessonStatus.ACTIVE, True),
        (LessonStatus.QUARANTINED, False),
        (LessonStatus.FORGOTTEN, False),
    ],
)
def test_what_is_put_away_or_forgotten_is_not_told_on(status, told, project):
    lesson = a_lesson(status=status, project=project, digest=digest_of(DRAFT, project))

    events = told_on((PROPOSED, ELSE), "APP", [lesson])

    assert events == ((PROPOSED, ELSE) if told else (ELSE,))


def test_it_is_known_as_it_is_kept_cleaned_and_whatever_its_case():
    shouted = an_event("agent.lesson", data={k: f" {v.upper()}\u200b" for k, v in DATA.items()})
    lesson = a_lesson(status=LessonStatus.FORGOTTEN, digest=digest_of(DRAFT, "APP"))

    assert told_on((shouted,), "APP", [lesson]) == ()
    assert told_on((shouted,), "WEB", [lesson]) == (shouted,)


def test_what_was_taken_for_a_lesson_goes_with_it():
    seen = an_event("lesson.seen_again", data={"lesson": "L-1", "digest": digest_of(DRAFT, "APP")})
    kept, gone = (a_lesson(status=s) for s in (LessonStatus.ACTIVE, LessonStatus.FORGOTTEN))

    assert told_on((PROPOSED, seen), "APP", [kept]) == (PROPOSED, seen)
    assert told_on((PROPOSED, seen), "APP", [gone]) == (seen,)


@pytest.mark.parametrize("data", [{}, {"title": 3}, {"title": "\u200b"}, {"title": ["x"]}])
def test_what_is_no_lesson_is_left_as_it_is(data):
    event = an_event("agent.lesson", data=data)
    lesson = a_lesson(status=LessonStatus.FORGOTTEN)

    assert told_on((event,), "APP", [lesson]) == (event,)
