"""An agent sees the map of the repository in its packet; one tree is parsed once."""

import pytest

from tests.e2e.fleets import Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(300)]

FAILS = "raise SystemExit(1)\n"
HEARS = """
import json, os, pathlib
packet = json.load(open(os.environ["FLEET_PACKET"]))
heard = pathlib.Path("heard", packet["task_id"].lower() + ".txt")
heard.parent.mkdir(exist_ok=True)
heard.write_text(packet["context"]["map"])
"""
CODE = """\
class Ledger:
    def settle_accounts(self):
        return 1
"""


@pytest.fixture
def mapped(home: Home) -> Home:
    """Return a home on a repository with some code."""
    git(home.repository, "switch", "-q", "main")
    (home.repository / "books").mkdir()
    (home.repository / "books" / "ledger.py").write_text(CODE)
    git(home.repository, "add", ".")
    git(home.repository, "commit", "-qm", "books")
    git(home.repository, "switch", "-q", "--detach")
    return home


def heard(home: Home, key: str) -> str:
    """Answer the map of a merged task's packet, as its agent left it behind."""
    return git(home.repository, "show", f"main:heard/{key.lower()}.txt")


def test_an_agent_is_told_what_its_repository_holds(mapped: Home) -> None:
    mapped.agent("hears", HEARS)
    key = mapped.task("look around")

    assert mapped.run("run", "--json").json["merged"] == 1

    assert heard(mapped, key).splitlines() == [
        "folders: books/ 1, scripts/ 1",
        "files: readme.txt",
        "books/ledger.py: Ledger, Ledger.settle_accounts()",
    ]


def test_an_attempt_on_the_same_tree_is_told_the_map_that_is_kept(mapped: Home) -> None:
    mapped.agent("hears", FAILS)
    mapped.task("end in failure", "--max-retries", "0")
    mapped.run("run", "--json")
    (kept,) = (mapped.folder / ".fleet" / "maps").iterdir()
    kept.write_text("as it was kept")

    mapped.agent("hears", HEARS)
    key = mapped.task("look around")
    assert mapped.run("run", "--json").json["merged"] == 1

    assert heard(mapped, key) == "as it was kept"


def test_a_map_of_no_bytes_is_none(mapped: Home) -> None:
    mapped.configure(memory={"map_bytes": 0})
    mapped.agent("hears", HEARS)
    key = mapped.task("look around")

    assert mapped.run("run", "--json").json["merged"] == 1

    assert heard(mapped, key) == ""
    assert not (mapped.folder / ".fleet" / "maps").exists()
