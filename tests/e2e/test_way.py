"""The way of a task as a user sees it: board, branch, pull request, container list."""

import json
import signal
import time
from pathlib import Path
from threading import Event

import pytest

from tests.containers import eventually
from tests.e2e.fleets import Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(300)]

WRITES = """
import json, os
key = json.load(open(os.environ["FLEET_PACKET"]))["task_id"]
open(f"{key}.txt", "w").write(key)
"""
SLEEPS = """
import pathlib, time
pathlib.Path("begun.txt").write_text("half of the work")
time.sleep(600)
"""
RED = "open('red.txt', 'w').write('x')"


def wait_for(home: Home, state: str, *, seconds: float = 180) -> None:
    """Wait until an attempt of the home is in that state."""
    deadline, pause = time.monotonic() + seconds, Event()
    while time.monotonic() < deadline:
        running = home.ask("status", "--json").json["running"]
        if any(attempt["state"] == state for attempt in running):
            return
        pause.wait(0.2)
    raise AssertionError(f"no attempt became {state}")


def test_a_verified_branch_waits_for_review_and_is_merged_at_exactly_its_sha(home: Home) -> None:
    home.agent("writes", WRITES)
    key = home.task("write a file", "--review", "required")

    done = home.run("run", "--json")

    assert (done.code, done.json["in_review"]) == (0, 1), done.err
    (pull,) = home.run("pr", "list", "--json").json
    assert (pull["status"], pull["task"]) == ("open", key)
    assert f"{key}.txt" in home.run("pr", "diff", str(pull["number"]), "--stat").out
    merged = home.run("pr", "merge", str(pull["number"]), "--yes", "--json")
    assert merged.code == 0, merged.err
    line = merged.out[merged.out.index("{") :]
    assert json.loads(line)["merged_sha"] == git(home.repository, "rev-parse", "main")
    git(home.repository, "merge-base", "--is-ancestor", pull["head"], "main")
    assert home.show(key)["status"] == "done"
    assert git(home.repository, "branch", "--list", "fleet/*") == ""


def test_a_rejected_pull_request_goes_back_with_its_reason(home: Home) -> None:
    home.agent(
        "obeys",
        "import json, os\n"
        "said = json.load(open(os.environ['FLEET_PACKET']))['messages']\n"
        "open('said.txt', 'w').write(json.dumps(said))\n",
    )
    key = home.task("write what was said", "--review", "required")
    assert home.run("run").code == 0

    home.run("pr", "reject", "1", "--reason", "write it in capitals")
    assert home.run("run").code == 0

    assert home.show(key)["attempts"][0]["state"] == "rejected"
    assert "write it in capitals" in git(home.repository, "show", "fleet/app-1:said.txt")


def test_red_attempts_are_bounded_and_end_with_an_escalation(home: Home) -> None:
    home.agent("red", RED)
    key = home.task("cannot be done", "--max-retries", "1")

    done = home.run("run", "--json")

    assert (done.code, done.json["failed"]) == (1, 1)
    shown = home.show(key)
    assert [attempt["state"] for attempt in shown["attempts"]] == ["rejected", "rejected"]
    assert shown["escalation"]["verdict"]["status"] == "failed"
    assert any("task retry" in text for text in shown["escalation"]["recommendations"])
    kept = git(home.repository, "for-each-ref", "--format=%(refname)", "refs/fleet/kept")
    assert kept.startswith("refs/fleet/kept/app-1-2-")
    assert git(home.repository, "ls-tree", "--name-only", "main").split() == [
        "readme.txt",
        "scripts",
    ]


def test_an_approved_check_change_is_judged_by_both_checks(home: Home) -> None:
    home.agent("tightens", "open('scripts/check.sh', 'a').write('test -e readme.txt\\n')")
    key = home.task("tighten the check")
    assert home.run("run").code == 1
    (action,) = home.run("approval", "list", "--json").json
    assert (action["task"], action["files"]) == (key, ["scripts/check.sh"])

    home.run("approval", "approve", action["id"])
    done = home.run("run", "--json")

    assert done.code == 0, done.err
    verdicts = {v["name"]: v["status"] for v in home.show(key)["attempts"][0]["verdicts"]}
    assert verdicts == {"check@target": "passed", "check": "passed"}


