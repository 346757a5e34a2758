"""A coordinator is killed, or left without an engine: what runs is adopted, once."""

import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from threading import Event

import pytest

from tests.e2e.fleets import Home
from tests.own_engine import SMALL_IMAGE, OwnEngine, own_engine

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(900)]

# works for a while, and says so again and again
WORKS = """
import json, os, time
for _ in range({seconds}):
    print("at work", flush=True)
    time.sleep(1)
task = json.load(open(os.environ["FLEET_PACKET"]))["task_id"]
open(task + ".txt", "w").write("made")
"""
WRITES = """
import json, os
task = json.load(open(os.environ["FLEET_PACKET"]))["task_id"]
open(task + ".txt", "w").write("made")
"""


def works(home: Home, seconds: int) -> None:
    home.agent("works", WORKS.format(seconds=seconds))


def eventually(holds: Callable[[], object], *, within: float = 120) -> None:
    deadline, pause = time.monotonic() + within, Event()
    while not holds():
        assert time.monotonic() < deadline, "it never came to be so"
        pause.wait(0.3)


@contextmanager
def coordinating(home: Home, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """Let `fleet run` coordinate inside the block; it is killed where it goes on after that."""
    process = home.start(*(words or ("run",)))
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def states(home: Home, key: str) -> list[str]:
    return [attempt["state"] for attempt in home.show(key)["attempts"]]


def running(home: Home, *keys: str) -> Callable[[], bool]:
    return lambda: all(states(home, key)[-1:] == ["running"] for key in keys)


def lines_heard(home: Home) -> list[tuple[str, int]]:
    """Answer the attempt and number of each event line in the ledger."""
    path = home.folder / ".fleet" / "ledger.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as ledger:
        found = ledger.execute("SELECT attempt, seq FROM events WHERE seq IS NOT NULL")
        return [tuple(row) for row in found]


def docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_after_a_kill_what_runs_is_adopted_and_each_line_is_heard_once(home: Home) -> None:
    works(home, 12)
    key = home.task("do it")
    with coordinating(home) as first:
        eventually(running(home, key))
        first.send_signal(signal.SIGKILL)
        first.communicate()

    done = home.run("run")

    assert done.code == 0, done.err
    assert states(home, key) == ["merged"]
    heard = lines_heard(home)
    assert len(heard) == len(set(heard)) > 0
    assert home.containers() == []


@contextmanager
def bystander(name: str, home8: str) -> Iterator[str]:
    """Let a container run that bears the label of a home."""
    run = ("run", "--detach", "--network=none", "--entrypoint=sleep", f"--name={name}")
    docker(*run, f"--label=fleet.home={home8}", SMALL_IMAGE, "600")
    try:
        yield name
    finally:
        subprocess.run(["docker", "rm", "--force", name], check=False, capture_output=True)


def containers_after(home: Home, *words: str) -> list[str]:
    done = home.run(*words)
    assert done.code == 0, done.err
    return docker("ps", "--all", "--format={{.Names}}").split()


def test_what_happened_to_containers_while_nobody_watched_is_found_out(home: Home) -> None:
    flag = home.waiting_agent("works", WRITES)
    ended, vanished, goes_on = (home.task(f"task {n}") for n in range(3))
    with coordinating(home) as first:
        eventually(running(home, ended, vanished, goes_on))
        first.send_signal(signal.SIGKILL)
        first.communicate()
    docker("kill", f"fleet-{ended.lower()}-1-{home.home8}")
    docker("rm", "--force", f"fleet-{vanished.lower()}-1-{home.home8}")
    flag.write_text("go")

    done = home.run("run")

    assert done.code == 0, done.err
    assert states(home, goes_on) == ["merged"]
    assert (len(states(home, ended)) > 1, states(home, ended)[-1]) == (True, "merged")
    assert states(home, vanished) == ["lost", "merged"]
    assert home.containers() == []


def test_orphans_of_this_home_alone_are_removed(home: Home) -> None:
    revenant = f"fleet-app-99-1-{home.home8}"
    with (
        bystander(revenant, home.home8),
        bystander(f"fleet-stranger-{home.home8}", "ffffffff") as stranger,
    ):
        left = containers_after(home, "run")

    assert revenant not in left
    assert stranger in left


@pytest.fixture(scope="module")
def engine() -> Iterator[OwnEngine]:
    with own_engine(SMALL_IMAGE) as started:
        yield started


@pytest.fixture
def on_own_engine(
    engine: OwnEngine, home: Home, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OwnEngine]:
    monkeypatch.setenv("DOCKER_HOST", engine.url)
    yield engine
    engine.thaw()


def engine_missed(home: Home) -> bool:
    return "fleet looks for it" in home.ask("status", "--json").json["engine"]


def waits_for_the_engine(home: Home, key: str) -> bool:
    queue = home.ask("status", "--json").json["queue"]
    return any("fleet looks for it" in row["waiting_for"] for row in queue if row["task"] == key)


def through_an_outage(
    home: Home, ends: Callable[[], None], begins: Callable[[], None], *, seconds: int
) -> tuple[str, str, str]:
    """Let the engine be away while an agent works for so long; a task is added meanwhile.

    Answers the key of either task, and what the coordinator said.
    """
    works(home, seconds)
    key = home.task("do it")
    with coordinating(home) as process:
        eventually(running(home, key))
        ends()
        eventually(lambda: engine_missed(home))
        later = home.task("do it later")
        eventually(lambda: waits_for_the_engine(home, later))
        begins()
        _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return key, later, said


def test_an_engine_that_was_killed_is_waited_for_and_its_containers_are_adopted(
    home: Home, on_own_engine: OwnEngine
) -> None:
    key, later, said = through_an_outage(home, on_own_engine.kill, on_own_engine.start, seconds=25)

    assert "no Docker engine answers" in said
    assert states(home, key) == ["merged"]
    assert states(home, later)[-1] == "merged"
    assert home.containers() == []


def test_an_engine_that_hangs_is_noticed_and_nobody_is_judged_by_its_silence(
    home: Home, on_own_engine: OwnEngine
) -> None:
    key, later, said = through_an_outage(home, on_own_engine.freeze, on_own_engine.thaw, seconds=60)

    assert "is waited for" in said
    assert "did not answer in time" in said
    assert "answers again" in said
    assert states(home, key) == ["merged"]
    assert states(home, later) == ["merged"]


def test_containers_that_end_with_their_engine_are_collected_and_failed_over(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag = home.waiting_agent("works", WRITES)
    key = home.task("do it")
    with own_engine(SMALL_IMAGE, live_restore=False) as mortal:
        monkeypatch.setenv("DOCKER_HOST", mortal.url)
        with coordinating(home) as process:
            eventually(running(home, key))
            mortal.kill()
            mortal.start()
            flag.write_text("go")
            _, said = process.communicate(timeout=200)
        left = home.containers()
        monkeypatch.delenv("DOCKER_HOST")

    assert process.returncode == 0, said
    assert len(states(home, key)) > 1
    assert states(home, key)[-1] == "merged"
    assert left == []
