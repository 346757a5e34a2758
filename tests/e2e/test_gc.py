"""`fleet gc` as a user sees it: what it tells is what it does, and nothing that is needed goes."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from fleet.adapters.git.worktrees import GitWorktrees
from fleet.adapters.system import SystemClock
from fleet.domain.profile import Project
from tests.e2e.fleets import FLEET, Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(1500)]

KEPT = "refs/fleet/kept/"
KILLED = -9
WRITES = "open('made.txt', 'w').write('made')"
LONG_AGO = time.time() - 40 * 24 * 3600  # noqa: TID251 - files are dated by the machine's clock


def orphan(home: Home, number: int = 99) -> str:
    """Make what an attempt leaves that no ledger knows, a running container too; answer its id."""
    attempt = f"app-{number}-1-{home.home8}"
    project = Project(key="APP", path=str(home.repository), target="main", checks=())
    worktrees = GitWorktrees(home.folder, home.home8, SystemClock(), variables={})
    space = worktrees.prepare(project, attempt, branch=f"fleet/app-{number}", fresh=False)
    Path(space.path, "made.txt").write_text("made by an orphan")
    packets = home.folder / ".fleet" / "packets" / attempt
    packets.mkdir(parents=True)
    (packets / "packet.json").write_text("{}")
    labels = {"fleet.home": home.home8, "fleet.attempt": attempt, "fleet.purpose": "agent"}
    told = [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]
    docker("network", "create", "--internal", *told[:4], f"fleet-{attempt}")
    name, image = f"fleet-{attempt}", home.image
    docker(
        "run",
        "-d",
        "--name",
        name,
        *told,
        "--network",
        name,
        "--entrypoint",
        "sleep",
        image,
        "9999",
    )
    return attempt


def docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def kept(home: Home) -> list[str]:
    """Answer the names of all that is kept."""
    told = git(home.repository, "for-each-ref", "--format=%(refname)", KEPT)
    return [name.removeprefix(KEPT) for name in told.splitlines()]


def networks(home: Home) -> list[str]:
    label = f"label=fleet.home={home.home8}"
    return docker("network", "ls", "--filter", label, "--format", "{{.Name}}").split()


def left(home: Home) -> list[str]:
    """Answer the names of folders that attempts have in the home."""
    parts = ("worktrees", "git", "packets", "checks")
    return [path.name for part in parts for path in (home.folder / ".fleet" / part).glob("*")]


@pytest.fixture
def home(home: Home) -> Iterator[Home]:
    """A home whose networks are gone afterwards too."""
    yield home
    for name in home.containers():
        docker("rm", "-f", name)
    for name in networks(home):
        docker("network", "rm", name)


def test_what_a_dry_run_tells_is_what_is_done_and_nothing_else(home: Home) -> None:
    home.agent("writes", WRITES)
    key = home.task("write a file")
    assert home.run("run").code == 0
    attempt = orphan(home)
    traces = [path for end in ("jsonl", "log") for path in home.folder.rglob(f"traces/**/*.{end}")]
    assert len(traces) > 1
    for path in traces:
        os.utime(path, (LONG_AGO, LONG_AGO))
    git(home.repository, "branch", f"fleet/{key.lower()}", "main")

    dry = home.run("gc", "--dry-run")
    asked = home.run("gc")
    assert (dry.code, asked.code) == (0, 2), dry.err + asked.err
    assert "no --yes" in asked.err
    assert home.containers() == [f"fleet-{attempt}"]
    assert attempt in left(home)
    done = home.run("gc", "--yes")

    assert done.code == 0, done.err
    assert done.out == dry.out
    kinds = [line.split()[0] for line in done.out.splitlines()]
    assert sorted({*kinds}) == [
        "branch",
        "container",
        "log",
        "network",
        "packet",
        "trace",
        "worktree",
    ]
    assert f"kept as {KEPT}{attempt} first" in done.out
    assert home.containers() == networks(home) == left(home) == []
    assert git(home.repository, "show", f"{KEPT}{attempt}:made.txt") == "made by an orphan"
    assert [path for path in traces if path.exists()] == []
    assert home.show(key)["status"] == "done"


def test_the_second_time_there_is_nothing_to_do(home: Home) -> None:
    orphan(home)
    assert home.run("gc", "--yes").code == 0

    again = home.run("gc", "--json")

    assert again.code == 0, again.err
    assert again.json["goes"] == []


def test_what_a_live_coordinator_works_with_is_not_touched(home: Home) -> None:
    home.agent("slow", "import time; time.sleep(8); open('made.txt', 'w').write('made')")
    key = home.task("take your time")
    attempt = orphan(home)
    running = home.start("run")
    deadline, pause = time.monotonic() + 120, Event()
    while home.show(key)["attempts"][:1] == [] or not home.show(key)["attempts"][0]["started"]:
        assert time.monotonic() < deadline
        pause.wait(0.2)

    swept = [home.run("gc", "--yes") for _ in range(4)]
    _, said = running.communicate(timeout=120)

    assert [each.code for each in swept] == [0] * 4, [each.err for each in swept]
    assert running.returncode == 0, said
    (only,) = home.show(key)["attempts"]
    assert only["state"] == "merged"
    # the coordinator takes an orphan's container itself; its work is kept whoever comes first
    assert kept(home) == [attempt]


def test_two_at_once_and_one_that_is_killed_lose_nothing(home: Home) -> None:
    attempts = [orphan(home, number) for number in (97, 98, 99)]

    killed = home.start("gc", "--yes")
    assert killed.stdout is not None
    killed.stdout.readline()
    killed.kill()
    killed.communicate()
    both = [home.start("gc", "--yes") for _ in range(2)]
    ended = [(each.communicate(timeout=120)[1], each.returncode) for each in both]
    last = home.run("gc", "--yes")

    assert last.code == 0, (last.err, ended)
    assert home.containers() == networks(home) == left(home) == []
    assert kept(home) == attempts
    for attempt in attempts:
        assert git(home.repository, "show", f"{KEPT}{attempt}:made.txt") == "made by an orphan"


def test_a_clean_up_killed_at_any_step_is_ended_by_the_next(home: Home, tmp_path: Path) -> None:
    attempt, seen = orphan(home), tmp_path / "seen"
    assert swept_with(home, f"FLEET_FAILPOINTS_SEEN={seen}") == 0
    passed = seen.read_text().split()
    # before it nothing has been changed
    points = passed[passed.index("engine.delete.containers:before") :]
    assert "git.update-ref:after" in points
    git(home.repository, "update-ref", "-d", f"{KEPT}{attempt}")

    for point in points:
        orphan(home)
        assert swept_with(home, f"FLEET_FAILPOINTS={point}=kill") == KILLED, point
        done = home.run("gc", "--yes")

        assert done.code == 0, (point, done.err)
        assert home.containers() == networks(home) == left(home) == [], point
        shown = git(home.repository, "show", f"{KEPT}{attempt}:made.txt")
        assert shown == "made by an orphan", point


def swept_with(home: Home, variable: str) -> int:
    """Clean up with a variable in the environment; answer the exit code."""
    command = ["env", variable, str(FLEET), "--home", str(home.folder), "gc", "--yes"]
    return subprocess.run(command, check=False, capture_output=True, timeout=240).returncode


def test_what_is_kept_goes_only_by_its_name_and_a_mistyped_one_is_told(home: Home) -> None:
    home.agent("fails", f"{WRITES}; raise SystemExit(1)")
    key = home.task("fail", "--max-retries", "0")
    home.run("run")
    (row,) = home.show(key)["kept"]
    assert row["ref"] == f"{KEPT}{home.show(key)['attempts'][-1]['id']}"
    assert "failed" in row["why"]
    assert (
        row["sha"]
        in subprocess.run(row["look"].split(), check=True, capture_output=True, text=True).stdout
    )
    assert row["look"] in home.run("task", "show", key).out

    wrong = home.run("gc", "--yes", "--force", f"{row['ref']}x")
    assert wrong.code == 1
    assert f"did you mean '{row['ref']}'" in wrong.err
    assert home.run("gc", "--yes").code == 0
    assert len(home.show(key)["kept"]) == 1

    gone = home.run("gc", "--yes", "--json", "--force", row["ref"])

    assert [each["name"] for each in gone.json["goes"]] == [row["ref"]], json.dumps(gone.json)
    assert home.show(key)["kept"] == []
    assert f"{row['ref']} was at {row['sha']}" in home.run("task", "log", key).out
    # the branch of a failed task stays for a retry
    assert git(home.repository, "rev-parse", f"fleet/{key.lower()}") == row["sha"]
