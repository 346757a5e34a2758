"""Guards from outside: nothing starts without room, a full disk is waited out, hogs hurt none."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.e2e.conftest import CHECK
from tests.e2e.fleets import Done, Home, git
from tests.small_disk import MEGABYTE, fill, small_disk

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(900)]

WORK = """
import json, os
key = json.load(open(os.environ["FLEET_PACKET"]))["task_id"]
open(f"work-{key}.txt", "w").write(key)
"""


def until(seen: Callable[[], Any], *, seconds: float = 180) -> Any:
    """Wait until it answers something true, and answer that."""
    deadline, pause = time.monotonic() + seconds, Event()
    while time.monotonic() < deadline:
        found = seen()
        if found:
            return found
        pause.wait(0.3)
    raise AssertionError("it never came")


def waiting_for(home: Home) -> list[str]:
    """Answer what `fleet status` says that tasks wait for."""
    told = home.ask("status", "--json")
    return [row["waiting_for"] for row in told.json["queue"]] if told.code == 0 else []


def a_loaded_machine() -> None:
    """Let the machine have something to do, until its kernel has noticed."""
    while os.getloadavg()[0] == 0:
        sum(range(10**6))


@pytest.mark.parametrize(
    ("limit", "line", "status"),
    [
        ({"memory_free_gb": 100_000}, "memory", "warn"),
        ({"disk_free_gb": 1_000_000}, "disk of the home", "fail"),
        ({"load_per_core": 1e-9}, "load", "warn"),
    ],
)
def test_a_machine_below_a_limit_starts_nothing_and_everybody_says_so(
    home: Home, limit: dict[str, float], line: str, status: str
) -> None:
    a_loaded_machine()
    home.agent("works", WORK)
    key = home.task("wait for room")
    home.configure(limits=limit)
    (name,) = limit

    process = home.start("run")
    assert process.stderr is not None
    # what status answers is its own measure: the run may not have begun yet
    progress = next((told for told in process.stderr if f"limits.{name}" in told), "")
    (said,) = until(lambda: waiting_for(home))
    rows = {row["check"]: row for row in home.run("doctor", "--json").json}
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=240)

    assert f"limits.{name}" in said
    assert f"limits.{name}" in progress
    assert (rows[line]["status"], f"limits.{name}" in rows[line]["remedy"]) == (status, True)
    assert home.show(key)["attempts"] == []


@pytest.fixture
def small_home(tmp_path: Path, repository: Path) -> Iterator[Home]:
    """A home on a disk of its own of 128 MB; nothing starts with less than 32 MB free."""
    with small_disk(tmp_path / "disk", megabytes=128) as disk:
        home = Home(disk / "home", repository).made()
        home.configure(limits={"disk_free_gb": 0.03, "parallel": 2})
        yield home
        left = home.containers()
        if left:
            subprocess.run(["docker", "rm", "-f", *left], check=True, capture_output=True)


def merged(home: Home, done: Done, keys: list[str]) -> None:
    """Assert that each task was merged, each once."""
    assert done.code == 0, done.out + done.err
    for key in keys:
        assert home.show(key)["status"] == "done"
        subjects = git(home.repository, "log", "--no-merges", "--format=%s", "main").splitlines()
        assert [said.startswith(f"{key}: ") for said in subjects].count(True) == 1


def test_tasks_wait_for_a_full_disk_and_go_on_by_themselves_once_there_is_room(
    small_home: Home,
) -> None:
    home = small_home
    home.agent("works", WORK)
    keys = [home.task("first"), home.task("second")]
    ballast = fill(home.folder.parent, leaving=16 * MEGABYTE)

    process = home.start("run", "--json")
    said = until(lambda: waiting_for(home))
    ballast.unlink()
    out, err = process.communicate(timeout=600)

    assert all("limits.disk_free_gb" in each for each in said)
    merged(home, Done(process.returncode, out, err), keys)


def test_nothing_is_lost_or_doubled_when_the_last_byte_goes_while_agents_work(
    small_home: Home, tmp_path: Path
) -> None:
    home, flag = small_home, tmp_path / "flag"
    flag.write_text("wait")
    script = WORK + "import time\nwhile open('/opt/flag').read() != 'go':\n    time.sleep(0.1)\n"
    files = [f"{home.folder}/works.py:/opt/works.py", f"{flag}:/opt/flag"]
    home.agent("works", script, files=files)
    keys = [home.task("first"), home.task("second"), home.task("third")]

    process = home.start("run", "--json")
    until(
        lambda: "running" in [row["state"] for row in home.ask("status", "--json").json["running"]]
    )
    ballast = fill(home.folder.parent, leaving=0)
    flag.write_text("go")
    Event().wait(20)
    alive = process.poll() is None
    ballast.unlink()
    out, err = process.communicate(timeout=600)

    assert alive, err
    merged(home, Done(process.returncode, out, err), keys)


HOGS = {
    "gigabytes": WORK
    + """
import sys
while True:
    sys.stdout.buffer.write((b"x" * 99 + b"\\n") * 10_000)
""",
    "endless line": WORK
    + """
import sys
while True:
    sys.stdout.buffer.write(b"x" * 10**6)
""",
    "lines": WORK
    + """
