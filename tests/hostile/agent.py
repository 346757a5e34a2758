"""What every attack begins with: mounted beside its script, inside of the attempt's container."""

import errno
import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

__all__ = [
    "KEY",
    "Path",
    "break_the_sum",
    "came_of",
    "git",
    "os",
    "reach",
    "result",
    "sh",
    "tell",
    "work",
]

# in a container of its own: there is no configuration to read the environment from
_ENVIRONMENT = os.environ  # noqa: TID251
KEY = json.loads(Path(_ENVIRONMENT["FLEET_PACKET"]).read_text())["task_id"]


def work() -> None:
    """Do something that is wanted, in a file that no other attack writes."""
    Path(f"work-{KEY}.txt").write_text("work")


def break_the_sum() -> None:
    """Make the project red: no honest check of it passes from here on."""
    Path("calc.py").write_text("def add(a, b):\n    return a - b\n")


def came_of(do: Callable[[], object]) -> str:
    """Answer what came of a try: "done", or the name of its error."""
    try:
        do()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, type(error).__name__)
    return "done"


def tell(**found: object) -> None:
    """Leave what was found in the branch, where the test reads it."""
    Path(f"found-{KEY}.json").write_text(json.dumps(found))


def result(**told: object) -> None:
    """Write the agent's result."""
    Path(_ENVIRONMENT["FLEET_RESULT"]).write_text(json.dumps(told))


def sh(command: str) -> "subprocess.CompletedProcess[str]":
    """Run a shell command, whatever comes of it."""
    return subprocess.run(["sh", "-c", command], check=False, capture_output=True, text=True)


def git(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run git in the worktree, whatever comes of it."""
    return subprocess.run(["git", *words], check=False, capture_output=True, text=True)


def reach(host: str, port: int) -> str:
    """Answer what came of a connection."""
    return came_of(lambda: socket.create_connection((host, port), timeout=2).close())
