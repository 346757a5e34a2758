"""Uplift: whether tasks that were given a lesson are verified the first time more often."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from fleet.domain.attempt import Attempt, Red
from fleet.domain.lesson import Recall

# fewer in either group, and the interval is so wide that its middle misleads
FEWEST = 10
# 97.5th percentile of the normal distribution: two-sided 95 %
_Z = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class FirstCheck:
    """The first check of a task for which a lesson was found: whether it was given, and green."""

    task: str
    given: bool
    green: bool


@dataclass(frozen=True, kw_only=True)
class Share:
    """How many of so many."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        """Answer the share, 0 to 1; 0 of none."""
        return self.part / self.whole if self.whole else 0.0


@dataclass(frozen=True, kw_only=True)
class Uplift:
    """Tasks verified the first time among those given a lesson, and among those held out.

    `difference` lies between `low` and `high` with 95 % confidence; all are None, and `note` says
    why, where there are too few tasks to say.
    """

    given: Share
    held: Share
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""


def first_checks(
    recalls: Iterable[Recall], attempts: Mapping[str, Sequence[Attempt]], verified: Collection[str]
) -> tuple[FirstCheck, ...]:
    """Answer a task's first check each, where a lesson had been found for that very attempt.

    `attempts` are those of each task by number, `verified` the attempts that were green: they
    have a pull request. What never came to a check says nothing.
    """
    found = {recall.attempt: recall.given for recall in recalls}
    checked = (_first_checked(each, verified) for each in attempts.values())
    return tuple(
        FirstCheck(task=first.task, given=found[first.id], green=first.id in verified)
        for first in checked
        if first is not None and first.id in found
    )


def uplift(checks: Iterable[FirstCheck]) -> Uplift:
    """Answer how much more often a task is green at once that was given a lesson."""
    told = tuple(checks)
    given = _share(each.green for each in told if each.given)
    held = _share(each.green for each in told if not each.given)
    least = min(given.whole, held.whole)
    if least < FEWEST:
        note = f"too few: {given.whole} given and {held.whole} held out, {FEWEST} of each say more"
        return Uplift(given=given, held=held, note=note)
    low, high = interval(given, held)
    return Uplift(given=given, held=held, difference=given.value - held.value, low=low, high=high)


def interval(one: Share, other: Share) -> tuple[float, float]:
    """Answer the 95 % interval of the difference of two independent shares; neither is of none.

    Hybrid of Wilson's score intervals, method 10 of R. G. Newcombe, Interval estimation for the
    difference between independent proportions, Statistics in Medicine 17 (1998) 873-890.
    """
    (low, high), (other_low, other_high) = _wilson(one), _wilson(other)
    difference = one.value - other.value
    below = sqrt((one.value - low) ** 2 + (other_high - other.value) ** 2)
    above = sqrt((high - one.value) ** 2 + (other.value - other_low) ** 2)
    return difference - below, difference + above


def _wilson(share: Share) -> tuple[float, float]:
    n, p = share.whole, share.value
    middle = p + _Z**2 / (2 * n)
    reach = _Z * sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
    scale = 1 + _Z**2 / n
    return (middle - reach) / scale, (middle + reach) / scale


def _share(green: Iterable[bool]) -> Share:
    told = tuple(green)
    return Share(part=sum(told), whole=len(told))


def _first_checked(attempts: Iterable[Attempt], verified: Collection[str]) -> Attempt | None:
    """Answer the first attempt that a check has spoken of."""
    return next((a for a in attempts if a.id in verified or a.red is Red.CHECK), None)
