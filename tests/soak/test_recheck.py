"""The independent look at a target: it sees a red commit, whatever the commit says of its check."""

import subprocess
from pathlib import Path

import pytest

from tests.repos import a_commit, git
from tests.soak.night import IMAGE
from tests.soak.project import a_project

pytestmark = pytest.mark.docker

SCRIPT = Path(__file__).with_name("recheck.sh")
BROKEN = "def total(prices):\n    return 0\n"


def rechecked(repository, start):
    command = [SCRIPT, repository, start, "main", IMAGE]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.returncode, [line.split()[0] for line in done.stdout.splitlines()]


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    a_project(folder)
    git(folder, "switch", "--quiet", "main")
    return folder


def test_a_red_commit_between_green_ones_is_found(repository):
    start = git(repository, "rev-parse", "main")
    a_commit(repository, {"one.txt": "1"})
    a_commit(repository, {"shop/sums.py": BROKEN})
    git(repository, "revert", "--no-edit", "HEAD")

    assert rechecked(repository, start) == (1, ["green", "red", "green"])


def test_the_check_that_counts_is_the_first_one(repository):
    start = git(repository, "rev-parse", "main")
    edits = {"scripts/check.sh": "exit 0\n", "tests/test_sums.py": None}
    a_commit(repository, {"shop/sums.py": BROKEN, **edits})

    assert rechecked(repository, start) == (1, ["red"])


def test_attributes_hide_nothing(repository):
    a_commit(repository, {"shop/sums.py": BROKEN})
    start = git(repository, "rev-parse", "main~1")
    a_commit(repository, {".gitattributes": "*.py export-ignore filter=evil\n"})

    assert rechecked(repository, start) == (1, ["red", "red"])


def test_a_target_that_has_not_moved_proves_nothing(repository):
    start = git(repository, "rev-parse", "main")

    assert rechecked(repository, start) == (1, [])
