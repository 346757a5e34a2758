"""How much of the disk an attempt takes: its worktree and what else of the host it may write."""

import subprocess
from pathlib import Path

from fleet.adapters.git.place import attempt_place
from fleet.domain.errors import FleetError
from fleet.domain.guarding import LEAST_FILE
from fleet.ports import Scales

_KB = 1024
_PATIENCE = 120.0  # seconds: millions of files take that long, and are never loaded into memory
# kilobytes of one file system; by `du`, which follows no link, counts what has several names once,
# and falls over no tree that an agent made deep
_DU = ("nice", "-n", "19", "du", "-skx")


class FolderScales(Scales):
    """Weighs what lies in the home for an attempt."""

    def __init__(self, home: Path) -> None:
        self._home = home.resolve()

    def weigh(self, attempt: str, task: str) -> int:
        place = attempt_place(self._home, attempt)
        shelves = self._home / ".fleet" / "shelves" / task
        there = [str(path) for path in (place.tree, place.beside, shelves) if path.exists()]
        if not there:
            return 0
        size = _added_up(attempt, [*_DU, "--", *there]) * _KB
        return max(size, _added_up(attempt, [*_DU, "--inodes", "--", *there]) * LEAST_FILE)


def _added_up(attempt: str, command: list[str]) -> int:
    """Add up what it says of each folder; raises FleetError where it says nothing in time."""
    try:
        # it complains of files that go while it looks, and adds up the rest
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        said = f"the files of attempt {attempt} cannot be added up: {error}"
        raise FleetError(
            said, remedy="see which folder of .fleet/worktrees is that full"
        ) from error
    told = [line.split(b"\t")[0] for line in done.stdout.splitlines()]
    return sum(int(number) for number in told if number.isdigit())
