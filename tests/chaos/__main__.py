"""`make chaos`: nights of 20 tasks in which whatever can fail does, and a look at each afterwards.

A seed draws the order of the tasks, the lives of the coordinator and what happens to each of them.
Ends with 1 where a promise was broken; the folders of those nights stay.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random  # noqa: TID251 - whoever throws the dice is given them

from tests.chaos import checker
from tests.chaos.driver import drawn, finish, live
from tests.chaos.faults import FAULTS
from tests.chaos.faults_disk import small_disk
from tests.chaos.night import IMAGE, WHOLE, night
from tests.chaos.points import failed_at_each, passed
from tests.chaos.stage import Stage
from tests.chaos.table import Played, table
from tests.chaos.witness import watched
from tests.own_engine import OwnEngine, own_engine

_DISK = 192  # megabytes


def main() -> int:
    """Play the nights and say what came of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=50, metavar="N", help="up to seed N")
    parser.add_argument("--first", type=int, default=1, metavar="N", help="from seed N on")
    parser.add_argument("--seed", type=int, help="this one alone")
    asked = parser.parse_args()
    seeds = range(asked.first, asked.seeds + 1) if asked.seed is None else [asked.seed]
    with engines() as owns:
        points, wrong = quiet(owns[0])
        if asked.seed is None:
            wrong = [*wrong, *failing(points, owns[-1])]
        nights = [Played(seed=0, lives=(), wrong=wrong)]
        # broken off by Ctrl-C, it still says what came of those that were played
        with suppress(KeyboardInterrupt):
            for seed in seeds:
                nights += [played(seed, points, owns[seed % len(owns)])]
    say(f"\n{table(nights)}\n")
    return int(any(one.wrong for one in nights))


def say(text: str) -> None:
    """Say it now: these are many nights."""
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def engines() -> Iterator[Sequence[OwnEngine | None]]:
    """Answer engines of our own, whose containers outlive them or do not; None: the user's."""
    with ExitStack() as stack:
        if os.geteuid() != 0:
            say("not root: on the user's own engine, without faults of the engine and the disk\n")
            yield [None]
            return
        ways = (True, False)
        yield [stack.enter_context(own_engine(IMAGE, live_restore=way)) for way in ways]


@contextmanager
def staged(seed: int, own: OwnEngine | None) -> Iterator[Stage]:
    """Answer the stage of a seed, with a witness; its folder stays."""
    folder = Path(tempfile.mkdtemp(prefix=f"fleet-chaos-{seed}-"))
    with ExitStack() as stack:
        if own is not None:
            stack.enter_context(small_disk(folder / "disk", megabytes=_DISK))
        stage = stack.enter_context(night(folder, WHOLE, random=Random(seed), own=own))
        with watched(stage):
            yield stage
        if own is not None:
            # what is on the small disk would go with it
            shutil.copytree(stage.disk, folder / "kept", symlinks=True)


def quiet(own: OwnEngine | None) -> tuple[Sequence[str], Sequence[str]]:
    """Play a night that nothing happens to; answer the points it passed, and what is wrong."""
    with staged(0, own) as stage:
        points = passed(stage)
        wrong = checker.check(stage)
    ended(stage, wrong, f"a quiet night passes {len(points)} points")
    return points, wrong


def failing(points: Sequence[str], own: OwnEngine | None) -> Sequence[str]:
    """Play a night in which every step is said to have failed once; answer what is wrong."""
    began = time.monotonic()
    with staged(0, own) as stage:
        # whom the runner cuts first, the coordinator comes to stop by chance alone
        kinds = (*WHOLE, "mutes")
        wrong = [*failed_at_each(stage, points, kinds), *finish(stage)]
        wrong += checker.check(stage)
    ended(stage, wrong, f"each of them failed once: {time.monotonic() - began:.0f} s")
    return wrong


def played(seed: int, points: Sequence[str], own: OwnEngine | None) -> Played:
    """Play the night of a seed; answer what was done to it and what is wrong."""
    began, dice = time.monotonic(), Random(seed)
    lives = drawn(dice, points, FAULTS)
    with staged(seed, own) as stage:
        wrong = [flaw for life in lives for flaw in live(stage, life)]
        wrong += finish(stage)
        wrong += checker.check(stage)
    ended(stage, wrong, f"seed {seed}: {len(lives)} lives, {time.monotonic() - began:.0f} s")
    return Played(seed=seed, lives=lives, wrong=wrong)


def ended(stage: Stage, wrong: Sequence[str], words: str) -> None:
    """Say what came of a night; only where it went well does its folder go."""
    if wrong:
        lines = [f"{words}, BROKEN, all of it is in {stage.folder}", *wrong]
        say("\n- ".join(lines) + "\n")
        return
    say(f"{words}, clean\n")
    shutil.rmtree(stage.folder)


if __name__ == "__main__":
    sys.exit(main())
