"""What the machine has left, as its kernel tells it."""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from fleet.domain.guarding import Disk, Machine, lacking
from fleet.domain.profile import Fleet
from fleet.ports import Clock

log = logging.getLogger(__name__)

_MEMORY = Path("/proc/meminfo")
_AVAILABLE = "MemAvailable:"
_KB = 1024
_FRESH = 1.0  # seconds for which a look that found room counts
_HELD = 10.0  # seconds for which one that found none does: dispatch does not flicker


def machine_now(places: Mapping[str, Path]) -> Machine:
    """Look: `places` are folders by whose they are; what lies on one disk is told once.

    A folder that is not there, such as an engine's on another machine, tells nothing.
    """
    return Machine(disks=tuple(_disks(places.items())), memory=_memory(), load=_load())


class MachineGuards:
    """Answers, as often as it is asked, whether the machine has room for another attempt."""

    def __init__(self, fleet: Fleet, places: Mapping[str, Path], clock: Clock) -> None:
        self._fleet = fleet
        self._places = places
        self._clock = clock
        self._lack = ""
        self._until: float | None = None

    def room(self) -> str:
        """Answer why nothing may start now, "" where it may."""
        now = self._clock.monotonic()
        if self._until is None or now >= self._until:
            self._lack = lacking(machine_now(self._places), self._fleet)
            self._until = now + (_HELD if self._lack else _FRESH)
        return self._lack


def places_of(home: Path, fleet: Fleet) -> dict[str, Path]:
    """Answer the folders that fleet fills, by whose they are."""
    engine = _remembered_engine(home)
    known = {"the Docker engine": engine} if engine else {}
    projects = {f"project {each.key}": Path(each.path) for each in fleet.projects.values()}
    return {"the home": home, **known, **projects}


def remember_engine(home: Path, root: str | None) -> None:
    """Write down where the engine keeps its own: who only reads need not ask it."""
    mark = _engine_mark(home)
    aside = mark.with_name(f"{mark.name}.{os.getpid()}")
    try:
        if root is None:
            mark.unlink(missing_ok=True)
            return
        aside.write_text(root)
        aside.replace(mark)
    except OSError as error:
        # a full disk is no reason not to begin: it is one to wait
        log.warning("engine's folder not remembered", extra={"reason": str(error)})
        aside.unlink(missing_ok=True)


def _remembered_engine(home: Path) -> Path | None:
    """Answer where the engine keeps its own, None where nobody knows or the mark is torn."""
    try:
        root = _engine_mark(home).read_bytes()
    except OSError:
        return None
    return Path(os.fsdecode(root)) if root.startswith(b"/") and b"\0" not in root else None


def _engine_mark(home: Path) -> Path:
    return home / ".fleet" / "engine-root"


def _disks(places: Iterable[tuple[str, Path]]) -> Iterator[Disk]:
    seen: set[int] = set()
    for whose, path in places:
        with suppress(OSError):
            device, found = path.stat().st_dev, os.statvfs(path)
            if device not in seen:
                seen.add(device)
                yield _disk(whose, path, found)


def _disk(whose: str, path: Path, found: os.statvfs_result) -> Disk:
    # a file system without inodes of its own, such as btrfs, tells 0 of 0
    files = found.f_favail if found.f_files else None
    return Disk(whose=whose, path=str(path), free=found.f_bavail * found.f_frsize, files=files)


def _memory() -> int | None:
    """Answer the bytes that can be had without swapping, None where the kernel tells none."""
    try:
        lines = _MEMORY.read_text().splitlines()
    except OSError:
        return None
    told = (line.split() for line in lines if line.startswith(_AVAILABLE))
    return next((int(words[1]) * _KB for words in told), None)


def _load() -> float | None:
    """Answer how many processes want to run for each core, over the last minute."""
    try:
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    except OSError:
        return None
