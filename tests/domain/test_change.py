"""Paths and patterns: what is guarded cannot slip by under another name."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.change import Change, ChangeType, matches, touched, under


def changed(path, **fields):
    return Change(path=path, **({"change_type": ChangeType.UPDATE} | fields))


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


def test_a_touched_path_is_named_once():
    diff = (changed("scripts/check.sh"), changed("scripts/check.sh", old_path="scripts/check.sh"))

    assert touched(diff, ("scripts/**", "scripts/check.sh")) == ("scripts/check.sh",)


@given(st.text(alphabet="aA/*.[]b?", max_size=12), st.text(alphabet="aA/*.[]b?", max_size=12))
def test_a_path_falls_under_several_patterns_where_it_falls_under_one(path, pattern):
    assert under(path, (pattern, "never/that")) == matches(path, pattern)
    assert not under(path, ())


def test_a_hundred_thousand_paths_are_matched_in_a_second():
    patterns = tuple(f"**/name{n}.py" for n in range(50))
    began = time.monotonic()

    assert not any(under(f"src/deep/down/file{n}.txt", patterns) for n in range(100_000))

    assert time.monotonic() - began < 10
