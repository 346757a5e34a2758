"""A home that stands already is never silently another than the one that was asked for."""

import pytest

from tests.e2e.fleets import Home, git

pytestmark = pytest.mark.slow


def test_another_path_for_a_project_that_has_one_is_refused(home: Home, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        git(folder, "init", "-q", "-b", "main")
        git(folder, "commit", "-q", "--allow-empty", "-m", "start")
    night = str(tmp_path / "night")

    codes = [home.ask("init", night, "--project", f"APP={one}").code for _ in range(2)]
    moved = home.ask("init", night, "--project", f"APP={other}")

    assert (codes, moved.code) == ([0, 0], 1)
    assert f"has project APP at {one} (change its path" in moved.err
