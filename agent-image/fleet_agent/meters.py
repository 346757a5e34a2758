"""How much processor time the container used, but for the runner: in seconds that only grow."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from fleet_agent.system import is_init

_CGROUP = Path("/sys/fs/cgroup")
_PROC = Path("/proc")
_MICROSECONDS = 1e6
_NANOSECONDS = 1e9
# what one reading may cost where the kernel does not add up for the container: some 30 ms
_MOST_PROCESSES = 2000

Meter = Callable[[], float]
# its parent, what it used itself, and what its children did that are gone; in ticks
_Process = tuple[int, int, int]


def best_meter() -> Meter:
    """Return what counts: the kernel for the whole container, where it does."""
    groups = (of_group, of_old_group) if is_init() else ()
    return next((meter for meter in groups if reading(meter, -1.0) >= 0), of_descendants)


def reading(meter: Meter, before: float) -> float:
    """Read a meter; what it said before stands where it cannot be read."""
    with suppress(OSError, ValueError, IndexError):
        return meter()
    return before


def crowd() -> float:
    """Return how many processes of the whole machine wanted to run, in the last minute."""
    with suppress(OSError):
        return os.getloadavg()[0]
    return 0.0


def fair_share(wanting: float, cores: int) -> float:
    """Return the part of a core for each where so many want one: 1 unless they are too many."""
    return min(1.0, cores / wanting) if wanting > 0 else 1.0


def of_group(cgroup: Path = _CGROUP) -> float:
    """Read the account of the container's group (cgroup v2)."""
    told = (cgroup / "cpu.stat").read_bytes().split()
    used = int(told[told.index(b"usage_usec") + 1])
    return max(0.0, used / _MICROSECONDS - time.process_time())


def of_old_group(cgroup: Path = _CGROUP) -> float:
    """Read the account of the container's group (cgroup v1)."""
    used = int((cgroup / "cpuacct" / "cpuacct.usage").read_bytes())
    return max(0.0, used / _NANOSECONDS - time.process_time())


def of_descendants(proc: Path = _PROC) -> float:
    """Add up what the runner's descendants used, and those of them that are gone."""
    own = os.getpid()
    known = dict(islice(_processes(proc), _MOST_PROCESSES))
    children: dict[int, list[int]] = {}
    for pid, (parent, _, _) in known.items():
        children.setdefault(parent, []).append(pid)
    ticks, waiting = known[own][2] if own in known else 0, children.get(own, [])
    while waiting:
        pid = waiting.pop()
        ticks += sum(known[pid][1:])
        waiting.extend(children.get(pid, []))
    return ticks / os.sysconf("SC_CLK_TCK")


def _processes(proc: Path) -> Iterator[tuple[int, _Process]]:
    for folder in proc.iterdir():
        if not folder.name.isdigit():
            continue
        # they come and go while they are read
        with suppress(OSError, ValueError, IndexError):
            # the name in brackets may hold anything, brackets and line feeds too
            told = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            user, system, of_user, of_system = map(int, told[11:15])
            yield int(folder.name), (int(told[1]), user + system, of_user + of_system)
