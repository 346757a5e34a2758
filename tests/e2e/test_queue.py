"""The merge queue as a user sees it: real git, real containers, real kills."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.fleets import Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(600)]

CHECK = """test ! -e red.txt || exit 1
if test -e left.txt && test -e right.txt; then echo 'left meets right'; exit 1; fi
"""
WRITES = """
import json, os
packet = json.load(open(os.environ["FLEET_PACKET"]))
key = packet["task_id"]
for name in (key, *packet["goal"].split()):
    open(f"{name}.txt", "w").write(key)
"""
# kills the coordinator at a call of git's
KILLED = """
import os, sys
from fleet.adapters.git.worktrees import GitWorktrees
from fleet.cli.main import main

call, before = sys.argv.pop(1), sys.argv.pop(1) == "before"
plain = getattr(GitWorktrees, call)

def killed(self, *given, **named):
    if not before:
        plain(self, *given, **named)
    os.kill(os.getpid(), 9)

setattr(GitWorktrees, call, killed)
main()
"""


def on_main(home: Home, message: str, **files: str | None) -> str:
    """Commit files on main as a user does (None deletes one), and stand beside it again."""
    git(home.repository, "switch", "-q", "main")
    for name, text in files.items():
        path = home.repository / f"{name}.txt"
        path.unlink() if text is None else path.write_text(text)
    git(home.repository, "add", "--all")
    git(home.repository, "commit", "-qm", message)
    git(home.repository, "switch", "-q", "--detach")
    return main_of(home)


def main_of(home: Home) -> str:
    return git(home.repository, "rev-parse", "main")


def verified(home: Home, *titles: str, **settings: Any) -> None:
    """Let a task of each title be verified, so that its branch holds files named like that."""
    (home.repository / "scripts" / "check.sh").write_text(CHECK)
    on_main(home, "left and right")
    home.configure(projects=[{**projects(home)[0], **settings}])
    home.agent("writes", WRITES)
    for title in titles:
        home.task(title, "--review", "required", "--max-retries", "0")
    done = home.run("run", "--json")
    assert done.json["in_review"] == len(titles), done.err


def projects(home: Home) -> Any:
    return json.loads((home.folder / "fleet.yaml").read_text())["projects"]


def approved(home: Home) -> None:
    for pull in pulls(home):
        if pull["status"] == "open":
            assert home.run("pr", "approve", str(pull["number"])).code == 0


def pulls(home: Home) -> Any:
    return home.run("pr", "list", "--all", "--json").json


def statuses(home: Home) -> list[str]:
    return [pull["status"] for pull in sorted(pulls(home), key=lambda pull: pull["number"])]


def line_of(home: Home, since: str) -> list[str]:
    """Answer the commits of main's first-parent line after that one, the newest first."""
    return git(home.repository, "rev-list", "--first-parent", f"{since}..main").split()


def names_in(home: Home, ref: str = "main") -> set[str]:
    return set(git(home.repository, "ls-tree", "--name-only", ref).split())


def checked_by_hand(home: Home, folder: Path, sha: str) -> int:
    """Run the check on a commit as the user would, and answer its exit code."""
    git(home.repository, "worktree", "add", "-q", "--detach", str(folder), sha)
    return subprocess.run(["sh", "scripts/check.sh"], cwd=folder, check=False).returncode


def test_a_batch_lands_as_one_commit_upon_the_old_tip(home: Home) -> None:
    verified(home, "one", "two", "three", "four")
    old = main_of(home)
    approved(home)

    done = home.run("run", "--json")

    assert (done.code, done.json["merged"]) == (0, 4), done.err
    (landed,) = line_of(home, old)
    assert git(home.repository, "rev-parse", f"{landed}^1") == old
    assert {"one.txt", "two.txt", "three.txt", "four.txt"} <= names_in(home)
    history = git(home.repository, "rev-list", "main").split()
    assert {pull["merged_sha"] for pull in pulls(home)} <= set(history)
    assert git(home.repository, "branch", "--list", "fleet/*") == ""
    assert home.containers() == []


def test_of_two_red_only_together_one_leaves_and_all_others_land(
    home: Home, tmp_path: Path
) -> None:
    verified(home, "one", "left", "two", "right", "three")
    old = main_of(home)
    approved(home)

    home.run("run", "--json")

    assert sorted(statuses(home)) == ["evicted", *["merged"] * 4]
    (evicted,) = [pull["task"] for pull in pulls(home) if pull["status"] == "evicted"]
    other = {"APP-2": "APP-4", "APP-4": "APP-2"}[evicted]
    assert home.show(evicted)["attempts"][0]["state"] == "rejected"
    assert other in home.run("task", "show", evicted).out
    assert {"one.txt", "two.txt", "three.txt", f"{other}.txt"} <= names_in(home)
    assert f"{evicted}.txt" not in names_in(home)
    for number, sha in enumerate(line_of(home, old)):
        assert checked_by_hand(home, tmp_path / f"at-{number}", sha) == 0


