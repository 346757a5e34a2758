"""The nursery: lives are forked from a process that has imported all of fleet.

A hundred and fifty lives that end at their first step are mostly imports; each is a process of its
own all the same, with its own files and environment, and dies as any other.
"""

import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import fleet

_ROOT = Path(__file__).resolve().parents[2]


class Nursery:
    """Where lives begin at once."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def live(
        self, words: Sequence[str], variables: Mapping[str, str], *, out: Path, err: Path
    ) -> int:
        """Let `fleet` live with these arguments; answer what it ended with, -9 for a SIGKILL."""
        asked = {"words": words, "variables": variables, "out": str(out), "err": str(err)}
        into, back = self._process.stdin, self._process.stdout
        assert into is not None
        assert back is not None
        into.write(f"{json.dumps(asked)}\n")
        into.flush()
        return int(back.readline())


@contextmanager
def opened() -> Iterator[Nursery]:
    """Answer a nursery that is there inside the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.nursery"],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Nursery(process)


def main() -> None:
    """Import everything, then fork a life for each line that is asked."""
    for module in pkgutil.walk_packages(fleet.__path__, "fleet."):
        # a migration is run where it is imported
        if ".migrations" not in module.name:
            import_module(module.name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _live(json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _live(asked: Mapping[str, Any]) -> None:
    """Be a life of the coordinator: leaves by SystemExit, or not at all."""
    from fleet.cli.main import main as fleet_main

    for number, name in enumerate((os.devnull, asked["out"], asked["err"])):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), number)
    os.environ.update(asked["variables"])  # noqa: TID251 - of the process that it becomes
    sys.argv = ["fleet", *asked["words"]]
    fleet_main()


if __name__ == "__main__":
    main()
