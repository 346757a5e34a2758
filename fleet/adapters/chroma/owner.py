"""One process owns the index's folder: two that write lose vectors (chroma-core/chroma#3792)."""

import fcntl
import os
import stat
from pathlib import Path
from typing import BinaryIO

from fleet.adapters.chroma.calls import unusable
from fleet.domain.errors import BusyError, ConfigError

_LONGEST = 20  # digits of a process


def owned(path: Path) -> BinaryIO:
    """Take the lock; it is given back when the answer is closed, or with the process.

    Raises BusyError naming who holds it, DiskFullError, ConfigError.
    """
    lock = _opened(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = lock.read(_LONGEST)
        lock.close()
        who = f"process {int(holder)}" if holder.isdigit() else "another process"
        raise BusyError(
            f"{who} holds the index of lessons {path.with_suffix('')}",
            remedy="wait for it, or stop it: `fleet down`",
        ) from error
    _note(lock)
    return lock


def _opened(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise unusable(path, error) from error
    # neither a pipe nor a device can be sought in
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ConfigError(f"{path} is no plain file", remedy="remove it; fleet makes its own")
    return os.fdopen(descriptor, "r+b", buffering=0)


def _note(lock: BinaryIO) -> None:
    """Note who holds it: on a full disk it is held all the same, by nobody who is named."""
    try:
        lock.truncate(0)
        lock.write(str(os.getpid()).encode())
    except OSError:
        lock.seek(0)
