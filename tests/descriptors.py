"""Which files a test's own process holds open."""

import os
from contextlib import suppress
from pathlib import Path


def open_files() -> frozenset[tuple[int, int, int]]:
    """Answer each by its number, device and inode: none of them is to be new after a test.

    Fewer say nothing: what another test of this process left is closed whenever Python notices.
    """
    found = set()
    for path in Path("/proc/self/fd").iterdir():
        # the one that listing them took is closed already
        with suppress(OSError):
            told = os.fstat(int(path.name))
            found.add((int(path.name), told.st_dev, told.st_ino))
    return frozenset(found)
