"""Whether lessons help: by task, with an interval, and silent where there are too few."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.attempt import Red, State
from fleet.domain.uplift import FEWEST, FirstCheck, Share, first_checks, interval, uplift
from tests.builders import a_recall, an_attempt


def share(part, whole):
    return Share(part=part, whole=whole)


# table II of Newcombe 1998, method 10
@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        (share(56, 70), share(48, 80), 0.0524, 0.3339),
        (share(9, 10), share(3, 10), 0.1705, 0.8090),
        (share(6, 7), share(2, 7), 0.0582, 0.8062),
        (share(5, 56), share(0, 29), -0.0381, 0.1926),
        (share(0, 10), share(0, 20), -0.1611, 0.2775),
        (share(0, 10), share(0, 10), -0.2775, 0.2775),
        (share(10, 10), share(0, 20), 0.6791, 1.0),
        (share(10, 10), share(0, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_is_the_published_one(one, other, low, high):
    assert interval(one, other) == pytest.approx((low, high), abs=5e-5)


shares = st.integers(1, 500).flatmap(
    lambda whole: st.builds(share, st.integers(0, whole), st.just(whole))
)


@given(shares, shares)
def test_the_interval_holds_the_difference_and_turns_round_with_it(one, other):
    low, high = interval(one, other)

    assert -1 - 1e-9 <= low <= one.value - other.value + 1e-9
    assert one.value - other.value - 1e-9 <= high <= 1 + 1e-9
    assert interval(other, one) == pytest.approx((-high, -low))


def checks(given_green, given_all, held_green, held_all):
    return [
        *(FirstCheck(task=f"G-{n}", given=True, green=n < given_green) for n in range(given_all)),
        *(FirstCheck(task=f"H-{n}", given=False, green=n < held_green) for n in range(held_all)),
    ]


def test_uplift_is_the_difference_of_the_shares_verified_the_first_time():
    told = uplift(checks(56, 70, 48, 80))

    assert (told.given, told.held) == (share(56, 70), share(48, 80))
    assert told.difference == pytest.approx(0.2)
    assert (told.low, told.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert told.note == ""


@pytest.mark.parametrize(("all_given", "all_held"), [(FEWEST - 1, 500), (500, FEWEST - 1), (0, 0)])
def test_too_few_of_either_group_say_nothing_but_their_counts(all_given, all_held):
    told = uplift(checks(0, all_given, 0, all_held))

    assert (told.difference, told.low, told.high) == (None, None, None)
    assert (told.given.whole, told.held.whole) == (all_given, all_held)
    assert told.note.startswith(f"too few: {all_given} given and {all_held} held out")


def test_a_task_counts_by_its_first_check_alone():
    swapped = an_attempt(state=State.SWAPPED)
    denied = an_attempt(number=2, state=State.REJECTED, red=Red.POLICY)
    red = an_attempt(number=3, state=State.REJECTED, red=Red.CHECK)
    green = an_attempt(number=4, state=State.MERGED)
    attempts = (swapped, denied, red, green)

    told = first_checks(map(a_recall, attempts), {"APP-1": attempts}, {green.id})

    assert told == (FirstCheck(task="APP-1", given=True, green=False),)


def test_green_alone_is_verified_whatever_became_of_it_then():
    evicted = an_attempt(state=State.REJECTED, red=Red.CONFLICT)

    (told,) = first_checks([a_recall(evicted, given=False)], {"APP-1": (evicted,)}, {evicted.id})

    assert (told.given, told.green) == (False, True)


def test_a_task_without_a_check_or_without_a_lesson_found_is_in_neither_group():
    lost, green = an_attempt(state=State.LOST), an_attempt("APP-2", state=State.MERGED)
    attempts = {"APP-1": (lost,), "APP-2": (green,)}

    assert first_checks([a_recall(lost)], attempts, {green.id}) == ()
