"""What an image says of its CLIs is its project's word: doctor survives any."""

import pytest

from fleet.cli.agent_checkup import _read


@pytest.mark.parametrize("told", ["", "no JSON", "[]", "[" * 60_000])
def test_an_image_that_says_nothing_usable_is_no_fault_of_doctor(told):
    assert _read(told) is None


def test_a_version_is_shown_without_what_steers_a_terminal():
    assert _read('{"claude": "2.1\\u001b[31m", "gone": null}') == {"claude": "2.1 [31m"}
