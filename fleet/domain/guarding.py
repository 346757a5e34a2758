"""Guarding: whether the machine has room for another attempt, and how trees are weighed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fleet.domain.profile import Fleet

FEWEST_FILES = 10_000  # a disk that can hold fewer more is as good as full
LEAST_FILE = 4096  # bytes: an empty file takes room too
EVERY = 15.0  # seconds between two looks at a tree
UNCOUNTED = math.inf  # bytes of a tree that nobody could add up in time

_SHARE = 20  # a look that takes long is followed by so many times its length without one
_RAREST = 120.0  # seconds: nobody is left alone for longer
_SLOW_LOOKS = 2  # in a row: one may be the fault of a busy machine
_GB = 1024**3
_UNTOLD = "this system does not tell"
_FEWER = "start fewer at once (limits.parallel)"


@dataclass(frozen=True, kw_only=True)
class Disk:
    """Free room where `whose` files lie: bytes, and how many more files (None: not told)."""

    whose: str
    path: str
    free: int
    files: int | None = None


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What the machine has left: disks, bytes of memory, load per core; None: it does not tell."""

    disks: tuple[Disk, ...]
    memory: int | None
    load: float | None


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """What looks at a tree that may grow have found so far.

    `size` in bytes, UNCOUNTED once several looks in a row came to no end; `took` is how many
    seconds the newest look lasted, `slow` how many have come to no end since one did.
    """

    size: float = 0.0
    took: float = 0.0
    slow: int = 0

    @property
    def pause(self) -> float:
        """Answer the seconds until the next look."""
        return min(max(EVERY, _SHARE * self.took), _RAREST)


def counted(size: int, *, took: float) -> Weighed:
    """Answer what is known after a look that found so many bytes."""
    return Weighed(size=size, took=took)


def uncounted(weighed: Weighed, *, took: float) -> Weighed:
    """Answer what is known after a look that came to no end: nobody hides behind many files."""
    slow = weighed.slow + 1
    size = UNCOUNTED if slow >= _SLOW_LOOKS else weighed.size
    return Weighed(size=size, took=took, slow=slow)


def unseen(weighed: Weighed, *, took: float) -> Weighed:
    """Answer what is known after a look that was not possible: as much as before."""
    return replace(weighed, took=took)


@dataclass(frozen=True, kw_only=True)
class Guard:
    """One limit and how the machine stands to it.

    `detail` has the numbers of this moment. `lack` says what keeps new attempts from starting, ""
    where nothing does, and never a number that changes by itself: it is told once and not each
    second anew. `remedy` says what to do about either; `lasting` whether a lack is there until
    somebody acts; `told` whether the machine tells at all.
    """

    name: str
    detail: str
    lack: str = ""
    remedy: str = ""
    lasting: bool = False
    told: bool = True


def guards(machine: Machine, fleet: Fleet) -> Iterator[Guard]:
    """Yield every guard: the disks, memory, load."""
    for disk in machine.disks:
        yield _disk(disk, fleet)
    yield _memory(machine.memory, fleet)
    yield _load(machine.load, fleet)


def lacking(machine: Machine, fleet: Fleet) -> str:
    """Answer why nothing may start now, "" where the machine has room for another attempt."""
    return "; ".join(each.lack for each in guards(machine, fleet) if each.lack)


def _disk(disk: Disk, fleet: Fleet) -> Guard:
    lack, wanted = "", fleet.disk_free_bytes
    if disk.free < wanted:
        lack = f"less than {_limit(wanted)} GB are free on the disk of {disk.whose}, {disk.path}"
        lack += " (limits.disk_free_gb)"
    elif disk.files is not None and disk.files < FEWEST_FILES:
        lack = f"the disk of {disk.whose}, {disk.path}, has no room for {FEWEST_FILES} files more"
    return Guard(
        name=f"disk of {disk.whose}",
        detail=f"{_gb(disk.free)} GB free at {disk.path}, {_limit(wanted)} wanted",
        lack=lack,
        remedy="free some, or lower limits.disk_free_gb" if lack else "",
        lasting=True,
    )


def _memory(free: int | None, fleet: Fleet) -> Guard:
    wanted = fleet.memory_free_bytes
    if free is None:
        return Guard(name="memory", detail=_UNTOLD, remedy=_FEWER, told=False)
    lack = f"less than {_limit(wanted)} GB of memory are free (limits.memory_free_gb)"
    short = free < wanted
    return Guard(
        name="memory",
        detail=f"{_gb(free)} GB free, {_limit(wanted)} wanted",
        lack=lack if short else "",
        remedy=f"{_FEWER}, or lower limits.memory_free_gb" if short else "",
    )


def _load(load: float | None, fleet: Fleet) -> Guard:
    most = fleet.load_per_core
    if load is None:
        return Guard(name="load", detail=_UNTOLD, remedy=_FEWER, told=False)
    high = load > most
    return Guard(
        name="load",
        detail=f"{load:.1f} per core, at most {most:g}",
        lack=f"the load is above {most:g} per core (limits.load_per_core)" if high else "",
        remedy=f"{_FEWER}, or raise limits.load_per_core" if high else "",
    )


def _gb(size: int) -> str:
    """Word it so that what is short of a limit never looks like the limit."""
    # rounded down; a thousandth for who has that little
    steps = 10 if size >= _GB else 1000
    return f"{size * steps // _GB / steps:g}"


def _limit(size: int) -> str:
    return f"{round(size / _GB, 3):g}"
