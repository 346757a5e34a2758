"""A home for tests of commands that need no engine: real files, real ledger."""

from pathlib import Path

import pytest

from tests.e2e.fleets import Home, git


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with the project APP and no profile yet."""
    folder = tmp_path / "repository"
    (folder / "scripts").mkdir(parents=True)
    (folder / "scripts" / "check.sh").write_text("true\n")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "start")
    return Home(tmp_path / "home", folder).made()
