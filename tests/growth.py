"""A coordinator over thousands of attempts: what of it is still in memory afterwards.

The ledger is a real one on disk; engine and git are in memory and forget what has ended. Repeat:

    python -m tests.growth --attempts 10000
"""

import argparse
import gc
import resource
import sys
import tempfile
from collections import Counter
from pathlib import Path

from fleet.app.desk import Pen
from fleet.app.stations import intake
from fleet.domain.attempt import Attempt
from fleet.domain.events import Event
from fleet.domain.merge import PullRequest
from fleet.domain.result import Verdict
from fleet.domain.task import Review, Task
from fleet.domain.wire import Line
from tests.ledgers import a_ledger
from tests.memory_world import Life, Play, World

ROWS = (Attempt, Event, Line, PullRequest, Task, Verdict)
_TOGETHER = 20  # tasks
_PAGE = resource.getpagesize()


class Night:
    """One life of a coordinator, to which tasks are added whenever all have ended."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        self.ledger = a_ledger(folder, self.world.clock)
        self.world.ledger = self.ledger  # type: ignore[assignment]
        self.world.runtime.agent = _every_tenth_is_good
        self.life = Life(self.world)
        self.attempts = 0

    def go_on(self) -> None:
        """Let some more tasks come to their end, and the world around the coordinator forget."""
        pen = Pen(ledger=self.ledger, clock=self.world.clock, who="ann")
        for _ in range(_TOGETHER):
            intake.add(intake.Wish(title="x", review=Review.AUTO), self.world.fleet, pen)
        self.life.run(ticks=2000)
        self.attempts += len(self.world.runtime.starts)
        self._forget()

    def _forget(self) -> None:
        world, git = self.world, self.world.worktrees
        files = git.commits[git.branches["main"]].files
        for kept in (git.commits, git.kept, world.runtime.starts, world.runtime.specs):
            kept.clear()
        git.branches = {"main": git.commit(dict(files), ())}
        world.traces.entries.clear()
        world.verifier.checked.clear()

    def rows(self) -> Counter[str]:
        """Count what the coordinator still holds of the ledger, by kind."""
        gc.collect()
        found = (type(each).__name__ for each in gc.get_objects() if isinstance(each, ROWS))
        return Counter(found)

    def close(self) -> None:
        """Give back the ledger."""
        self.ledger.close()


def _every_tenth_is_good(packet: dict[str, str]) -> Play:
    key = packet["task_id"]
    return Play(edits={"app.py": key} if key.endswith("0") else {})


def resident() -> int:
    """Answer the memory of this process now, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def main() -> None:
    """Print a line each thousand attempts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--attempts", type=int, default=10_000)
    wanted = parser.parse_args().attempts
    with tempfile.TemporaryDirectory(prefix="fleet-growth-") as folder:
        night, told = Night(Path(folder)), 0
        while night.attempts < wanted:
            night.go_on()
            if night.attempts >= told + 1000 or night.attempts >= wanted:
                told = night.attempts
                rows = sum(night.rows().values())
                said = f"attempts={told} rows_held={rows} rss_mb={resident() / 1e6:.1f}"
                sys.stdout.write(f"{said}\n")
                sys.stdout.flush()
        night.close()


if __name__ == "__main__":
    main()
