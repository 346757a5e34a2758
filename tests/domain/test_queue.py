"""Which batches are tried: whatever is red, alone or together, only the guilty leave."""

import math
from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.queue import TRIES, WIDEST, Shown, flat, left, tries


@pytest.mark.parametrize(
    ("queue", "most", "expected"),
    [
        ((), 4, ()),
        ((1, 2), 4, (((1, 2),),)),
        ((1, 2, 3, 4), 2, (((1, 2),), ((1, 2), (3, 4)))),
        ((1, 2, 3), 2, (((1, 2),), ((1, 2), (3,)))),
        ((1, 2), 1, (((1,),), ((1,), (2,)))),
    ],
)
def test_a_beginning_of_the_queue_is_tried_and_a_second_one_upon_it(queue, most, expected):
    assert tries(queue, Shown(), most=most) == expected


def test_what_is_being_tried_is_not_tried_again():
    first, second = ((1, 2),), ((1, 2), (3, 4))

    assert tries((1, 2, 3, 4), Shown(trying=(first,)), most=2) == (second,)
    assert tries((1, 2, 3, 4), Shown(trying=(first, second)), most=2) == ()


def test_who_comes_later_waits_behind_what_is_tried_however_urgent():
    trying = Shown(trying=(((1, 2),),))

    assert tries((9, 1, 2), trying, most=2) == (((1, 2), (9,)),)


@pytest.mark.parametrize(
    ("red", "expected"),
    [
        ({(1, 2, 3, 4)}, (((1, 2),), ((1, 2), (3,)))),
        ({(1, 2, 3, 4), (1, 2)}, (((1,),),)),
        ({(1, 2)}, (((1,),),)),
        ({(1,)}, (((1,),),)),
        ({(2, 1)}, (((2,),),)),
        ({(1, 7)}, (((1, 2, 3, 4),), ((1, 2, 3, 4), (5, 6)))),
    ],
)
def test_what_is_red_is_halved(red, expected):
    assert tries((1, 2, 3, 4, 5, 6), Shown(red=frozenset(red)), most=4) == expected


def test_what_was_green_on_top_of_what_has_landed_since_is_next():
    shown = Shown().greened(((1, 2), (3, 4))).landed((1, 2))

    assert tries((9, 3, 4), shown, most=8) == (((3, 4),), ((3, 4), (9,)))


def test_a_bet_that_was_green_is_not_made_again_while_what_it_stands_on_is_tried():
    shown = Shown(trying=(((1, 2),),)).greened(((1, 2), (3, 4)))

    assert tries((1, 2, 3, 4, 5), shown, most=2) == ()


def test_what_is_merged_together_shrinks_where_it_is_red_and_grows_where_it_lands():
    red = Shown().reddened(((1, 2, 3, 4),))
    assert red.width(8) == 2
    assert red.reddened(((1, 2),)).width(8) == 2
    assert red.reddened(((5, 6, 7, 8),)).width(8) == 2
    assert Shown().reddened(((1, 2), (3, 4))).width(8) == 8
    assert red.landed((1,)).width(8) == 2
    assert red.landed((1, 2)).width(8) == 4
    assert red.landed((1, 2)).landed((3, 4, 5, 6)).width(8) == 8
    assert Shown(window=WIDEST).landed((1,)).window == WIDEST
    assert Shown().width(1000) == WIDEST


def test_a_red_try_makes_void_what_was_green_before():
    shown = Shown().greened(((1,), (2, 3))).landed((1,)).reddened(((2, 3),))

    assert tries((2, 3), shown, most=8) == (((2,),),)


def test_nothing_is_remembered_of_orders_that_are_no_more():
    shown = Shown().reddened(((1, 2, 3, 4),)).reddened(((1, 3, 4),))

    assert shown.red == {(1, 3, 4)}


def test_who_left_is_in_nothing_that_is_known():
    shown = Shown().reddened(((1, 2, 3),)).greened(((1,), (2,)))

    assert shown.dropped(2).red == frozenset()
    assert shown.dropped(2).green == frozenset()
    assert shown.dropped(4) == shown


def test_on_another_tip_only_the_width_is_remembered():
    shown = Shown().reddened(((1, 2, 3),)).greened(((1,), (2,)))

    assert shown.moved() == Shown(window=1)


def test_what_is_left_of_batches_has_no_empty_ones():
    assert left(((1, 2), (3, 4)), (1, 2, 3)) == ((4,),)


