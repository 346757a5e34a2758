"""Faults of the disk: the home lies on a small file system of its own, which is filled."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.stage import Fault, Stage

_BALLAST = "ballast"
_MEGABYTE = 1024**2


@contextmanager
def small_disk(place: Path, *, megabytes: int) -> Iterator[None]:
    """Mount an empty file system of that size at a folder, made here; gone afterwards."""
    image = place.with_name(f"{place.name}.img")
    place.mkdir(parents=True)
    with image.open("wb") as file:
        file.truncate(megabytes * _MEGABYTE)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(place)], check=True)
    try:
        (place / "lost+found").rmdir()
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
        image.unlink()


class DiskFull(Fault):
    """The home's disk is full, but for a few kilobytes; then there is room again."""

    name = "the disk of the home full"
    during = True

    def able(self, stage: Stage) -> str:
        return "" if os.path.ismount(stage.disk) else "the home has no disk of its own"

    def begin(self, stage: Stage) -> None:
        room = os.statvfs(stage.disk)
        left = stage.random.choice((0, 16, 256)) * 1024
        stage.note(f"{self.name}: {left} bytes are left")
        with (stage.disk / _BALLAST).open("wb") as file:
            size = max(0, room.f_bavail * room.f_frsize - left)
            try:
                os.posix_fallocate(file.fileno(), 0, max(size, 1))
            except OSError:
                # others write meanwhile: what is still free is taken byte by byte
                _fill(file.fileno())

    def end(self, stage: Stage) -> None:
        (stage.disk / _BALLAST).unlink(missing_ok=True)


def _fill(file: int) -> None:
    try:
        while os.write(file, bytes(4096)):
            pass
    except OSError:
        return


DISK: tuple[Fault, ...] = (DiskFull(),)
