"""A lesson fades when all the files it names are gone, and for no other reason."""

import pytest

from fleet.domain.ageing import faded, standing
from tests.builders import a_lesson

PATHS = frozenset({"src/app/cart.py", "src/app/[id]/page.tsx", "tests/conftest.py", "README.md"})


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
    ],
)
def test_a_file_a_folder_a_name_and_a_glob_stand_while_a_path_fits(file):
    assert standing((file,), PATHS) == (file,)
    assert not faded(a_lesson(files=("gone.py", file)), PATHS)


@pytest.mark.parametrize("file", ["src/app/car", "cart", "src/*.rs", "app/cart.py", "", "../src"])
def test_what_fits_no_path_is_gone(file):
    assert standing((file,), PATHS) == ()
    assert faded(a_lesson(files=(file,)), PATHS)


def test_a_lesson_about_no_file_never_fades():
    assert not faded(a_lesson(files=()), frozenset())


def test_a_lesson_for_every_project_is_not_judged_by_the_files_of_one():
    assert not faded(a_lesson(project=None, files=("gone.py",)), PATHS)


def test_a_glob_that_would_backtrack_is_answered_at_once():
    hostile = "*a" * 40 + "b"

    assert faded(a_lesson(files=(hostile,)), {"a" * 4000})
