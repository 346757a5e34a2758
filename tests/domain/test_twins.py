"""Which lessons are the same, which are near, and which may never be taken for each other."""

import pytest

from fleet.domain.lesson import Draft
from fleet.domain.twins import Kinship, kinship

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


def test_a_lesson_that_names_no_error_or_file_may_be_the_same_as_one_that_does():
    named = Draft(title="It fails with LSW_E1042", files=("a.py",))

    assert kinship(Draft(title="It fails"), named, 0.9) is Kinship.SAME
