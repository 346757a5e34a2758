"""What lessons are worth as measured: the numbers that the memory promises, by its own code."""

from functools import cache
from statistics import fmean

import pytest

from fleet.adapters.embeddings.local import LocalEmbedder, shipped_model
from fleet.domain.hygiene import cleaned
from fleet.domain.twins import Kinship
from tests.lesson_bench import (
    Taught,
    benchmark,
    floored,
    kin,
    misled,
    off_topic,
    places,
    recall_at,
    reciprocal,
    taught,
)

pytestmark = pytest.mark.timeout(300)

BASE = benchmark()
WHOLE = benchmark(extended=True)


@cache
def memory(*, extended: bool = False) -> Taught:
    return taught(WHOLE if extended else BASE, LocalEmbedder(shipped_model()))


def test_three_lessons_hold_the_right_one_for_most_questions():
    found = places(BASE.questions, memory().by_hybrid)

    assert len(found) == 80
    assert fmean(recall_at(3, found)) >= 0.92
    assert fmean(reciprocal(found)) >= 0.84


def test_lessons_that_look_alike_are_told_apart_by_their_identifiers():
    found = places(WHOLE.questions, memory(extended=True).by_hybrid)

    assert len(found) == 100
    assert fmean(recall_at(3, found)) >= 0.92
    assert fmean(reciprocal(found)) >= fmean(
        reciprocal(places(WHOLE.questions, memory(extended=True).by_cosine))
    )


def test_tasks_that_no_lesson_is_about_are_given_none():
    given = misled(memory())

    assert len(off_topic()) >= 30
    assert fmean(given) <= 0.07


def test_the_floor_costs_few_of_the_right_ones():
    assert fmean(floored(BASE, memory())) >= 0.80


def test_vectors_find_what_words_do_not():
    words = places(BASE.questions, memory().by_words)
    found = places(BASE.questions, memory().by_hybrid)

    assert fmean(recall_at(3, words)) >= 0.65
    assert fmean(reciprocal(found)) >= fmean(reciprocal(words)) + 0.1


def test_paraphrases_are_linked_and_nothing_else_is_taken_for_the_same():
    counts = kin(WHOLE, memory(extended=True))

    # by vectors alone some would be the same: so would contraries
    assert counts[True, Kinship.SAME] == 0
    assert counts[True, Kinship.NEAR] >= 22
    assert counts[False, Kinship.SAME] == 0
    assert counts[False, Kinship.NEAR] <= 10


def test_no_lesson_of_the_benchmark_is_changed_or_flagged():
    for draft in (*WHOLE.drafts.values(), *WHOLE.paraphrases.values()):
        assert cleaned(draft).flags == ()
        assert cleaned(draft).draft == draft
