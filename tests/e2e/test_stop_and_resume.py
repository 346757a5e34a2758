"""People stop what runs: nothing is lost, nothing starts until they resume, over restarts too."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from threading import Event

import pytest

from tests.e2e.fleets import FLEET, Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(600)]

HALF = """
import pathlib, time
half = pathlib.Path("half.txt")
if half.exists():
    pathlib.Path("whole.txt").write_text("whole")
else:
    half.write_text("half")
    time.sleep(600)
"""
SLOW = """
import pathlib, time
pathlib.Path(f"slow-{time.time_ns()}.txt").write_text("slow")
"""


def wait_for(told, *, seconds=120):
    """Wait until it answers something true, and answer that."""
    deadline, pause = time.monotonic() + seconds, Event()
    while not (found := told()):
        assert time.monotonic() < deadline
        pause.wait(0.5)
    return found


def at_work(home: Home, key: str) -> str | None:
    """Answer the container of a task whose agent has begun to work."""
    for name in home.containers():
        worktree = home.folder / ".fleet" / "worktrees" / name.removeprefix("fleet-")
        if key.lower() in name and (worktree / "half.txt").exists():
            return name
    return None


def state(home: Home, key: str) -> str:
    return str(home.show(key)["status"])


@pytest.fixture
def service(home: Home):
    """Answer the process of a service that was left running; it is gone afterwards."""
    home.agent("halves", HALF)
    done = home.run("up", "--detach")
    assert done.code == 0, done.err
    yield int(done.out)
    home.run("down", "--now")


def gone(process: int) -> bool:
    """Tell whether it has ended; where nobody asks how it did, the kernel remembers it."""
    try:
        told = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return True
    return told.rpartition(")")[2].split()[0] == "Z"


def test_a_stop_of_all_salvages_the_work_and_a_resume_goes_on_with_it(home, service):
    key = home.task("write a file")
    wait_for(lambda: at_work(home, key))

    told = home.run("stop", "--all", "--reason", "fire")
    wait_for(lambda: not home.containers())
    wait_for(lambda: state(home, key) == "ready")

    assert told.code == 0
    assert f"process {service}" in told.err
    shown = home.show(key)
    assert "everything is stopped by" in shown["reason"]
    (attempt,) = shown["attempts"]
    assert (attempt["state"], attempt["outcome"]) == ("cancelled", "cancelled")
    assert git(home.repository, "show", f"{shown['branch']}:half.txt") == "half"
    (hold,) = home.run("status", "--json").json["holds"]
    assert (hold["subject"], hold["kind"], hold["reason"]) == ("fleet", "stop", "fire")

    assert "the fleet goes on" in home.run("resume").out
    wait_for(lambda: state(home, key) == "done")

    assert git(home.repository, "show", "main:half.txt") == "half"
    assert git(home.repository, "show", "main:whole.txt") == "whole"


def test_a_service_is_left_running_with_a_log_and_ends_when_it_is_told(home, service):
    down = home.run("down")

    assert down.code == 0, down.err
    assert f"process {service} on" in down.out
    wait_for(lambda: gone(service))
    log = home.folder / ".fleet" / "up.log"
    assert f"coordinates {home.folder}" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    assert home.run("down").out.startswith("nobody coordinates")


def test_a_file_of_any_tool_stops_a_run_and_the_next_one_until_it_is_resumed(home):
    home.agent("halves", HALF)
    key = home.task("write a file")
    run = home.start("run", key, "--json")
    wait_for(lambda: at_work(home, key))

    (home.folder / "STOP").write_text("fire\n")
    out, err = run.communicate(timeout=240)

    assert run.returncode == 1, err
    assert '"waiting": [\n    "APP-1"' in out
    assert "stopped by the file STOP in the home: fire" in out
    assert home.containers() == []
    again = home.run("run", key, "--json", timeout=150)
    assert again.code == 1
    assert again.json["waiting"] == [key]
    assert "STOP in the home: fire" in again.json["tasks"][0]["reason"]
    assert len(home.show(key)["attempts"]) == 1

    assert home.run("resume").code == 0
    assert not (home.folder / "STOP").exists()
    assert home.run("run", key).code == 0
    assert git(home.repository, "show", "main:half.txt") == "half"


def test_down_finishes_and_merges_what_runs_and_begins_nothing_else(home):
    home.configure(limits={"parallel": 1})
    flag = home.waiting_agent("slow", SLOW)
    first, second = home.task("first"), home.task("second")
    up = home.start("up")
    wait_for(home.containers)

    down = home.start("down")
    assert down.stdout is not None
    told = down.stdout.readline()
    # who is told so may end now
    flag.write_text("go")
    down.communicate(timeout=240)
    _, err = up.communicate(timeout=150)

    assert (down.returncode, up.returncode) == (0, 0), err
    assert "1 running attempts are finished" in told
    assert {first: state(home, first), second: state(home, second)} == {
        first: "done",
        second: "ready",
    }
    assert home.show(second)["attempts"] == []
    assert "slow-" in git(home.repository, "ls-tree", "--name-only", "main")
    # the next one is not held by what its predecessor was told
    assert home.run("run", second).code == 0


def test_down_now_stops_what_runs_and_the_next_one_goes_on(home, service):
    key = home.task("write a file")
    wait_for(lambda: at_work(home, key))

    told = home.run("down", "--now")

    assert told.code == 0, told.err
    wait_for(lambda: gone(service))
    assert home.containers() == []
    assert [attempt["state"] for attempt in home.show(key)["attempts"]] == ["cancelled"]
    assert home.run("run", key).code == 0


def test_a_drain_may_be_taken_back_and_who_waits_for_it_is_told(home, service):
    key = home.task("write a file")
    wait_for(lambda: at_work(home, key))
    waiting = home.start("down")
    wait_for(lambda: home.run("status", "--json").json["holds"])

    resumed = home.run("resume")
    _, err = waiting.communicate(timeout=150)

    assert "the coordinator goes on" in resumed.out
    assert waiting.returncode == 1
    assert "resumed it" in err
    assert home.run("status", "--json").json["coordinator"]["pid"] == service
    assert not gone(service)


def test_a_stopped_task_is_stopped_alone(home, service):
    first, second = home.task("first"), home.task("second")
    wait_for(lambda: at_work(home, first))
    wait_for(lambda: at_work(home, second))

    assert home.run("stop", first).code == 0
    wait_for(lambda: state(home, first) == "ready")

    assert at_work(home, second)
    assert f"`fleet resume {first}` lifts it" in home.show(first)["reason"]
    ended = home.run("run", first, "--json", timeout=150)
    assert (ended.code, ended.json["waiting"]) == (1, [first])
    assert home.run("resume", first).code == 0
    wait_for(lambda: state(home, first) == "done")


def test_without_a_coordinator_a_stop_ends_the_containers_itself_and_loses_nothing(home):
    home.agent("halves", HALF)
    key = home.task("write a file")
    run = home.start("run")
    container = wait_for(lambda: at_work(home, key))
    run.send_signal(signal.SIGKILL)
    run.communicate(timeout=150)

    told = home.run("stop", "--all")

    assert told.code == 0, told.err
    assert container.removeprefix("fleet-") in told.err
    inspected = subprocess.run(
        ["docker", "inspect", "--format", "{{.State.Running}}", container],
        check=True,
        capture_output=True,
        text=True,
    )
    assert inspected.stdout.strip() == "false"
    assert home.run("run").code == 1
    shown = home.show(key)
    assert [attempt["state"] for attempt in shown["attempts"]] == ["cancelled"]
    assert git(home.repository, "show", f"{shown['branch']}:half.txt") == "half"
    assert home.containers() == []


def test_a_second_service_says_who_holds_the_home_and_leaves_it_alone(home, service):
    again = home.run("up", "--detach")

    assert again.code == 1
    assert again.out == ""
    assert f"process {service}" in again.err
    assert not gone(service)


def test_a_service_outlives_the_terminal_that_began_it(home):
    shell = subprocess.Popen(
        ["setsid", "--wait", str(FLEET), "--home", str(home.folder), "up", "--detach"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    out, err = shell.communicate(timeout=240)
    assert shell.returncode == 0, err
    process = int(out)

    assert os.getsid(process) == process != shell.pid
    assert home.run("down").code == 0


def test_a_supervisor_hears_that_the_decider_goes_on_though_there_is_nothing_to_do(
    home, tmp_path, monkeypatch
):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "6000000")
        up = home.start("up")

        words = [ear.recv(100).decode() for _ in range(5)]
        up.send_signal(signal.SIGTERM)
        up.communicate(timeout=150)
        while words[-1] == "WATCHDOG=1":
            words.append(ear.recv(100).decode())

    assert words[0] == "READY=1"
    assert words[1:5] == ["WATCHDOG=1"] * 4
    assert words[-1] == "STOPPING=1"
