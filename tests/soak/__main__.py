"""`make soak`: a night of good and bad agents, and an independent look at the target after it.

Each is drawn by a seed: the same one draws the same tasks. Ends with 1 where a promise was broken;
then the folder stays.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from random import Random  # noqa: TID251 - whoever throws the dice is given them

from tests.soak.judging import Morning, morning
from tests.soak.kinds import drawn
from tests.soak.night import Night
from tests.soak.table import table


def main() -> int:
    """Play one night and say what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--seed", type=int, help="default: a new one")
    parser.add_argument("--kills", type=int, default=5, help="SIGKILLs of the coordinator")
    parser.add_argument("--parallel", type=int, default=6)
    asked = parser.parse_args()
    seed = int.from_bytes(os.urandom(4)) if asked.seed is None else asked.seed
    words = f"--seed {seed} --tasks {asked.tasks} --kills {asked.kills}"
    say(f"soak: {words} --parallel {asked.parallel}\n\n")
    began = time.monotonic()
    night = played(seed, asked)
    seconds, found = time.monotonic() - began, morning(night)
    say(f"{table(found.rows)}\n\n")
    say(f"{found.green} commits of the target green, {night.kills} kills, {seconds:.0f} s\n")
    return ended(found, night, seed)


def say(text: str) -> None:
    """Say it now: a night is long."""
    sys.stdout.write(text)
    sys.stdout.flush()


def played(seed: int, asked: argparse.Namespace) -> Night:
    """Draw the tasks and play them."""
    random = Random(seed)
    night = Night(Path(tempfile.mkdtemp(prefix="fleet-soak-")))
    night.add(drawn(random, asked.tasks))
    night.play(random, kills=asked.kills, parallel=asked.parallel)
    return night


def ended(found: Morning, night: Night, seed: int) -> int:
    """Say what was broken, and tidy up where nothing was."""
    if not found.breaches:
        shutil.rmtree(night.folder)
        return 0
    lines = [f"\nseed {seed} broke promises; all of it is in {night.folder}", *found.breaches]
    sys.stderr.write("\n- ".join(lines) + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
