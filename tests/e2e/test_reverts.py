"""A merge is taken back by one command, through the same checks and the same queue."""

import json
from typing import Any

import pytest

from tests.e2e.fleets import Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(300)]

WRITES = """
import json, os
key = json.load(open(os.environ["FLEET_PACKET"]))["task_id"]
open(f"{key}.txt", "w").write(key)
"""
# the second changes what the first wrote; who takes the first back is told how to see it
BUILDS_ON = r"""
import json, os, pathlib, re, subprocess
packet = json.load(open(os.environ["FLEET_PACKET"]))
file, key = pathlib.Path("readme.txt"), packet["task_id"]
told = "".join(message["content"] for message in packet["messages"])
if key == "APP-1":
    file.write_text("hello\nfirst\n")
elif key == "APP-2":
    file.write_text("hello\nfirst and second\n")
else:
    pathlib.Path("told.txt").write_text(told)
    command = re.search(r"git diff ([0-9a-f]{40})\^1 \1", told)[0].split()
    brought = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    word = re.search(r"^\+(\w+)$", brought, re.MULTILINE)[1]
    file.write_text(file.read_text().replace(f"{word} and ", ""))
"""


def files(home: Home) -> set[str]:
    return set(git(home.repository, "ls-tree", "--name-only", "main").split())


def reverted(home: Home, number: int) -> str:
    """Ask for a revert and let the fleet run; answer the key of its task."""
    done = home.run("pr", "revert", str(number), "--yes", "--json")
    assert done.code == 0, done.err
    assert home.run("run", "--json").code == 0
    return str(newest(home)["key"])


def newest(home: Home) -> Any:
    rows = home.run("task", "list", "--json").json
    return home.show(max(rows, key=lambda row: int(row["key"].partition("-")[2]))["key"])


def test_one_of_a_batch_is_taken_back_and_brought_back_again(home: Home) -> None:
    home.agent("writes", WRITES)
    keys = [home.task(f"write file {n}") for n in range(3)]
    assert home.run("run", "--json").json["merged"] == 3
    (pull,) = [p for p in home.run("pr", "list", "--all", "--json").json if p["task"] == keys[1]]

    key = reverted(home, pull["number"])

    assert files(home) >= {f"{keys[0]}.txt", f"{keys[2]}.txt"}
    assert f"{keys[1]}.txt" not in files(home)
    (attempt,) = home.show(key)["attempts"]
    assert (attempt["profile"], attempt["state"]) == ("fleet", "merged")
    assert attempt["verdicts"][0]["status"] == "passed"
    told = git(home.repository, "log", "--format=%B", "main")
    assert f"This takes back pull request {pull['number']} of {keys[1]}" in told
    back = home.show(key)["pr"]

    reverted(home, back)

    assert f"{keys[1]}.txt" in files(home)
    assert home.containers() == []
    assert git(home.repository, "branch", "--list", "fleet/*") == ""


def test_what_others_built_on_is_taken_back_by_an_agent(home: Home) -> None:
    home.agent("builds", BUILDS_ON)
    for _ in range(2):
        home.task("extend the readme")
        assert home.run("run", "--json").json["merged"] == 1

    key = reverted(home, 1)

    first, second = home.show(key)["attempts"]
    assert (first["profile"], first["state"]) == ("fleet", "rejected")
    assert first["reason"].startswith("pull request 1 does not revert cleanly: readme.txt")
    assert [one["key"] for one in first["others"]] == ["APP-2"]
    assert (second["profile"], second["state"]) == ("builds", "merged")
    assert git(home.repository, "show", "main:readme.txt") == "hello\nsecond"
    assert "Both sides of readme.txt" in git(home.repository, "show", "main:told.txt")


def test_a_revert_that_is_red_never_lands(home: Home) -> None:
    (home.repository / "scripts" / "check.sh").write_text("test -e APP-1.txt || test ! -e old\n")
    (home.repository / "old").write_text("old")
    git(home.repository, "add", ".")
    git(home.repository, "commit", "-qm", "old ways")
    git(home.repository, "branch", "-f", "main", "HEAD")
    home.agent("writes", WRITES)
    home.task("make it green")
    assert home.run("run", "--json").json["merged"] == 1
    home.agent("writes", "open('x.txt', 'w').write('not that')")

    home.run("pr", "revert", "1", "--yes")
    done = home.run("run", "--json")

    assert done.code == 1
    row = newest(home)
    assert [a["state"] for a in row["attempts"]] == ["rejected"] * 4
    assert row["attempts"][0]["profile"] == "fleet"
    assert "APP-1.txt" in files(home)
    assert "red" in json.dumps(row["escalation"])
