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

Numbers = tuple[int, ...]
Batches = tuple[Numbers, ...]


@dataclass(frozen=True, kw_only=True)
class Line:
    """What tries of a target's queue have shown, on its tip as it is now.

    `window` is how many are merged together, None before the first try; `red` are numbers of pull
    requests that were red when they were merged in this order; `trying` are the tries under way.
    """

    window: int | None = None
    red: frozenset[Numbers] = frozenset()
    trying: tuple[Batches, ...] = ()

    def began(self, batches: Batches) -> "Line":
        """Answer the line with a try under way."""
        return replace(self, trying=(*self.trying, batches))

    def ended(self, batches: Batches) -> "Line":
        """Answer the line without that try."""
        return replace(self, trying=tuple(one for one in self.trying if one != batches))

    def reddened(self, batches: Batches, *, most: int) -> "Line":
        """Answer the line after a red try; what is merged together is halved."""
        tried = flat(batches)
        window = max(1, min(self.window or most, len(tried)) // 2)
        return replace(self, window=window, red=self.red | {tried})

    def landed(self, numbers: Collection[int], *, most: int) -> "Line":
        """Answer the line after those landed together; what is merged together is doubled."""
        window = min(most, 2 * (self.window or most))
        red = frozenset(_without(one, numbers) for one in self.red)
        trying = tuple(_left(batches, numbers) for batches in self.trying)
        return Line(window=window, red=red - {()}, trying=trying)

    def dropped(self, number: int) -> "Line":
        """Answer the line after one has left the queue without landing."""
        return replace(self, red=frozenset(one for one in self.red if number not in one))

    def moved(self) -> "Line":
        """Answer the line after somebody else moved the target: nothing is known of its tip."""
        return replace(self, red=frozenset())


def flat(batches: Batches) -> Numbers:
    """Answer the numbers of all batches in order."""
    return tuple(number for batch in batches for number in batch)


def tries(queue: Sequence[int], line: Line, *, most: int) -> tuple[Batches, ...]:
    """Answer the tries to begin now; `queue` is in the order of merging, `most` bounds a batch.

    The first is a beginning of the queue. The second bets that the first will be green, and stands
    on top of it.
    """
    ordered = _in_hand_first(tuple(queue), line)
    free = TRIES - len(line.trying)
    return tuple(one for one in _wanted(ordered, line, most) if one not in line.trying)[:free]


def _wanted(queue: Numbers, line: Line, most: int) -> Iterator[Batches]:
    window, red = min(line.window or most, most), _red(queue, line)
    begun = next((one[0] for one in line.trying if len(one) == 1 and _begins(one, queue)), None)
    first = begun or queue[: window if red is None else max(1, red // 2)]
    if not first:
        return
    yield (first,)
    if any(len(one) > 1 and one[0] == first and _begins(one, queue) for one in line.trying):
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
    known = (*map(flat, line.trying), *line.red)
    whole = [one for one in known if one and set(one) <= set(queue)]
    first = max(whole, key=len, default=())
    return (*first, *(number for number in queue if number not in first))


def _without(numbers: Numbers, landed: Collection[int]) -> Numbers:
    return tuple(number for number in numbers if number not in landed)


def _left(batches: Batches, landed: Collection[int]) -> Batches:
    kept = (_without(batch, landed) for batch in batches)
    return tuple(batch for batch in kept if batch)
