"""One run of a check: a clean tree, a container watched from its beginning, what it left."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import disk_usage

from fleet.adapters.verifying.container import Wanted, check_spec
from fleet.adapters.verifying.logs import CheckLogs
from fleet.adapters.verifying.transcript import Transcript
from fleet.adapters.weight import PATIENCE, taken
from fleet.domain.errors import (
    DiskFullError,
    FleetError,
    TooSlowError,
    TransientError,
    WorkspaceError,
)
from fleet.domain.guarding import Weighed, counted, uncounted, unseen
from fleet.domain.words import gigabytes
from fleet.ports import Checkout, Clock, ContainerRuntime, ContainerSpec, Exit, Worktrees

log = logging.getLogger(__name__)

# bytes free that a disk without room still tells
_FULL = 1024**2
_FORK_REFUSED = ("Resource temporarily unavailable", "can't start new thread", "Cannot fork")


@dataclass(frozen=True, kw_only=True)
class Means:
    """What checks are run with; `tree_bytes` is what one may write on the host."""

    worktrees: Worktrees
    runtime: ContainerRuntime
    clock: Clock
    logs: CheckLogs
    home8: str
    tree_bytes: int


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What a check left; `killed` names the limit that ended it, `exit` is None at the time's.

    `tree` is the one it ran on, `image` the id of what it ran in.
    """

    exit: Exit | None
    transcript: Transcript
    seconds: float
    killed: str = ""
    tree: str = ""
    image: str = ""


def run(wanted: Wanted, means: Means, *, image: str) -> Ran:
    """Run it once; raises TransientError where it was not watched to its end.

    Raises DiskFullError where it may be red for want of room alone.
    """
    # a verdict comes only from a run watched from its beginning: what a killed coordinator left
    # goes, before its tree does
    means.runtime.remove(wanted.container)
    with _checked_out(wanted, means.worktrees) as checkout:
        with _started(check_spec(wanted, checkout, image=image), means.runtime):
            ran = _watched(wanted, means, place=Path(checkout.path).parent)
        ran = replace(ran, tree=checkout.tree, image=image)
    _refuse_want_of_room(ran, Path(checkout.path).parent)
    return ran


def _refuse_want_of_room(ran: Ran, place: Path) -> None:
    """Believe no red of a check that had no room: it would be known by its tree for ever.

    Asked once its own tree is gone: whoever filled the disk by itself is red.
    """
    standing = next(path for path in (place, *place.parents) if path.exists())
    if ran.exit is not None and ran.exit.code and disk_usage(standing).free < _FULL:
        remedy = "free some space: it is tried again by itself"
        raise DiskFullError(f"the check had no room: the disk at {standing} is full", remedy=remedy)


def _watched(wanted: Wanted, means: Means, *, place: Path) -> Ran:
    container, runtime = wanted.container, means.runtime
    began = means.clock.monotonic()
    over = _awaited(wanted, means, place=place)
    seconds = means.clock.monotonic() - began
    if over:
        runtime.stop(container, grace=0)
    transcript = Transcript(runtime.transcript(container))
    # asked again after its output was read: where somebody took the container away meanwhile,
    # neither its exit code nor its output says anything
    confirmed = runtime.wait(container, timeout=0)
    if confirmed is None:
        raise TransientError(f"container {container} was taken away while its check ran")
    ran = Ran(exit=None if over else confirmed, transcript=transcript, seconds=seconds)
    return replace(ran, killed=over or _limit_hit(wanted, ran))


def _awaited(wanted: Wanted, means: Means, *, place: Path) -> str:
    """Wait for its end; answer the limit of time or room that it went over, "" where it ended.

    Raises TransientError where the container is taken away.
    """
    allowed, weighed = wanted.check.timeout_seconds, Weighed()
    until = means.clock.monotonic() + allowed
    while (left := until - means.clock.monotonic()) > 0:
        if _ends(wanted.container, means, within=min(weighed.pause, left)):
            return ""
        left = until - means.clock.monotonic()
        if left > 0:
            weighed = _weighed(weighed, place, means, patience=min(PATIENCE, left))
        if weighed.size > means.tree_bytes:
            most = gigabytes(means.tree_bytes)
            return f"limit of {most} GB for its files (limits.worktree_gb)"
    # it may have ended in time, while its files were added up
    return "" if means.runtime.wait(wanted.container, timeout=0) else f"time limit of {allowed:g} s"


def _ends(container: str, means: Means, *, within: float) -> bool:
    began = means.clock.monotonic()
    if means.runtime.wait(container, timeout=within) is not None:
        return True
    if means.clock.monotonic() < began + within:
        raise TransientError(f"container {container} was taken away while its check ran")
    return False


def _weighed(before: Weighed, place: Path, means: Means, *, patience: float) -> Weighed:
    """Look at all that the check may write on the host; what cannot be looked at ends nobody."""
    began = means.clock.monotonic()
    try:
        size = taken([place], patience=patience)
    except FleetError as error:
        log.warning("tree of a check not weighed", extra={"reason": str(error)})
        failed = uncounted if isinstance(error, TooSlowError) else unseen
        return failed(before, took=means.clock.monotonic() - began)
    return counted(size, took=means.clock.monotonic() - began)


def _limit_hit(wanted: Wanted, ran: Ran) -> str:
    if ran.exit is None:
        return ""
    if ran.exit.out_of_memory:
        # whatever the exit code: something inside was killed, so green would prove nothing
        return f"memory limit of {wanted.limits.memory_bytes // 1024**2} MiB"
    said = ran.transcript.stdout + ran.transcript.stderr
    if ran.exit.code and any(sign in said for sign in _FORK_REFUSED):
        return f"limit of {wanted.limits.pids} processes"
    return ""


@contextmanager
def _checked_out(wanted: Wanted, worktrees: Worktrees) -> Iterator[Checkout]:
    project = wanted.project
    try:
        yield worktrees.checkout(project, wanted.sha, name=wanted.name, overlay=wanted.overlaid)
    finally:
        try:
            worktrees.drop_checkout(project, wanted.name)
        except WorkspaceError as error:
            # the verdict stands; `fleet gc` and the next check of that name try again
            log.warning("clean tree left", extra={"attempt": wanted.attempt, "why": str(error)})


@contextmanager
def _started(spec: ContainerSpec, runtime: ContainerRuntime) -> Iterator[None]:
    try:
        runtime.start(spec)
        yield
    finally:
        runtime.remove(spec.name)
