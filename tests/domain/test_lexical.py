"""Search by words: what is found where nobody answers with vectors."""

import pytest

from fleet.domain.lesson import MemoryRules
from fleet.domain.lexical import lexical, stem
from fleet.domain.scoring import good_enough
from tests.builders import a_lesson

LOCKED = a_lesson(1, title="database is locked", remedy="begin writes with BEGIN IMMEDIATE")
HEADS = a_lesson(2, title="two alembic heads after a merge", remedy="make a merge migration")
THEMES = a_lesson(3, title="colours of buttons", remedy="take them from the theme")
ALL = (LOCKED, HEADS, THEMES)


def numbers(query, lessons=ALL):
    return [each.lesson.number for each in lexical(query, lessons)]


def test_the_lesson_with_the_rarest_words_of_the_query_comes_first():
    assert numbers("the database was locked after a merge")[0] == 1


@pytest.mark.parametrize(
    ("word", "stemmed"),
    [("migrations", "migr"), ("migrate", "migrat"), ("locked", "lock"), ("tests", "test")],
)
def test_a_word_loses_its_ending(word, stemmed):
    assert stem(word) == stemmed


def test_words_are_alike_that_begin_with_the_same_stem():
    assert numbers("merging migrations") == [2]
    assert numbers("locks") == [1]


def test_a_short_word_is_sought_as_it_is():
    orm, ormolu = a_lesson(1, title="orm is slow"), a_lesson(2, title="ormolu formats")

    assert numbers("orm", (orm, ormolu)) == [1]


def test_words_that_say_nothing_find_nothing():
    assert numbers("is the a of and") == []
    assert numbers("") == []
    assert lexical("locked", ()) == ()


def test_a_score_is_a_share_of_the_query_and_is_held_to_the_floor():
    near, far = lexical("database locked", ALL), lexical("database of penguins and icebergs", ALL)

    assert near[0].score >= 0.5
    assert all(0 < each.cosine <= 1 for each in (*near, *far))
    assert [each.lesson.number for each in good_enough(near, MemoryRules())] == [1]
    assert good_enough(far, MemoryRules()) == ()


def test_names_and_outcomes_count_as_they_do_beside_vectors():
    plain = a_lesson(1, title="retry E1042 later")
    liked = a_lesson(2, title="retry E1042 later", helpful=8)
    named = a_lesson(3, title="retry later", remedy="LSW_E1042 is harmless here, says the vendor")

    assert numbers("retry E1042 later", (plain, liked)) == [2, 1]
    assert lexical("LSW_E1042", (plain, named))[0].matched


def test_equal_lessons_are_ordered_by_number():
    assert numbers("theme", (a_lesson(9, title="theme"), a_lesson(4, title="theme"))) == [4, 9]


def test_ten_thousand_lessons_and_a_long_query_are_no_trouble():
    lessons = [a_lesson(n, title=f"lesson {n} is about topic{n % 97}") for n in range(1, 10_001)]

    found = lexical("topic42 " * 3000, lessons)

    assert len(found) == 103
    assert {each.lesson.title.split()[-1] for each in found} == {"topic42"}
