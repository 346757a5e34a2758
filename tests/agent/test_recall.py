"""Recalling lessons: by words, each once, the same answer every time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_agent.fields import FieldError, Fields
from fleet_agent.recall import lessons_of, recall


def lessons(*entries, candidates=()):
    context = {"lessons": list(entries), "lesson_candidates": list(candidates)}
    return lessons_of(Fields({"context": context}, "packet"))


def a_lesson(identity, title, **fields):
    return {"id": identity, "title": title, **fields}


def ids(found):
    return [lesson.id for lesson in found]


def test_a_lesson_given_twice_is_shown_once():
    known = lessons(
        a_lesson("L-1", "pin"), candidates=[a_lesson("L-1", "pin"), a_lesson("L-2", "x")]
    )

    assert ids(known) == ["L-1", "L-2"]


def test_a_rare_word_counts_more_than_common_ones():
    known = lessons(
        a_lesson("L-1", "tests fail"), a_lesson("L-2", "tests wait"), a_lesson("L-3", "alembic")
    )

    assert ids(recall("tests with alembic", known, most=3))[0] == "L-3"


def test_words_of_one_stem_are_alike():
    known = lessons(a_lesson("L-1", "Two migrations at once"))

    assert recall("the MIGRATION broke", known, most=1) == known


def test_files_and_tags_are_searched_too():
    known = lessons(
        a_lesson("L-1", "a", files=["src/billing.py"]), a_lesson("L-2", "b", tags=["ci"])
    )

    assert ids(recall("billing.py", known, most=3)) == ["L-1"]
    assert ids(recall("ci", known, most=3)) == ["L-2"]


def test_of_two_as_good_the_packet_decides():
    known = lessons(a_lesson("L-2", "pin ruff"), a_lesson("L-1", "pin ruff"))

    assert ids(recall("ruff", known, most=1)) == ["L-2"]


def test_a_broken_lesson_is_left_out_and_the_others_help():
    known = lessons(
        7, {"id": "L-1"}, {"title": 3}, {"title": "t", "tags": "x"}, a_lesson("L-2", "x")
    )

    assert ids(known) == ["L-2"]


def test_a_packet_without_a_list_of_lessons_is_refused():
    with pytest.raises(FieldError, match="lessons must be a list"):
        lessons_of(Fields({"context": {"lessons": "all"}}, "packet"))


@given(st.text(max_size=60), st.lists(st.text(max_size=30), max_size=6))
def test_whatever_is_asked_is_answered_the_same_twice(query, titles):
    known = lessons(*(a_lesson(str(number), title) for number, title in enumerate(titles)))

    found = recall(query, known, most=3)

    assert found == recall(query, known, most=3)
    assert len(found) <= 3
