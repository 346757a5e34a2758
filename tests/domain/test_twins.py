"""Which lessons are the same, which are near, and which may never be taken for each other."""

import json
import math
import struct
from pathlib import Path

import pytest

from fleet.domain.lesson import Draft, LessonStatus
from fleet.domain.scoring import Scored
from fleet.domain.twins import Kinship, alike, cosine_of, kinship, told_once
from tests.builders import a_lesson

CONTRARY = json.loads(
    (Path(__file__).parents[1] / "data" / "contrary_lessons.json").read_text(encoding="utf-8")
)

DRAFT = Draft(title="database is locked", remedy="begin writes with BEGIN IMMEDIATE")


@pytest.mark.parametrize(
    ("cosine", "how"),
    [
        (1.0, Kinship.SAME),
        (0.80, Kinship.SAME),
        (0.79, Kinship.NEAR),
        (0.60, Kinship.NEAR),
        (0.59, Kinship.NONE),
        (-1.0, Kinship.NONE),
    ],
)
def test_how_alike_two_lessons_are_by_their_cosine(cosine, how):
    assert kinship(DRAFT, DRAFT, cosine) is how


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"cause": "it raises LSW_E1042"}, {"cause": "it raises LSW_E1043"}),
        ({"cause": "exit code 137"}, {"cause": "exit code 1"}),
        ({"files": ("a.py",)}, {"files": ("b.py",)}),
        ({"files": ("a.py",)}, {"files": ("a.py", "b.py")}),
        ({"remedy": "Skip the tests."}, {"remedy": "Warm the cache."}),
    ],
)
def test_lessons_of_different_errors_files_or_intent_are_linked_and_never_the_same(ours, theirs):
    one, other = Draft(title="It fails", **ours), Draft(title="It fails", **theirs)

    assert kinship(one, other, 0.99) is Kinship.NEAR
    assert kinship(other, one, 0.99) is Kinship.NEAR
    assert kinship(one, other, 0.5) is Kinship.NONE


def test_a_lesson_that_names_no_file_may_be_the_same_as_one_that_does():
    named = Draft(title="It fails", files=("a.py",))

    assert kinship(Draft(title="It fails"), named, 0.9) is Kinship.SAME


@pytest.mark.parametrize("pair", CONTRARY["pairs"], ids=lambda pair: pair["title"])
def test_what_tells_to_do_the_contrary_is_never_the_same(pair):
    about = {"title": pair["title"], "problem": pair["problem"]}

    first, second = (Draft(**about, remedy=pair[which]) for which in ("remedy", "contrary"))

    assert kinship(first, second, 1.0) is Kinship.NEAR


@pytest.mark.parametrize(("told", "flipped"), CONTRARY["flips"])
def test_one_word_that_turns_a_remedy_round_is_enough(told, flipped):
    assert kinship(Draft(title="x", remedy=told), Draft(title="x", remedy=flipped), 1.0) is (
        Kinship.NEAR
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"title": "Delete it"}, {"title": "Never delete it"}),
        ({"problem": "Delete it"}, {"problem": "Never delete it"}),
        ({"cause": "Delete it"}, {"cause": "Never delete it"}),
        ({"remedy": "Delete it"}, {"problem": "Never delete it"}),
    ],
)
def test_the_contrary_may_stand_in_any_text_of_a_lesson(ours, theirs):
    one, other = Draft(**{"title": "It", **ours}), Draft(**{"title": "It", **theirs})

    assert kinship(one, other, 1.0) is Kinship.NEAR


def test_marks_articles_and_how_a_problem_is_worded_make_no_other_lesson():
    one = Draft(title="The lockfile fails", problem="npm ci stops", remedy="Pin npm, then retry.")
    other = Draft(title="Lockfile fails!", problem="stops in CI", remedy="pin npm; then retry")

    assert kinship(one, other, 0.9) is Kinship.SAME


def test_of_vectors_alone_copies_are_told_by_the_same_threshold():
    one, other = (struct.pack("<2f", *each) for each in ((1.0, 0.0), (0.6, 0.8)))

    assert cosine_of(one, other) == pytest.approx(0.6)
    assert (alike(0.80), alike(0.79)) == (True, False)


def a_find(number, **fields):
    return Scored(lesson=a_lesson(number, **fields), score=1 / number, cosine=0.5, matched=False)


def a_turn(cosine):
    return struct.pack("<2f", cosine, math.sqrt(1 - cosine * cosine))


def told(finds, *cosines, most=3):
    """Answer who is told; the cosines are those to the first one, who is like the next the most."""
    vectors = {f"L-{number}": a_turn(each) for number, each in enumerate((1.0, *cosines), 1)}
    return [each.lesson.number for each in told_once(finds, vectors, most=most)]


ON_PROBATION = {"status": LessonStatus.PROBATION}


def test_of_lessons_that_say_nearly_the_same_the_best_one_is_told():
    finds = [a_find(number, **ON_PROBATION) for number in (1, 2, 3)]

    assert told(finds, 0.75, 0.1) == [1, 3]
    assert told(finds, 0.74, 0.1) == [1, 2, 3]


def test_a_place_that_a_copy_does_not_take_is_for_another_and_no_more_are_told_than_may_be():
    finds = [a_find(number) for number in (1, 2, 3, 4)]

    assert told(finds, 0.99, 0.5, 0.0, most=2) == [1, 3]
    assert told(finds, 0.99, 0.5, 0.0, most=0) == []


def test_no_copy_on_probation_takes_the_place_of_what_a_person_let_through():
    finds = [a_find(1, **ON_PROBATION), a_find(2, **ON_PROBATION), a_find(3)]

    assert told(finds, 0.1, 0.9) == [2, 3]
    assert told([a_find(1), a_find(2, **ON_PROBATION)], 0.9) == [1]


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        ({"cause": "it raises LSW_E1042"}, {"cause": "it raises LSW_E1043"}, True),
        ({"cause": "it raises LSW_E1042"}, {"cause": "it raises"}, False),
        ({"files": ("a.py",)}, {"files": ("b.py",)}, True),
        ({"files": ("a.py",)}, {"files": ("a.py", "b.py")}, False),
    ],
)
def test_of_different_errors_or_files_both_are_told(ours, theirs, both):
    assert told([a_find(1, **ours), a_find(2, **theirs)], 0.99) == ([1, 2] if both else [1])


def test_who_has_no_vector_is_like_no_other():
    assert told_once([a_find(1), a_find(2)], {}, most=3) == (a_find(1), a_find(2))
