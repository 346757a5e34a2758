"""A disk of the test's own that is soon full: a file system in memory; only root can mount one."""

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
    """Fill the disk but for so many bytes, with one file; answer it."""
    ballast = folder / "ballast"
    ballast.unlink(missing_ok=True)
    free = _free(folder)
    with ballast.open("wb") as file:
        whole, rest = divmod(max(0, free - leaving), MEGABYTE)
        for _ in range(whole):
            file.write(bytes(MEGABYTE))
        file.write(bytes(rest))
    return ballast


def _free(folder: Path) -> int:
    told = subprocess.run(
        ["df", "--output=avail", "-B1", str(folder)], check=True, capture_output=True, text=True
    )
    return int(told.stdout.split()[-1])
