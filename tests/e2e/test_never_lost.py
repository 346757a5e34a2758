"""Work that no station ever collected is kept before anything of it goes."""

import subprocess
import time
from pathlib import Path
from threading import Event

import pytest

from tests.e2e.fleets import FLEET, Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(300)]

WORKS = "open('made.txt', 'w').write('made'); import time; time.sleep(600)"
KILLED = -9


def killed_once_started(home: Home) -> None:
    """Let a coordinator die when the container has been started and nobody has written so down."""
    armed = ["env", "FLEET_FAILPOINTS=runtime.start:after=kill"]
    done = subprocess.run(
        [*armed, str(FLEET), "--home", str(home.folder), "run"],
        check=False,
        capture_output=True,
        timeout=240,
    )
    assert done.returncode == KILLED, done.stderr


def wait_for(path: Path) -> None:
    deadline, pause = time.monotonic() + 120, Event()
    while not path.exists():
        assert time.monotonic() < deadline
        pause.wait(0.2)


def test_what_an_agent_did_before_it_was_known_to_run_is_kept(home: Home) -> None:
    home.agent("works", WORKS)
    key = home.task("work unseen")
    killed_once_started(home)
    (attempt,) = home.show(key)["attempts"]
    assert attempt["state"] == "preparing"
    wait_for(home.folder / ".fleet" / "worktrees" / attempt["id"] / "made.txt")
    # somebody takes the container away, and nobody wants the task any more
    subprocess.run(["docker", "rm", "-f", *home.containers()], check=True, capture_output=True)
    assert home.run("task", "cancel", key, "--yes").code == 0
    assert home.run("gc", "--dry-run", "--json").json["goes"] == []

    home.run("run")

    shown = home.show(key)
    assert shown["status"] == "cancelled"
    assert [row["ref"] for row in shown["kept"]] == [f"refs/fleet/kept/{attempt['id']}"]
    assert git(home.repository, "show", f"{shown['kept'][0]['ref']}:made.txt") == "made"
    assert home.run("gc", "--dry-run", "--json").json["goes"] == []
