"""What doctor says of agents: images, whose word is their project's, accounts and profiles."""

import json

import pytest

from fleet.bootstrap import office_open
from fleet.cli.agent_checkup import _read, agents_examined
from fleet.config import check_profiles, read_settings
from tests.memory_world import World


@pytest.mark.parametrize("told", ["", "no JSON", "[]", "[" * 60_000])
def test_an_image_that_says_nothing_usable_is_no_fault_of_doctor(told):
    assert _read(told) is None


def test_a_version_is_shown_without_what_steers_a_terminal():
    assert _read('{"claude": "2.1\\u001b[31m", "gone": null}') == {"claude": "2.1 [31m"}


def test_each_profile_is_told_of_once_whether_an_account_serves_it_or_not(home):
    home.agent("own", "")
    smart = {"name": "smart", "agent": "claude", "roles": ["developer"]}
    (home.folder / "profiles" / "smart.yaml").write_text(json.dumps(smart))
    engine = World().runtime
    engine.image = None

    with office_open(read_settings(home.folder)) as office:
        rows = [each["check"] for each in agents_examined(office, engine)]
        unwise = [each.partition(":")[0] for each in check_profiles(office.fleet)]

    profiles = [each for each in (*rows, *unwise) if each.startswith("profile ")]
    assert sorted(profiles) == ["profile own", "profile smart"]
