"""Policy on a diff: what checks it and what is protected cannot slip by under another name."""

import pytest

from fleet.domain.policy import Change, ChangeType, Decision, judge, matches, touched
from tests.builders import a_project


def changed(path, **fields):
    return Change(path=path, **({"change_type": ChangeType.UPDATE} | fields))


PROJECT = a_project(check_files=("scripts/check.sh",), protected=(".github/**", "**/conftest.py"))


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("scripts/check.sh", "scripts/check.sh"),
        ("Scripts/CHECK.sh", "scripts/check.sh"),
        (".github", ".github/**"),
        (".github/workflows/ci.yml", ".github/**"),
        (".GitHub/workflows/ci.yml", ".github/**"),
        (".ci/run", ".ci"),
        (".ci/run", ".ci/"),
        ("a.lock", "*.lock"),
        ("deep/down/a.lock", "*.lock"),
        ("conftest.py", "**/conftest.py"),
        ("tests/unit/conftest.py", "**/conftest.py"),
        ("pages/[id].tsx", "pages/[id].tsx"),
        ("src/a/secret/x", "src/*/secret/**"),
        ("anything", "**"),
        ("straße", "STRASSE"),
    ],
)
def test_a_path_falls_under_a_pattern(path, pattern):
    assert matches(path, pattern)


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        (".githubx/ci.yml", ".github/**"),
        ("my/.github/ci.yml", ".github/**"),
        ("scripts/check.shx", "scripts/check.sh"),
        ("other/scripts/check.sh", "scripts/check.sh"),
        ("myconftest.py", "**/conftest.py"),
        (".cirrus.yml", ".ci"),
        ("x", ""),
    ],
)
def test_another_path_does_not(path, pattern):
    assert not matches(path, pattern)


def test_an_ordinary_diff_is_allowed():
    assert judge((changed("src/a.py"),), PROJECT).decision is Decision.ALLOW


def test_an_empty_diff_is_allowed():
    assert judge((), PROJECT).decision is Decision.ALLOW


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (changed("scripts/check.sh"), "check_files"),
        (changed("SCRIPTS/check.sh", change_type=ChangeType.CREATE), "check_files"),
        (changed("scripts/check.sh", change_type=ChangeType.DELETE), "check_files"),
        (
            changed("old.sh", change_type=ChangeType.RENAME, old_path="scripts/check.sh"),
            "check_files",
        ),
        (changed("scripts/check.sh/x", change_type=ChangeType.CREATE), "check_files"),
        (changed("scripts/check.sh", mode="120000"), "check_files"),
        (changed(".github/workflows/ci.yml"), "protected"),
        (changed("conftest.py", change_type=ChangeType.CREATE), "protected"),
        (changed("x.yml", change_type=ChangeType.RENAME, old_path=".github/x.yml"), "protected"),
    ],
)
def test_a_guarded_path_asks_a_human(change, rule):
    ruling = judge((changed("src/a.py"), change), PROJECT)

    assert (ruling.decision, ruling.rule) == (Decision.ASK, rule)
    assert set(ruling.files) <= {change.path, change.old_path}
    assert ruling.files
    assert ruling.reason


def test_a_submodule_entry_is_denied_whatever_else_there_is():
    ruling = judge((changed("scripts/check.sh"), changed("vendor/lib", mode="160000")), PROJECT)

    assert (ruling.decision, ruling.files) == (Decision.DENY, ("vendor/lib",))


def test_a_ruling_names_each_guarded_path_once():
    diff = (changed("scripts/check.sh"), changed("scripts/check.sh", old_path="scripts/check.sh"))

    assert touched(diff, ("scripts/**", "scripts/check.sh")) == ("scripts/check.sh",)
