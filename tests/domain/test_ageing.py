"""A lesson fades when all the files it names are gone, and for no other reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.ageing import Tree, faded, standing, tree_of
from fleet.domain.change import under
from tests.builders import a_lesson

PATHS = frozenset({"src/app/cart.py", "src/app/[id]/page.tsx", "tests/conftest.py", "README.md"})
TREE = tree_of(PATHS)


@pytest.mark.parametrize(
    "file",
    [
        "src/app/cart.py",
        "./src/app/cart.py",
        "src/app",
        "src/app/",
        "src/*.py",
        "**/conftest.py",
        "conftest.py",
        "*.md",
        "app",
        "src/app/[id]",
        "src/app/[id]/page.tsx",
        "src/**",
        "src/app/[id]/**",
        "**/app",
        "**/*.py",
        "readme.md",
    ],
)
def test_a_file_a_folder_a_name_and_a_glob_stand_while_a_path_fits(file):
    assert standing((file,), TREE) == (file,)
    assert not faded(a_lesson(files=("gone.py", file)), TREE)


@pytest.mark.parametrize(
    "file",
    [
        "src/app/car",
        "cart",
        "src/*.rs",
        "app/cart.py",
        "app/**",
        "gone/*.py",
        "src/app/cart.py/**/x",
        "",
        "../src",
    ],
)
def test_what_fits_no_path_is_gone(file):
    assert standing((file,), TREE) == ()
    assert faded(a_lesson(files=(file,)), TREE)


def test_a_lesson_about_no_file_never_fades():
    assert not faded(a_lesson(files=()), Tree(()))


def test_a_lesson_for_every_project_is_not_judged_by_the_files_of_one():
    assert not faded(a_lesson(project=None, files=("gone.py",)), TREE)


def test_a_glob_that_would_backtrack_is_answered_at_once():
    hostile = "*a" * 40 + "b"

    assert faded(a_lesson(files=(hostile,)), Tree(["a" * 4000]))


def test_a_tree_is_made_ready_once_for_the_same_paths():
    once = tree_of(PATHS)

    assert tree_of(frozenset(sorted(PATHS))) is once
    assert tree_of(frozenset([*PATHS, "more.py"])) is not once


def fits(name, path):
    """Tell whether a name means this path, by what patterns say alone."""
    anywhere = (f"**/{name}", f"**/{name}/*") if "/" not in name else ()
    return under(path, (name, f"{name}/**", *anywhere))


parts = st.text("aB*?[]", min_size=1, max_size=3)
names = st.builds("/".join, st.lists(parts | st.just("**"), min_size=1, max_size=3))
places = st.builds("/".join, st.lists(st.text("abB[]", min_size=1, max_size=2), min_size=1))


@given(names, st.frozensets(places, max_size=6))
def test_what_is_looked_up_is_what_the_patterns_say(name, paths):
    assert Tree(paths).stands(name) == any(fits(name, path) for path in paths)
