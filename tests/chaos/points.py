"""Points: which ones a night passes, and a night in which each of them is the end of one life."""

from collections.abc import Sequence

from fleet.adapters.failpoints import ARMED_BY, SEEN_BY
from tests.chaos.driver import ended, finish, said, words
from tests.chaos.night import add
from tests.chaos.nursery import Nursery, opened
from tests.chaos.stage import Stage

# how often the tasks are given anew to come by the points that are left
_ROUNDS = 12


def passed(stage: Stage) -> list[str]:
    """Play a night that nothing happens to; answer the points that it passed, by name."""
    # a beat that came late on a busy machine would bring points that no other night passes
    stage.home.configure(swap={"timeout": {"max_swaps": 40}})
    seen = stage.folder / "points.txt"
    wrong = finish(stage, **{SEEN_BY: str(seen)})
    assert not wrong, wrong
    return sorted(set(seen.read_text().split()))


def killed_at_each(stage: Stage, points: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """Let each point be the end of one life; answer what is wrong.

    A life is armed with all points that are left, and the first it comes to is its end: so the
    night comes a step further in each.
    """
    return _struck_at_each(stage, points, kinds, blow="kill")


def failed_at_each(stage: Stage, points: Sequence[str], kinds: Sequence[str]) -> list[str]:
    """Let each point be said to have failed once; answer what is wrong.

    One life comes by many points: only those at its very beginning end it.
    """
    return _struck_at_each(stage, points, kinds, blow="fail")


def _struck_at_each(
    stage: Stage, points: Sequence[str], kinds: Sequence[str], *, blow: str
) -> list[str]:
    """Strike at every point once; when nothing is left to do, new tasks are added.

    More good ones in each round: some points are passed only where merges wait for each other.
    """
    left = set(points)
    with opened() as nursery:
        for again in range(_ROUNDS):
            while left:
                struck, wrong = _struck(stage, left, nursery, blow=blow)
                if wrong:
                    return wrong
                if not struck:
                    break
                left -= struck
            if not left:
                return []
            add(stage, [*kinds, *["good"] * (4 * again)])
    return [f"never passed again: {', '.join(sorted(left))}"]


def _struck(
    stage: Stage, left: set[str], nursery: Nursery, *, blow: str
) -> tuple[set[str], list[str]]:
    """Play a life; answer the points that it was struck at, and what is wrong with its end."""
    seen = stage.folder / "seen.txt"
    seen.write_text("")
    orders = ";".join(f"{point}={blow}" for point in sorted(left))
    variables = {**stage.variables, ARMED_BY: orders, SEEN_BY: str(seen)}
    out, err = said(stage)
    wrong = ended(stage, nursery.live(words(stage), variables, out=out, err=err))
    struck = [point for point in seen.read_text().split() if point in left]
    if blow == "kill":
        # another thread may have come to its own before the signal came
        struck = struck[:1]
    stage.note(f"{blow} at {', '.join(struck)}")
    return set(struck), wrong
