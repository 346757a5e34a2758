"""Two tasks that do not go together, by text or by meaning: one lands, the other comes back."""

from pathlib import Path
from typing import Any

import pytest

from tests.containers import eventually
from tests.e2e.fleets import Done, Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(600)]

# both want the first line; who is told of a conflict looks up its own earlier work by git, as told
SAME_LINE = r"""
import json, os, pathlib, re, subprocess
packet = json.load(open(os.environ["FLEET_PACKET"]))
file, key = pathlib.Path("readme.txt"), packet["task_id"]
told = "".join(message["content"] for message in packet["messages"])
command = re.search(r"`git diff ([0-9a-f]+\.\.\.[0-9a-f]+)`", told)
if command is None:
    file.write_text(f"{key} says hello\n")
else:
    asked = ["git", "diff", command[1]]
    mine = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    lines = [line[1:] for line in mine.splitlines() if line.startswith("+") and line[1] != "+"]
    file.write_text(file.read_text() + "\n".join(lines) + "\n")
    pathlib.Path("told.txt").write_text(told)
"""
# the check wants one voice; who is told with whom it was red falls in with it
ONE_VOICE = """
import json, os, pathlib
packet = json.load(open(os.environ["FLEET_PACKET"]))
key, told = packet["task_id"], "".join(message["content"] for message in packet["messages"])
pathlib.Path(f"{key}.txt").write_text(key)
pathlib.Path("voices").mkdir(exist_ok=True)
if not told:
    pathlib.Path("voices", f"{key}.txt").write_text("mine alone")
else:
    pathlib.Path("told.txt").write_text(told)
"""
CHECK = "test ! -e voices || test $(ls voices | wc -l) -le 1\n"


def attempts(home: Home, *keys: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Answer the attempts of the task that landed at once, and of the other."""
    both = sorted((home.show(key)["attempts"] for key in keys), key=len)
    return both[0], both[1]


def ran_together(home: Home, flag: Path, *keys: str) -> Done:
    """Let all of them begin on the same tip before one may end, and run to the end."""
    process = home.start("run", "--json")
    eventually(lambda: all(_runs(home, key) for key in keys), within=180)
    flag.write_text("go")
    out, err = process.communicate(timeout=240)
    return Done(process.returncode, out, err)


def _runs(home: Home, key: str) -> bool:
    return [attempt["state"] for attempt in home.show(key)["attempts"]] == ["running"]


def test_a_conflict_comes_back_with_both_sides_and_the_agent_finds_its_own_work(home: Home) -> None:
    flag = home.waiting_agent("greets", SAME_LINE)
    keys = [home.task("say hello", "-d", f"the {which} greeting") for which in ("first", "other")]

    done = ran_together(home, flag, *keys)

    assert (done.code, done.json["merged"]) == (0, 2), (done.err, [home.show(k) for k in keys])
    (winner,), (first, second) = attempts(home, *keys)
    assert first["state"] == "rejected"
    assert [one["key"] for one in first["others"]] == [winner["id"][:5].upper()]
    assert f"readme.txt, which {winner['id'][:5].upper()} changed" in first["reason"]
    assert second["state"] == "merged"
    said = git(home.repository, "show", "main:readme.txt")
    assert sorted(said.splitlines()) == [f"{key} says hello" for key in sorted(keys)]
    told = git(home.repository, "show", "main:told.txt")
    assert "Both sides of readme.txt:" in told
    assert "<<<<<<< target" in told
    assert "greeting" in told
    kept = git(home.repository, "for-each-ref", "--format=%(objectname)", "refs/fleet/kept")
    assert first["head"] in kept.split()


def test_green_apart_and_red_together_goes_back_and_lands_once_its_agent_reacts(
    home: Home,
) -> None:
    (home.repository / "scripts" / "check.sh").write_text(CHECK)
    git(home.repository, "add", ".")
    git(home.repository, "commit", "-qm", "one voice")
    git(home.repository, "branch", "-f", "main", "HEAD")
    flag = home.waiting_agent("speaks", ONE_VOICE)
    keys = [home.task("speak up"), home.task("speak out")]

    done = ran_together(home, flag, *keys)

    assert (done.code, done.json["merged"]) == (0, 2), (done.err, [home.show(k) for k in keys])
    (winner,), (first, second) = attempts(home, *keys)
    other = winner["id"][:5].upper()
    assert (first["state"], second["state"]) == ("rejected", "merged")
    assert first["reason"] == (
        f"green alone, red once merged into the target; merged meanwhile: {other}"
    )
    assert [one["key"] for one in first["others"]] == [other]
    assert other in git(home.repository, "show", "main:told.txt")
    assert other in home.run("task", "show", first["id"][:5].upper()).out
    assert_every_commit_is_green(home)


def assert_every_commit_is_green(home: Home) -> None:
    """Count the voices at each commit of the target's own line."""
    for sha in git(home.repository, "rev-list", "--first-parent", "main").split():
        listed = git(home.repository, "ls-tree", "-r", "--name-only", sha, "--", "voices")
        assert len(listed.split()) <= 1, sha
