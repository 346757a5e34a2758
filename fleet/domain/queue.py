"""The merge queue of a target: which batches to try next, by what earlier tries have shown.

Batches are optimistic: what was green alone is merged together and checked once. Where that is red
the batch is halved until one is left whose merge is red on a tip that is green; what was found
green on the way lands. Every try is a beginning of the queue, so that whatever lands, what is known
of the rest stays true.

What is known only says what to try: nothing lands or leaves by it, and wrong memory costs a try.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

# tries of one target at a time: a second one bets on the first
TRIES = 2
# nothing grows beyond it, whatever a project allows
WIDEST = 64

Numbers = tuple[int, ...]
Batches = tuple[Numbers, ...]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What tries of a target's queue have shown, on its tip as it is now.

    `window` is how many are merged together, None as long as nothing was red; `red` are numbers of
    pull requests that were red when they were merged in this order, `green` are batches that were
    green before what they stand on has landed; `trying` are the tries under way.
    """

    window: int | None = None
    red: frozenset[Numbers] = frozenset()
    green: frozenset[Batches] = frozenset()
    trying: tuple[Batches, ...] = ()

    def reddened(self, batches: Batches) -> "Shown":
        """Answer what is shown after a red try; what is merged together is halved.

        Not where a red one is sought among them already, nor for a bet: those ahead may be it.
        """
        tried, beside = flat(batches), self._beside(batches)
        after = replace(beside, red=beside.red | {tried})
        if len(batches) > 1 or any(_begins(tried, one) for one in self.red):
            return after
        return replace(after, window=min(self.window or WIDEST, max(1, len(batches[-1]) // 2)))

    def greened(self, batches: Batches) -> "Shown":
        """Answer what is shown after a green try whose ground has not landed yet."""
        beside = self._beside(batches)
        return replace(beside, green=beside.green | {batches})

    def _beside(self, batches: Batches) -> "Shown":
        """Answer it without what a try makes void: its own past, and other orders."""
        tried = flat(batches)
        red = frozenset(one for one in self.red if _along(one, tried))
        green = (one for one in self.green if one != batches and _along(flat(one), tried))
        return replace(self, red=red, green=frozenset(green))

    def landed(self, numbers: Collection[int]) -> "Shown":
        """Answer what is shown after those landed together; after a whole window it is doubled.

        What is found green on the way to a red one says little of the next batch.
        """
        window = self.window
        if window is not None and len(numbers) >= window:
            window = min(2 * window, WIDEST)
        red = frozenset(_without(one, numbers) for one in self.red)
        green = frozenset(left(one, numbers) for one in self.green)
        return replace(self, window=window, red=red - {()}, green=green - {()})

    def dropped(self, number: int) -> "Shown":
        """Answer what is shown after one has left the queue without landing."""
        red = frozenset(one for one in self.red if number not in one)
        green = frozenset(one for one in self.green if number not in flat(one))
        return replace(self, red=red, green=green)

    def moved(self) -> "Shown":
        """Answer it once the tip is another's, or red itself: nothing is known on it."""
        return replace(self, red=frozenset(), green=frozenset())

    def width(self, most: int) -> int:
        """Answer how many are merged together now, where a project allows `most`."""
        return min(self.window or most, most, WIDEST)

    def sought(self, queue: Sequence[int]) -> int | None:
        """Answer the length of the shortest beginning of the queue that is known to be red."""
        return min((len(one) for one in self.red if _begins(one, queue)), default=None)


def flat(batches: Batches) -> Numbers:
    """Answer the numbers of all batches in order."""
    return tuple(number for batch in batches for number in batch)


def left(batches: Batches, landed: Collection[int]) -> Batches:
    """Answer what is left of batches once those have landed."""
    kept = (_without(batch, landed) for batch in batches)
    return tuple(batch for batch in kept if batch)


def tries(queue: Sequence[int], shown: Shown, *, most: int) -> tuple[Batches, ...]:
    """Answer the tries to begin now; `queue` is in the order of merging, `most` bounds a batch.

    The first is a beginning of the queue. The second bets that the first will be green, and stands
    on top of it.
    """
    ordered = _in_hand_first(tuple(queue), shown)
    free = max(0, TRIES - len(shown.trying))
    wanted = (one for one in _wanted(ordered, shown, shown.width(most)) if one not in shown.trying)
    return tuple(islice(wanted, free))


def _wanted(queue: Numbers, shown: Shown, width: int) -> Iterator[Batches]:
    sought = shown.sought(queue)
    first = _begun(queue, shown) or queue[: width if sought is None else max(1, sought // 2)]
    if not first:
        return
    yield (first,)
    if _bet_upon(first, queue, shown):
        return
    length = width if sought is None else max(0, (sought - len(first)) // 2)
    second = queue[len(first) : len(first) + length]
    if second:
        yield (first, second)


def _begun(queue: Numbers, shown: Shown) -> Numbers | None:
    """Answer the batch at the head that is being tried, or was green before its turn came."""
    known = (*shown.trying, *sorted(shown.green, key=flat, reverse=True))
    alone = (one[0] for one in known if len(one) == 1)
    return next((one for one in alone if _begins(one, queue)), None)


def _bet_upon(first: Numbers, queue: Numbers, shown: Shown) -> bool:
    """Tell whether something on top of the first is being tried, or was green."""
    known = (*shown.trying, *shown.green)
    return any(len(one) > 1 and one[0] == first and _begins(flat(one), queue) for one in known)


def _in_hand_first(queue: Numbers, shown: Shown) -> Numbers:
    """Answer the queue with those first that are being tried, or that a red one is sought among.

    Whoever comes later, however urgent, waits until that is settled: it would all begin anew.
    """
    known = (*map(flat, (*shown.trying, *shown.green)), *shown.red)
    standing = set(queue)
    first = max((one for one in known if standing.issuperset(one)), key=len, default=())
    ahead = set(first)
    return (*first, *(number for number in queue if number not in ahead))


def _begins(numbers: Sequence[int], queue: Sequence[int]) -> bool:
    return bool(numbers) and tuple(queue[: len(numbers)]) == tuple(numbers)


def _along(one: Numbers, other: Numbers) -> bool:
    """Tell whether one of the two orders goes on where the other ends."""
    return _begins(one, other) or _begins(other, one)


def _without(numbers: Numbers, landed: Collection[int]) -> Numbers:
    return tuple(number for number in numbers if number not in landed)