def test_a_squashed_line_is_linear_and_green_at_each_commit(home: Home, tmp_path: Path) -> None:
    verified(home, "one", "two", "three", merge="squash")
    old = main_of(home)
    approved(home)

    done = home.run("run", "--json")

    assert (done.code, done.json["merged"]) == (0, 3), done.err
    assert git(home.repository, "rev-list", "--merges", f"{old}..main") == ""
    line = line_of(home, old)
    assert {pull["merged_sha"] for pull in pulls(home)} == set(line)
    for number, sha in enumerate(line):
        assert checked_by_hand(home, tmp_path / f"at-{number}", sha) == 0


def test_a_target_somebody_broke_stops_the_queue_with_a_reason_until_it_is_mended(
    home: Home,
) -> None:
    verified(home, "one", "two")
    approved(home)
    broken = on_main(home, "in a hurry", red="x")

    done = home.run("run")

    assert main_of(home) == broken
    assert set(statuses(home)) == {"approved"}
    said = f"main itself is not green at {broken[:12]}"
    assert said in " ".join(done.out.split() + done.err.split())
    assert said in " ".join(home.run("task", "show", "APP-2").out.split())
    assert all(said in pull["reason"] for pull in pulls(home))

    on_main(home, "mended", red=None)
    done = home.run("run", "--json")
    assert (done.code, done.json["merged"]) == (0, 2), done.err
    assert {pull["reason"] for pull in pulls(home)} == {""}


@pytest.mark.parametrize(
    ("call", "when"),
    [("advance_target", "before"), ("advance_target", "after"), ("clean_tree", "after")],
    ids=["before the target moves", "after it moved", "while it is tried"],
)
def test_killed_at_any_point_a_batch_lands_once(home: Home, call: str, when: str) -> None:
    verified(home, "one", "two", "three")
    old = main_of(home)
    approved(home)

    words = ("-c", KILLED, call, when, "--home", str(home.folder), "run")
    killed = subprocess.run([sys.executable, *words], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    tried = len(line_of(home, old))
    done = home.run("run", "--json")

    assert tried == (1 if (call, when) == ("advance_target", "after") else 0)
    assert done.code == 0, done.err
    assert statuses(home) == ["merged"] * 3
    (landed,) = line_of(home, old)
    assert git(home.repository, "rev-parse", f"{landed}^1") == old
    assert home.containers() == []


def a_remote(home: Home, folder: Path) -> Path:
    """Give the repository a bare remote that holds its main."""
    git(home.repository, "clone", "-q", "--bare", str(home.repository), str(folder))
    git(home.repository, "remote", "add", "origin", str(folder))
    return folder


def push_elsewhere(remote: Path, folder: Path, name: str) -> str:
    """Let somebody else push a commit to the remote's main."""
    git(remote, "clone", "-q", "-b", "main", str(remote), str(folder))
    (folder / name).write_text("theirs\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "theirs")
    git(folder, "push", "-q", "origin", "main")
    return git(folder, "rev-parse", "HEAD")


def test_what_lands_is_pushed_and_what_others_pushed_is_built_upon(
    home: Home, tmp_path: Path
) -> None:
    verified(home, "one", "two")
    remote = a_remote(home, tmp_path / "origin.git")
    home.configure(projects=[{**projects(home)[0], "remote": "origin"}])
    theirs = push_elsewhere(remote, tmp_path / "elsewhere", "theirs.txt")
    approved(home)

    done = home.run("run", "--json")

    assert (done.code, done.json["merged"]) == (0, 2), done.err
    assert git(remote, "rev-parse", "main") == main_of(home)
    assert {"one.txt", "two.txt", "theirs.txt"} <= names_in(home)
    assert line_of(home, theirs)[1:] == []


def test_a_remote_that_is_away_is_told_of_and_what_waits_for_it_lands_later(
    home: Home, tmp_path: Path
) -> None:
    verified(home, "one")
    remote = a_remote(home, tmp_path / "origin.git")
    home.configure(projects=[{**projects(home)[0], "remote": "origin"}])
    approved(home)
    away = remote.rename(tmp_path / "away.git")

    home.run("run")

    (waiting,) = pulls(home)
    assert waiting["waits"].startswith("remote origin: "), waiting
    assert "tried again by itself" in waiting["waits"]
    away.rename(remote)
    done = home.run("run", "--json")
    assert (done.code, done.json["merged"]) == (0, 1), done.err
    assert git(remote, "rev-parse", "main") == main_of(home)


def test_a_push_that_somebody_was_faster_with_is_built_anew(home: Home, tmp_path: Path) -> None:
    verified(home, "one", "two")
    remote = a_remote(home, tmp_path / "origin.git")
    home.configure(projects=[{**projects(home)[0], "remote": "origin"}])
    approved(home)
    # written down, but not pushed: then somebody else pushes
    words = ("-c", KILLED, "pushed", "before", "--home", str(home.folder), "run")
    killed = subprocess.run([sys.executable, *words], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert {pull["waits"] for pull in pulls(home)} == {"its merge is checked and lands in main"}
    theirs = push_elsewhere(remote, tmp_path / "elsewhere", "theirs.txt")

    done = home.run("run", "--json")

    assert done.code == 0, done.err
    assert statuses(home) == ["merged"] * 2
    assert git(remote, "rev-parse", "main") == main_of(home)
    (landed,) = line_of(home, theirs)
    assert git(home.repository, "rev-parse", f"{landed}^1") == theirs