def test_a_stop_commits_the_work_and_the_next_run_goes_on(home: Home) -> None:
    home.agent("sleeps", SLEEPS)
    key = home.task("takes long")
    process = home.start("run")
    begun = (home.folder / ".fleet" / "worktrees").glob
    # of a container that runs it is not known whether its agent has begun
    eventually(lambda: [path for path in begun("*/begun.txt") if path.stat().st_size], within=180)

    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=150)

    assert process.returncode == 130
    assert home.containers() == []
    assert git(home.repository, "show", f"fleet/{key.lower()}:begun.txt") == "half of the work"
    attempt = home.show(key)["attempts"][0]
    assert attempt["state"] == "cancelled"
    home.agent("sleeps", WRITES)
    assert home.run("run").code == 0
    assert git(home.repository, "show", "main:begun.txt") == "half of the work"


def test_a_killed_coordinator_is_taken_up_where_it_was(home: Home) -> None:
    home.agent("slow", "import time; time.sleep(4)\n" + WRITES)
    keys = [home.task(f"number {n}") for n in range(3)]
    process = home.start("run")
    wait_for(home, "running")

    process.kill()
    process.communicate()
    done = home.run("run", "--json")

    assert (done.code, done.json["merged"]) == (0, 3), done.err
    assert [len(home.show(key)["attempts"]) for key in keys] == [1, 1, 1]
    assert home.containers() == []
    commits = git(home.repository, "log", "--format=%s", "main").splitlines()
    assert sorted(f"Merge {key}: number {n}" for n, key in enumerate(keys)) == sorted(
        subject for subject in commits if subject.startswith("Merge APP-")
    )


def test_a_dirty_checkout_of_the_target_makes_the_merge_wait(home: Home) -> None:
    git(home.repository, "switch", "-q", "main")
    (home.repository / "readme.txt").write_text("my own change\n")
    home.agent("writes", WRITES)
    key = home.task("write a file")
    before = git(home.repository, "rev-parse", "main")

    done = home.run("run", "--json")

    assert done.code == 1
    assert done.json["waiting"] == [key], done.err
    assert git(home.repository, "rev-parse", "main") == before
    assert (home.repository / "readme.txt").read_text() == "my own change\n"
    git(home.repository, "checkout", "readme.txt")
    assert home.run("run").code == 0
    assert (home.repository / f"{key}.txt").exists()


def test_dependencies_are_waited_for_and_parallel_agents_do_not_meet(home: Home) -> None:
    home.agent("writes", WRITES)
    first = home.task("first")
    second = home.task("second", "--depends", first)
    others = [home.task(f"other {n}") for n in range(4)]

    done = home.run("run", "--parallel", "3", "--json")

    assert (done.code, done.json["merged"]) == (0, 6), done.err
    merged = git(home.repository, "ls-tree", "--name-only", "main").split()
    assert {f"{key}.txt" for key in (first, second, *others)} <= set(merged)
    assert home.show(second)["attempts"][0]["base"] != home.show(first)["attempts"][0]["base"]


def test_two_at_once_are_refused_and_named_keys_are_followed(home: Home) -> None:
    flag = home.waiting_agent("slow", WRITES)
    key = home.task("slow")
    process = home.start("run")
    wait_for(home, "running")

    refused = home.run("run")
    follower = home.start("run", key, "--json")
    # the work goes on once it is followed, however long a busy machine takes to begin that
    assert follower.stderr is not None
    first = follower.stderr.readline()
    flag.write_text("go")
    out, err = follower.communicate(timeout=120)

    assert refused.code == 1
    assert f"process {process.pid}" in refused.err
    assert (follower.returncode, json.loads(out)["merged"]) == (0, 1), first + err
    process.communicate(timeout=150)


def test_a_trace_tells_what_was_asked_changed_and_checked(home: Home, tmp_path: Path) -> None:
    home.agent("writes", "print('token ghp_abcdefghijklmnopqrstuvwxyz0123456789')\n" + WRITES)
    key = home.task("write a file")
    assert home.run("run").code == 0

    (trace,) = (home.folder / "traces").glob("app-1-1-*.jsonl")
    lines = [json.loads(line) for line in trace.read_text().splitlines()]

    kinds = [line["kind"] for line in lines]
    assert {"asked", "started", "result", "changed", "spent", "checked"} <= set(kinds)
    changed = next(line for line in lines if line["kind"] == "changed")
    (change,) = changed["changes"]
    assert (change["path"], change["change_type"], change["added"]) == (f"{key}.txt", "create", 1)
    assert "ghp_abcdefghijklmnopqrstuvwxyz" not in trace.read_text()
