"""A coordinator that goes on for months holds no more than what can still move."""

import pytest

from tests.growth import Night


@pytest.fixture
def night(tmp_path):
    begun = Night(tmp_path)
    yield begun
    begun.close()


# some 2,500 transactions on a disk that others may write to
@pytest.mark.timeout(180)
def test_nothing_of_what_has_ended_stays_in_memory(night):
    night.go_on()
    few = night.rows()
    for _ in range(2):
        night.go_on()

    assert night.attempts > 150
    assert night.rows() <= few
