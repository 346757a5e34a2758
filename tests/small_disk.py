"""A disk of the test's own that is soon full: a file system in memory; only root can mount one."""

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEGABYTE = 1024**2


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """Mount one of that size over the folder inside the block."""
    folder.mkdir(exist_ok=True)
    size = f"size={megabytes}m,mode=0755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        # lazily: a container that is just being removed may still hold it
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path, *, leaving: int) -> Path:
    """Fill the disk but for so many bytes, with one file; answer it.

    Others who write meanwhile take of the room: full is full.
    """
    ballast = folder / "ballast"
    ballast.unlink(missing_ok=True)
    free = _free(folder)
    # unbuffered, so that nothing is left to be written when it is closed
    with ballast.open("wb", buffering=0) as file:
        whole, rest = divmod(max(0, free - leaving), MEGABYTE)
        try:
            for size in (*[MEGABYTE] * whole, rest):
                file.write(bytes(size))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    return ballast


def _free(folder: Path) -> int:
    told = subprocess.run(
        ["df", "--output=avail", "-B1", str(folder)], check=True, capture_output=True, text=True
    )
    return int(told.stdout.split()[-1])
