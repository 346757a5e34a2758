"""Small repositories and homes for end-to-end tests."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.fleets import Home, git

CHECK = "test ! -e red.txt\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose check is red when there is a file `red.txt`; nobody has main out."""
    folder = tmp_path / "repository"
    (folder / "scripts").mkdir(parents=True)
    (folder / "scripts" / "check.sh").write_text(CHECK)
    (folder / "readme.txt").write_text("hello\n")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "start")
    git(folder, "switch", "-q", "--detach")
    return folder


@pytest.fixture
def home(tmp_path: Path, repository: Path) -> Iterator[Home]:
    """A home on that repository; its containers are gone afterwards, whatever a test did."""
    home = Home(tmp_path / "home", repository).made()
    yield home
    left = home.containers()
    if left:
        subprocess.run(["docker", "rm", "-f", *left], check=True, capture_output=True)
