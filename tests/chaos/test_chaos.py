"""A short matrix of chaos; `make chaos` is the long one, with faults of engine and disk."""

from collections.abc import Sequence
from random import Random  # noqa: TID251 - whoever throws the dice is given them

import pytest

from tests.chaos import checker
from tests.chaos.driver import drawn, finish, live
from tests.chaos.faults import FAULTS
from tests.chaos.night import SMALL, WHOLE, night
from tests.chaos.points import killed_at_each, passed
from tests.chaos.witness import watched

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(2400)]


@pytest.fixture(scope="module")
def points(tmp_path_factory) -> Sequence[str]:
    """The points that a small night passes when nothing happens to it."""
    folder = tmp_path_factory.mktemp("quiet")
    with night(folder, SMALL, random=Random(0)) as stage:
        found = passed(stage)
        assert checker.check(stage) == ()
    return found


def test_a_night_killed_once_at_every_point_ends_as_one_that_nothing_happened_to(tmp_path, points):
    with night(tmp_path, SMALL, random=Random(0)) as stage, watched(stage):
        wrong = [*killed_at_each(stage, points, SMALL), *finish(stage)]

        assert wrong == []
        assert checker.check(stage) == ()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_night_of_chaos_keeps_every_promise(tmp_path, points, seed):
    with night(tmp_path, WHOLE, random=Random(seed)) as stage, watched(stage):
        lives = drawn(Random(seed), points, FAULTS)
        wrong = [flaw for life in lives for flaw in live(stage, life)]
        wrong += finish(stage)

        assert wrong == []
        assert checker.check(stage) == ()
