"""What fleet.yaml may say of checks, and how it is refused."""

import json

import pytest

from fleet.config import load_fleet
from fleet.domain.errors import ConfigError
from fleet.domain.limits import Limits
from fleet.domain.result import Check
from tests.config.homes import a_home


def written(folder, check=None, **project):
    """Write a home whose project has one check with these settings."""
    checks = [{"name": "tests", "command": ["make", "test"], **(check or {})}]
    entry = {"key": "APP", "path": "app", "checks": checks, **project}
    return a_home(folder, json.dumps({"projects": [entry]}))


def test_settings_of_a_check_are_read(tmp_path):
    settings = {
        "limits": {"cpus": 1, "memory": "64m", "pids": 20},
        "no_tests_pattern": "^0 cases",
        "repeat_red": 2,
    }

    project = load_fleet(written(tmp_path, settings, checks_at_once=3)).projects["APP"]

    assert project.checks == (
        Check(
            name="tests",
            command=("make", "test"),
            limits=Limits(cpus=1.0, memory_bytes=64 * 1024**2, pids=20),
            no_tests="^0 cases",
            repeat_red=2,
        ),
    )
    assert project.checks_at_once == 3


def test_a_check_without_settings_has_none(tmp_path):
    project = load_fleet(written(tmp_path)).projects["APP"]

    (check,) = project.checks
    assert (check.limits, check.no_tests, check.repeat_red) == (None, None, 0)
    assert project.checks_at_once == 1


@pytest.mark.parametrize(
    ("check", "project", "said"),
    [
        ({"limits": {"cpu": 1}}, {}, "unknown key; did you mean 'cpus'?"),
        ({"limits": {"memory": "lots"}}, {}, "expected a size such as 512m"),
        ({"limits": {"pids": 0}}, {}, "limits.pids"),
        ({"limits": 2}, {}, "limits: expected keys and values"),
        ({"no_tests_pattern": "("}, {}, "expected a regular expression, found '('"),
        ({"no_tests_pattern": ""}, {}, "no_tests_pattern"),
        ({"repeat_red": -1}, {}, "repeat_red"),
        ({"repeat_red": 11}, {}, "expected less than or equal to 10"),
        ({"repeat_red": True}, {}, "expected a valid integer"),
        ({}, {"checks_at_once": 0}, "checks_at_once"),
        ({}, {"checks_at_once": 65}, "expected less than or equal to 64"),
        ({}, {"checks_at_onc": 2}, "did you mean 'checks_at_once'?"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(tmp_path, check, project, said):
    with pytest.raises(ConfigError) as refused:
        load_fleet(written(tmp_path, check, **project))

    assert said in str(refused.value)
    assert "fleet.yaml:1" in str(refused.value)
