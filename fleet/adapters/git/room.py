"""A full disk in words that a user can act upon, and the file system's errors as fleet's own."""

import errno
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fleet.adapters.weight import weights
from fleet.domain.errors import DiskFullError, TransientError, WorkspaceError, short_of

_MB = 1024**2
_STEP_MB = 100
_PATIENCE = 60.0  # seconds to add up a tree that an agent may have filled with small files
_REMEDY = "free some space: it is tried again by itself"


@contextmanager
def translated() -> Iterator[None]:
    """Translate what the file system says (no space, no permission), and a machine short of memory.

    Raises TransientError for what passes by itself: it must not end a task.
    """
    try:
        yield
    except OSError as error:
        said = f"{error.filename or 'git'}: {error.strerror}"
        if short_of(error):
            raise TransientError(said, remedy="it is tried again by itself") from error
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFullError(f"disk full: {said}", remedy=_REMEDY) from error
        remedy = "see to the disk's space and permissions, then try again"
        raise WorkspaceError(said, remedy=remedy) from error


@contextmanager
def weighed(attempt: str, tree: Path, *, into: Path) -> Iterator[None]:
    """Say of a full disk what is free where least is, and how much the attempt's tree holds."""
    try:
        with translated():
            yield
    except DiskFullError as error:
        raise DiskFullError(
            f"disk full: {_free(into, tree)}; "
            f"the worktree of attempt {attempt} holds {_held(tree)}: {tree}",
            remedy=_REMEDY,
        ) from error


def _free(*paths: Path) -> str:
    """Word the least free space, in steps: a reason that changes with a byte is told anew."""
    free, path = min((shutil.disk_usage(path).free, path) for path in paths if path.exists())
    steps = free // _MB // _STEP_MB
    amount = f"{steps * _STEP_MB} MB" if steps else f"less than {_STEP_MB} MB"
    return f"{amount} free at {path}"


def _held(tree: Path) -> str:
    """Word the size of a tree."""
    size = weights([tree], patience=_PATIENCE).get(tree)
    return "an unknown number of MB" if size is None else f"{math.ceil(size / _MB)} MB"
