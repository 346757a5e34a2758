"""What the runner asks of the operating system: time, environment, and being left alone."""

import ctypes
import fcntl
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

_PR_GET_DUMPABLE = 3
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_INIT = 1
_LOWEST_PRIVATE_DESCRIPTOR = 10
# Half of the container's memory is added to the weight of a command, so that the kernel, short of
# memory, picks a command and never the runner.
_FIRST_TO_GO = "500"


class IsolationError(Exception):
    """The runner could not be set apart from the agent."""


def now() -> str:
    """Return the present instant in UTC as ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def environment() -> dict[str, str]:
    """Return the container's environment, which every command inherits."""
    return dict(os.environ)


def is_init() -> bool:
    """Say whether this process is PID 1, whose children are all other processes."""
    return os.getpid() == _INIT


def become_unreadable() -> None:
    """Close memory, descriptors and environment to other processes of the same uid.

    Raises IsolationError when the kernel refuses.
    """
    _prctl(_PR_SET_DUMPABLE, 0)
    if _prctl(_PR_GET_DUMPABLE, 0) != 0:
        raise IsolationError("the runner is still dumpable: the agent could forge event lines")


def adopt_orphans() -> None:
    """Become the parent of every descendant that loses its own; raises IsolationError."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def take_standard_output() -> int:
    """Return a private copy of standard output and point 1 and 2 at nothing.

    A stray print or traceback can then not damage the event lines, and no child inherits the copy.
    """
    wire = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, _LOWEST_PRIVATE_DESCRIPTOR)
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return wire


def offer_to_the_oom_killer(pid: int) -> None:
    """Make the kernel prefer this process over the runner; without effect where that is refused."""
    with suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text(_FIRST_TO_GO, encoding="ascii")


def oom_kills(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Count the processes of this container that the kernel killed for memory (cgroup v2 or v1)."""
    for name in ("memory.events", "memory/memory.oom_control"):
        with suppress(OSError):
            text = (cgroup / name).read_text(encoding="ascii")
            return _counter(text, "oom_kill")
    return 0


def _counter(text: str, name: str) -> int:
    pairs = (line.split() for line in text.splitlines())
    return next((int(pair[1]) for pair in pairs if pair[0] == name), 0)


def _prctl(option: int, value: int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    answer = int(libc.prctl(option, value, 0, 0, 0))
    if answer < 0:
        raise IsolationError(f"prctl {option} refused: {os.strerror(ctypes.get_errno())}")
    return answer
