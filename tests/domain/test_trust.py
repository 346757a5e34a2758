"""What people decide of lessons, and what another home knows of them."""

from datetime import timedelta

import pytest

from fleet.domain.errors import ConfigError
from fleet.domain.lesson import LessonStatus, digest_of
from fleet.domain.trust import accepted, brought, parse_lesson_id, put_away, quarantined
from tests.builders import NOW, a_lesson

EARLIER = NOW - timedelta(days=9)


@pytest.mark.parametrize("text", ["L-3", "l-3", " l-3 "])
def test_an_id_is_taken_in_any_case(text):
    assert parse_lesson_id(text) == "L-3"


@pytest.mark.parametrize("text", ["3", "L3", "L-0", "L-03", "L-", "APP-3", "L-" + "9" * 5000, ""])
def test_what_is_no_id_is_refused(text):
    with pytest.raises(ConfigError, match="is no id of a lesson"):
        parse_lesson_id(text)


def test_an_accepted_lesson_is_used_in_its_project_or_everywhere():
    waits = a_lesson(project="APP", status=LessonStatus.QUARANTINED, reason="bad")

    here = accepted(waits, everywhere=False)
    everywhere = accepted(waits, everywhere=True)

    assert (here.status, here.project, here.reason) == (LessonStatus.ACTIVE, "APP", "")
    assert here.digest == digest_of(waits, "APP")
    assert (everywhere.project, everywhere.digest) == (None, digest_of(waits, None))


def test_an_accepted_proposal_keeps_what_was_counted():
    tried = a_lesson(status=LessonStatus.PROBATION, helpful=1, harmful=2)

    told = accepted(tried, everywhere=False)

    assert (told.helpful, told.harmful) == (1, 2)


def test_a_forgotten_lesson_is_neither_accepted_nor_quarantined():
    gone = a_lesson(status=LessonStatus.FORGOTTEN)

    with pytest.raises(ConfigError, match="is forgotten"):
        accepted(gone, everywhere=False)
    with pytest.raises(ConfigError, match="is forgotten"):
        quarantined(gone, reason="")


def test_what_another_home_counted_holds_where_nothing_was_counted_here():
    new, used = a_lesson(), a_lesson(helpful=1)

    first = brought(new, helpful=4, harmful=2, created=EARLIER)
    again = brought(first, helpful=4, harmful=2, created=EARLIER)

    assert (first.helpful, first.harmful, first.created) == (4, 2, EARLIER)
    assert again == first
    kept = brought(used, helpful=4, harmful=2, created=used.created + timedelta(days=1))
    assert kept == used


@pytest.mark.parametrize("status", LessonStatus)
def test_of_another_homes_status_a_quarantine_alone_is_taken_over(status):
    used = a_lesson(reason="")
    away = a_lesson(status=LessonStatus.QUARANTINED, reason="ours")
    gone = a_lesson(status=LessonStatus.FORGOTTEN)
    bad = status is LessonStatus.QUARANTINED

    assert put_away(used, status, reason="theirs") == (
        quarantined(used, reason="theirs") if bad else used
    )
    assert put_away(away, status, reason="theirs") == away
    assert put_away(gone, status, reason="theirs") == gone
