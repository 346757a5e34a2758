"""A copy of a home that stands may not act: its id is the other's, and so are its containers."""

import shutil

import pytest

from tests.e2e.fleets import Home

pytestmark = pytest.mark.slow


@pytest.fixture
def copy(home):
    home.agent("writes", "")
    home.task("do it")
    folder = home.folder.with_name("copy")
    shutil.copytree(home.folder, folder)
    return Home(folder, home.repository)


@pytest.mark.parametrize(
    "words", ["stop --all", "down", "gc --yes", "resume", "up", "run", "task add more", "status"]
)
def test_a_copy_of_a_home_that_stands_does_nothing_and_names_the_other(home, copy, words):
    done = copy.run(*words.split())

    assert (done.code, done.out) == (1, "")
    assert f"home {copy.folder} is a copy of {home.folder}" in done.err
    assert f"work from {home.folder}" in done.err


def test_a_copy_is_refused_whatever_repository_it_works_on(home, copy, tmp_path):
    shutil.copytree(home.repository, tmp_path / "another")
    text = (copy.folder / "fleet.yaml").read_text()
    (copy.folder / "fleet.yaml").write_text(text.replace(str(home.repository), "../another"))

    assert "is a copy of" in copy.ask("status").err


def test_the_home_itself_goes_on_beside_its_copy_and_by_other_names(home, copy):
    assert copy.ask("status").code == 1
    link = home.folder.with_name("link")
    link.symlink_to(home.folder)

    assert Home(link, home.repository).ask("status").code == 0
    assert home.ask("status").code == 0


def test_a_home_that_was_moved_is_followed_and_its_copy_refused_from_there(home, copy):
    shutil.rmtree(copy.folder)
    moved = Home(home.folder.rename(home.folder.with_name("moved")), home.repository)
    moved.agent("writes", "")
    assert moved.ask("status").code == 0
    shutil.copytree(moved.folder, copy.folder)

    assert f"is a copy of {moved.folder}" in copy.ask("status").err
