"""One lock a repository: git's own commands on worktrees race with each other."""

import fcntl
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock


class RepositoryLocks:
    """Locks by repository, against other threads and, through a file, other processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = Lock()
        self._locks: defaultdict[str, Lock] = defaultdict(Lock)

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Hold the lock of that name; a killed holder's lock is free at once."""
        with self._guard:
            lock = self._locks[name]
        with lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / f"{name}.lock").open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield
