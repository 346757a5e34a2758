"""A new home is found or created, never overwritten."""

import re
import subprocess

import pytest

from fleet.config import check_profiles, load_fleet, scaffold_home
from fleet.config.scaffold import create
from fleet.domain.errors import ConfigError
from fleet.domain.lesson import MemoryRules
from fleet.domain.profile import SwapRules


@pytest.fixture
def app(tmp_path):
    """Answer a project's folder that looks like a repository, with a name YAML has to quote."""
    folder = tmp_path / 'my "app": #1'
    (folder / ".git").mkdir(parents=True)
    return folder


def test_a_scaffolded_home_loads(tmp_path, app):
    scaffold_home(tmp_path / "home", [("APP", app, None), ("B", app, "next")], home8="0123abcd")

    fleet = load_fleet(tmp_path / "home")
    assert {key: (p.path, p.target) for key, p in fleet.projects.items()} == {
        "APP": (str(app), "main"),
        "B": (str(app), "next"),
    }
    assert len(fleet.profiles) == 8
    assert (tmp_path / "home/.fleet/id").read_text() == "0123abcd\n"
    assert (tmp_path / "home/.fleet/.gitignore").read_text() == "*\n"
    ignored = (tmp_path / "home/memory/.gitignore").read_text().split()
    assert ignored == ["/chroma/", "/chroma.damaged/", "/chroma.lock"]


def test_a_home_without_projects_loads(tmp_path):
    scaffold_home(tmp_path, [], home8="0123abcd")
    assert load_fleet(tmp_path).projects == {}


def test_its_examples_are_valid_once_they_are_no_comments(tmp_path, app):
    scaffold_home(tmp_path / "home", [("APP", app, None)], home8="0123abcd")
    for path in (tmp_path / "home/fleet.yaml", *(tmp_path / "home/profiles").iterdir()):
        path.write_text(re.sub(r"^#(?! \S)", "", path.read_text(), flags=re.MULTILINE))

    fleet = load_fleet(tmp_path / "home")

    assert list(fleet.accounts) == ["local", "alice-claude", "bob-codex", "carol-gemini"]
    assert fleet.accounts["bob-codex"].window is not None
    assert fleet.swap == SwapRules(critic_to="claude-opus")
    assert (fleet.run_budget_micros, str(fleet.timezone)) == (40_000_000, "Europe/Berlin")
    assert [each.name for each in fleet.schedule.runs] == ["night"]
    assert [each.to for each in fleet.schedule.reports] == ["traces/reports"]
    assert fleet.memory == MemoryRules(server="127.0.0.1:8000", project="APP")
    assert {name for name, each in fleet.profiles.items() if each.price} == {
        *("codex-developer", "gemini-developer", "opencode-developer"),
    }
    assert [each for each in check_profiles(fleet) if "no account for" not in each] == []


def test_a_second_time_makes_nothing(tmp_path, app):
    made = scaffold_home(tmp_path / "home", [("APP", app, None)], home8="0123abcd")
    (tmp_path / "home/profiles/codex-developer.yaml").unlink()

    assert len(made) == 15
    assert scaffold_home(tmp_path / "home", [("APP", app, None)], home8="ffffffff") == []
    assert (tmp_path / "home/.fleet/id").read_text() == "0123abcd\n"


def test_an_interrupted_one_is_finished(tmp_path, app):
    scaffold_home(tmp_path / "home", [("APP", app, None)], home8="0123abcd")
    for name in ("fleet.yaml", "profiles/codex-developer.yaml"):
        (tmp_path / "home" / name).unlink()

    made = scaffold_home(tmp_path / "home", [("APP", app, None)], home8="ffffffff")

    assert [each.name for each in made] == ["codex-developer.yaml", "fleet.yaml"]


def test_the_example_check_fails_until_it_is_edited(tmp_path, app):
    scaffold_home(tmp_path / "home", [("APP", app, None)], home8="0123abcd")

    ended = subprocess.run(
        ["sh", "scripts/check.sh"], cwd=app, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1
    assert "put the project's tests into it" in ended.stderr


def test_a_check_that_is_there_stays(tmp_path, app):
    (app / "scripts").mkdir()
    (app / "scripts/check.sh").write_text("true\n")
    scaffold_home(tmp_path / "home", [("APP", app, None)], home8="0123abcd")
    assert (app / "scripts/check.sh").read_text() == "true\n"


def test_no_check_is_written_through_a_link_or_into_a_bare_repository(tmp_path, app):
    (tmp_path / "elsewhere").mkdir()
    (app / "scripts").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "bare.git").mkdir()
    projects = [("APP", app, None), ("B", tmp_path / "bare.git", None)]

    scaffold_home(tmp_path / "home", projects, home8="0123abcd")

    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert list((tmp_path / "bare.git").iterdir()) == []


@pytest.mark.parametrize(
    ("key", "where", "home8", "said"),
    [
        ("app", ".", "0123abcd", "is no key"),
        ("APP", "gone", "0123abcd", "is no folder"),
        ("APP", ".", "0123ABCD", "is no id"),
    ],
)
def test_what_cannot_be_is_refused_with_nothing_made(tmp_path, app, key, where, home8, said):
    with pytest.raises(ConfigError, match=said):
        scaffold_home(tmp_path / "home", [(key, app / where, None)], home8=home8)
    assert not (tmp_path / "home").exists()


def test_a_project_that_the_home_does_not_know_is_refused(tmp_path, app):
    scaffold_home(tmp_path / "home", [("APP", app, None)], home8="0123abcd")
    with pytest.raises(ConfigError, match="without project B"):
        scaffold_home(tmp_path / "home", [("B", app, None)], home8="0123abcd")
    with pytest.raises(ConfigError, match="named twice"):
        scaffold_home(tmp_path / "new", [("B", app, None), ("B", app, "x")], home8="0123abcd")


@pytest.mark.parametrize("key", ['"key": "APP"', "'key' : 'APP'", "? key\n    : APP"])
def test_a_project_is_known_however_its_key_is_written(tmp_path, app, key):
    scaffold_home(tmp_path / "home", [("APP", app, None)], home8="0123abcd")
    file = tmp_path / "home/fleet.yaml"
    file.write_text(file.read_text().replace("key: APP", key))

    assert scaffold_home(tmp_path / "home", [("APP", app, None)], home8="0123abcd") == []


def test_a_key_in_a_comment_is_no_project(tmp_path, app):
    scaffold_home(tmp_path / "home", [("APP", app, None)], home8="0123abcd")
    with (tmp_path / "home/fleet.yaml").open("a") as file:
        file.write("# key: B\n")

    with pytest.raises(ConfigError, match="without project B"):
        scaffold_home(tmp_path / "home", [("B", app, None)], home8="0123abcd")


def test_a_target_that_cannot_be_named_is_refused_before_the_home_is_made(tmp_path, app):
    with pytest.raises(ConfigError, match=r"cannot be called 'größe'.*letters a to z, digits"):
        scaffold_home(tmp_path / "home", [("APP", app, "größe")], home8="0123abcd")

    assert not (tmp_path / "home").exists()


def test_a_dangling_link_counts_as_there(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "gone")
    assert not create(tmp_path / "a", "text")
    assert not (tmp_path / "gone").exists()
