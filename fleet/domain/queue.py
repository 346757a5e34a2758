"""The merge queue of a target: which batches to try next, by what earlier tries have shown.

Batches are optimistic: what was green alone is merged together and checked once. Where that is red
the batch is halved until one is left whose merge is red on a tip that is green; what was found
green on the way lands. Every try is a beginning of the queue, so that whatever lands, what is known
of the rest stays true.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

# tries of one target at a time: a second one bets on the first
TRIES = 2
# nothing grows beyond it, whatever a project allows
WIDEST = 64

Numbers = tuple[int, ...]
Batches = tuple[Numbers, ...]


@dataclass(frozen=True, kw_only=True)
class Line:
    """What tries of a target's queue have shown, on its tip as it is now.

    `window` is how many are merged together, None as long as nothing was red; `red` are numbers of
    pull requests that were red when they were merged in this order, `green` are batches that were
    green before what they stand on has landed; `trying` are the tries under way.
    """

    window: int | None = None
    red: frozenset[Numbers] = frozenset()
    green: frozenset[Batches] = frozenset()
    trying: tuple[Batches, ...] = ()

    def reddened(self, batches: Batches) -> "Line":
        """Answer the line after a red try; what is merged together is halved."""
        tried = flat(batches)
        return replace(self, window=max(1, len(tried) // 2), red=self.red | {tried})

    def greened(self, batches: Batches) -> "Line":
        """Answer the line after a green try."""
        return replace(self, green=self.green | {batches})

    def landed(self, numbers: Collection[int]) -> "Line":
        """Answer the line after those landed together; what is merged together is doubled."""
        window = None if self.window is None else min(2 * self.window, WIDEST)
        red = frozenset(_without(one, numbers) for one in self.red)
        green = frozenset(left(one, numbers) for one in self.green)
        return replace(self, window=window, red=red - {()}, green=green - {()})

    def dropped(self, number: int) -> "Line":
        """Answer the line after one has left the queue without landing."""
        red = frozenset(one for one in self.red if number not in one)
        green = frozenset(one for one in self.green if number not in flat(one))
        return replace(self, red=red, green=green)


def flat(batches: Batches) -> Numbers:
    """Answer the numbers of all batches in order."""
    return tuple(number for batch in batches for number in batch)


def left(batches: Batches, landed: Collection[int]) -> Batches:
    """Answer what is left of batches once those have landed."""
    kept = (_without(batch, landed) for batch in batches)
    return tuple(batch for batch in kept if batch)


def tries(queue: Sequence[int], line: Line, *, most: int) -> tuple[Batches, ...]:
    """Answer the tries to begin now; `queue` is in the order of merging, `most` bounds a batch.

    The first is a beginning of the queue. The second bets that the first will be green, and stands
    on top of it.
    """
    ordered = _in_hand_first(tuple(queue), line)
    free = max(0, TRIES - len(line.trying))
    return tuple(one for one in _wanted(ordered, line, most) if one not in line.trying)[:free]


def _wanted(queue: Numbers, line: Line, most: int) -> Iterator[Batches]:
    window, red = min(line.window or most, most), _red(queue, line)
    known = (*line.trying, *line.green)
    begun = next((one[0] for one in known if len(one) == 1 and _begins(one, queue)), None)
    first = begun or queue[: window if red is None else max(1, red // 2)]
    if not first:
        return
    yield (first,)
    if any(len(one) > 1 and one[0] == first and _begins(one, queue) for one in known):
        return
    length = window if red is None else (red - len(first)) // 2
    second = queue[len(first) : len(first) + max(length, 0)]
    if second:
        yield (first, second)


def _red(queue: Numbers, line: Line) -> int | None:
    """Answer the length of the shortest beginning of the queue that is known to be red."""
    return min((len(one) for one in line.red if queue[: len(one)] == one), default=None)


def _begins(batches: Batches, queue: Numbers) -> bool:
    tried = flat(batches)
    return bool(tried) and queue[: len(tried)] == tried


def _in_hand_first(queue: Numbers, line: Line) -> Numbers:
    """Answer the queue with those first that are being tried, or that a red one is sought among.

    Whoever comes later, however urgent, waits until that is settled: it would all begin anew.
    """
    known = (*map(flat, (*line.trying, *line.green)), *line.red)
    whole = [one for one in known if one and set(one) <= set(queue)]
    first = max(whole, key=len, default=())
    return (*first, *(number for number in queue if number not in first))


def _without(numbers: Numbers, landed: Collection[int]) -> Numbers:
    return tuple(number for number in numbers if number not in landed)
