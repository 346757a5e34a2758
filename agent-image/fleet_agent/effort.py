"""Whether the container works though nobody says a word: processor time, and files that change."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice, takewhile
from pathlib import Path

from fleet_agent.meters import Meter, crowd, fair_share, reading

# A CLI that waits for its model uses one or two hundredths of a core, a compiler all of it.
_SHARE_OF_A_CORE = 0.1
# what one look may cost: under two milliseconds
_ENTRIES_A_LOOK = 400
_MOST_FOLDERS = 50_000


class Effort:
    """What is done in the container beside talking; only one thread may ask."""

    def __init__(self, workspace: Path, meter: Meter) -> None:
        self._files = _folders(workspace)
        self._meter = meter
        self._spent, self._at = reading(meter, 0.0), time.monotonic()

    def shown(self) -> bool:
        """Say whether anybody but the runner worked since this was asked last.

        That is a tenth of a core, on a crowded machine of a fair share of one; or a folder of the
        workspace that is not as it was when it was looked at last. Of a large workspace one look
        sees a part, the next one the part after it.
        """
        spent, at = reading(self._meter, self._spent), time.monotonic()
        least = _SHARE_OF_A_CORE * fair_share(crowd(), os.cpu_count() or 1)
        busy = spent - self._spent >= least * (at - self._at)
        self._spent, self._at = spent, at
        steps = islice(self._files, _ENTRIES_A_LOOK)
        # to the end of the walk: its rest would take up the next look, blind to the next change
        news = list(takewhile(lambda step: step is not False, steps))
        return busy or True in news


def _folders(top: Path) -> Iterator[bool | None]:
    """Walk through all folders again and again.

    Yields None a step, True for a folder that is not as it was a walk before, False at a walk's
    end. No clock is asked: that of the files may be another machine's.
    """
    before: dict[str, int] = {}
    while True:
        now: dict[str, int] = {}
        waiting = [str(top)]
        while waiting:
            folder = waiting.pop()
            yield from _look(folder, waiting, now)
            if before.get(folder, now[folder]) != now[folder]:
                yield True
        before = now
        yield False


def _look(folder: str, waiting: list[str], marks: dict[str, int]) -> Iterator[None]:
    """Note a folder's mark, and the folders in it that are still to be looked at."""
    mark = 0
    yield None
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                # what changes in there is seen there
                mark += hash(entry.inode())
                if len(waiting) + len(marks) < _MOST_FOLDERS:
                    waiting.append(entry.path)
            else:
                told = entry.stat(follow_symlinks=False)
                mark += hash((told.st_ino, told.st_ctime_ns, told.st_size))
            yield None
    marks[folder] = mark
