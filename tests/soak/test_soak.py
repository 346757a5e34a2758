"""A short night of good and bad agents, with the coordinator killed in it; `make soak` is long."""

from random import Random  # noqa: TID251 - whoever throws the dice is given them

import pytest

from tests.soak.judging import morning
from tests.soak.kinds import drawn
from tests.soak.night import Night

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_night_of_bad_agents_leaves_a_green_target_with_every_good_task(tmp_path):
    # this one draws a kill while most are at work, and one who is still at work then
    random = Random(15)
    night = Night(tmp_path)
    night.add(drawn(random, 24))

    night.play(random, kills=1, parallel=4)

    found = morning(night)
    assert found.breaches == ()
    assert night.kills == 1
    assert sum(row.merged for row in found.rows) == 14
    assert found.green > 0