import time
end = time.monotonic() + 3
while time.monotonic() < end:
    print("".join(f"line {n}\\n" for n in range(10_000)))
""",
    "forks": WORK
    + """
import time
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
""",
    "zombies": WORK
    + """
import time
for _ in range(500):
    try:
        if os.fork() == 0:
            os.fork()
            os._exit(0)
    except OSError:
        time.sleep(0.01)
""",
    "threads": WORK
    + """
import threading, time
try:
    for _ in range(5000):
        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
except RuntimeError:
    pass
""",
    "memory": WORK
    + """
taken = []
while True:
    taken.append(bytearray(b"x") * 10**7)
""",
    "temporary files": WORK
    + """
try:
    with open("/tmp/big", "wb") as file:
        while True:
            file.write(bytes(10**6))
except OSError as error:
    print(error)
""",
    "worktree": WORK
    + """
import time
for number in range(10**6):
    open(f"filler-{number}", "wb").write(b"some words\\n" * 300_000)
    time.sleep(0.2)
""",
    "entries": WORK
    + """
import time
os.mkdir("many")
for number in range(40_000):
    os.close(os.open(f"many/{number}", os.O_CREAT))
time.sleep(600)
""",
}
ENDS = {
    "gigabytes": "time is over",
    "endless line": "time is over",
    "forks": "time is over",
    "memory": "oom",
    "worktree": "limits.worktree_gb allows 0.1",
    "entries": "limits.worktree_gb allows 0.1",
}
# who is ended for its size has to be looked at first, on a machine full of hogs
MAY_TAKE = {"time is over": "20s", "limits.worktree_gb allows 0.1": "5m"}
COORDINATORS = 400  # megabytes of memory that a coordinator may take, whatever its agents do


class Night:
    """All hogs beside agents that work, in one run; `peak` is what the coordinator took at most."""

    def __init__(self, home: Home) -> None:
        self.home = home
        home.configure(
            limits={"worktree_gb": 0.1, "parallel": 4},
            swap={"timeout": {"max_swaps": 0}, "error": {"max_swaps": 0}},
        )
        small = {"cpus": 1, "memory": "256m", "pids": 128}
        for name, script in {**HOGS, "works": WORK}.items():
            late = MAY_TAKE.get(ENDS.get(name, ""), "60s")
            home.agent(name.replace(" ", "-"), script, attempt_timeout=late, limits=small)
        once = ("--max-retries", "0", "--profile")
        self.keys = {name: home.task(name, *once, name.replace(" ", "-")) for name in HOGS}
        self.good = [home.task(f"work {number}", *once, "works") for number in range(3)]
        self.peak = 0
        self.code = self._run()
        self.tasks = {name: home.show(key) for name, key in self.keys.items()}

    def _run(self) -> int:
        process, pause = self.home.start("run"), Event()
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            told = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
            self.peak = max([self.peak, *(int(line.split()[1]) // 1024 for line in told)])
            pause.wait(1)
        process.communicate()
        return process.returncode


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("hogs")
    repository = folder / "repository"
    (repository / "scripts").mkdir(parents=True)
    (repository / "scripts" / "check.sh").write_text(CHECK)
    git(repository, "init", "-q", "-b", "main")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "start")
    git(repository, "switch", "-q", "--detach")
    home = Home(folder / "home", repository).made()
    try:
        yield Night(home)
    finally:
        left = home.containers()
        if left:
            subprocess.run(["docker", "rm", "-f", *left], check=True, capture_output=True)


@pytest.mark.parametrize("name", HOGS)
def test_a_hog_comes_to_an_end_that_is_explained(night: Night, name: str) -> None:
    task = night.tasks[name]
    ((state, reason),) = [(each["state"], each["reason"]) for each in task["attempts"]]

    if name in ENDS:
        assert task["status"] == "failed"
        assert ENDS[name] in reason
    else:
        assert task["status"] in {"done", "failed"}
        assert (state == "merged") == (task["status"] == "done")
        assert reason


@pytest.mark.parametrize("name", ["worktree", "entries", "gigabytes", "forks"])
def test_what_a_hog_did_before_is_kept(night: Night, name: str) -> None:
    task = night.tasks[name]
    (attempt,) = task["attempts"]
    files = git(night.home.repository, "ls-tree", "--name-only", attempt["head"]).split()

    assert f"work-{night.keys[name]}.txt" in files


def test_those_that_work_are_merged_beside_hogs(night: Night) -> None:
    assert [night.home.show(key)["status"] for key in night.good] == ["done"] * 3


def test_the_coordinator_takes_little_memory_whatever_agents_do(night: Night) -> None:
    assert 0 < night.peak < COORDINATORS


def test_of_hogs_neither_containers_nor_worktrees_nor_long_traces_are_left(night: Night) -> None:
    home = night.home.folder
    traces = [path.stat().st_size for path in (home / "traces").rglob("*") if path.is_file()]

    assert night.home.containers() == []
    assert [*(home / ".fleet" / "worktrees").glob("*"), *(home / ".fleet" / "git").glob("*")] == []
    assert max(traces) < 16 * MEGABYTE
    assert json.loads(night.home.run("status", "--json").out)["running"] == []