@dataclass
class Target:
    """A target with its queue: `wrong` are sets of numbers that are red where all are together."""

    wrong: tuple[frozenset[int], ...]
    queue: list[int]
    most: int
    shown: Shown = field(default_factory=Shown)
    landed: list[int] = field(default_factory=list)
    steps: list[tuple[int, ...]] = field(default_factory=list)
    evicted: list[int] = field(default_factory=list)
    under_way: list[tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]] = field(
        default_factory=list
    )
    tried: int = 0

    def red(self, numbers):
        return any(one <= set(numbers) for one in self.wrong)

    def begin(self):
        """Begin what is to be tried: each on the target as it stands now."""
        trying = tuple(batches for batches, _ in self.under_way)
        begun = tries(
            tuple(self.queue), Shown(**(vars(self.shown) | {"trying": trying})), most=self.most
        )
        for batches in begun:
            assert batches not in trying
            self.under_way.append((batches, tuple(self.landed)))
        self.tried += len(begun)
        assert len(self.under_way) <= TRIES
        return bool(begun)

    def answer(self, which):
        """Let a try end: it says what is so of the target it was built upon."""
        batches, ground = self.under_way.pop(which % len(self.under_way))
        # as the stations have it: what has landed of those ahead is the ground by now
        real = (*left(batches[:-1], self.landed), batches[-1])
        red, stands = self.red((*ground, *flat(batches))), set(flat(real)) <= set(self.queue)
        if not red and len(real) == 1 and stands:
            assert sorted((*ground, *flat(batches[:-1]))) == sorted(self.landed)
            self.land(real[0])
        elif not red and len(real) > 1:
            self.shown = self.shown.greened(real)
        elif red and len(flat(batches)) == 1:
            self.shown = self.shown.dropped(real[0][0])
            if stands:
                assert sorted(ground) == sorted(self.landed)
                self.queue.remove(real[0][0])
                self.evicted.append(real[0][0])
        elif red:
            self.shown = self.shown.reddened(real)

    def land(self, batch):
        assert not self.red((*self.landed, *batch))
        self.landed += batch
        self.steps.append(batch)
        self.queue = [number for number in self.queue if number not in batch]
        self.shown = self.shown.landed(batch)
        self.under_way = [
            ((*left(batches[:-1], batch), batches[-1]), (*ground, *self.of(batches[:-1], batch)))
            for batches, ground in self.under_way
        ]

    def of(self, ahead, batch):
        return tuple(number for number in flat(ahead) if number in batch)


NUMBERS = range(1, 25)
WRONG = st.lists(st.frozensets(st.sampled_from(NUMBERS), min_size=1, max_size=2), max_size=5).map(
    tuple
)


@given(
    wrong=WRONG,
    size=st.integers(1, 24),
    most=st.integers(1, 20),
    data=st.data(),
)
def test_every_good_one_lands_and_only_culprits_leave(wrong, size, most, data):
    target = Target(wrong=wrong, queue=list(range(1, size + 1)), most=most)
    coming = list(range(size + 1, len(NUMBERS) + 1))
    rejected: set[int] = set()
    for _ in range(600):
        begun = target.begin()
        if not begun and not target.under_way and not coming:
            break
        what = data.draw(st.sampled_from(["answer", "answer", "answer", "come", "reject"]))
        if what == "come" and coming:
            place = data.draw(st.integers(0, len(target.queue)))
            target.queue.insert(place, coming.pop())
        elif what == "reject" and target.queue and len(rejected) < 3:
            number = data.draw(st.sampled_from(target.queue))
            # a human's word: what is known of the line is not told
            target.queue.remove(number)
            rejected.add(number)
        elif target.under_way:
            target.answer(data.draw(st.integers(0, TRIES)))
        elif coming:
            target.queue.append(coming.pop())
    assert target.queue == []
    assert Counter([*target.landed, *target.evicted, *rejected]) == Counter(NUMBERS)
    assert not target.red(target.landed)
    for number in target.evicted:
        assert target.red((*target.landed, number))


@given(st.integers(1, 64), st.integers(1, 32), st.data())
def test_one_red_among_many_is_found_within_the_logarithm_of_a_batch(size, most, data):
    culprit = data.draw(st.integers(1, size))
    target = Target(wrong=(frozenset({culprit}),), queue=list(range(1, size + 1)), most=most)
    rounds = 0
    while target.begin() or target.under_way:
        rounds += 1
        for _ in range(len(target.under_way)):
            target.answer(0)

    batch = min(size, most)
    assert target.evicted == [culprit]
    # the last of the halving is known by its tree, and what stood behind it is one batch more
    assert rounds <= math.ceil(size / batch) + math.ceil(math.log2(batch)) + 2


@given(st.integers(1, 64), st.integers(1, 32))
def test_where_all_are_green_nothing_is_tried_but_the_batches(size, most):
    target = Target(wrong=(), queue=list(range(1, size + 1)), most=most)
    while target.begin() or target.under_way:
        target.answer(0)

    assert target.tried <= math.ceil(size / most) + len(target.steps)
    assert len(target.steps) == math.ceil(size / most)
