"""Secrets handed to containers: folders in memory, there for the moment in which they are read."""

import errno
import os
import shutil
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from fleet.adapters.credentials import secret_files, secrets_in
from fleet.adapters.redaction import Redaction
from fleet.domain.errors import CredentialError, DiskFullError, FleetError
from fleet.domain.profile import Account
from fleet.ports import Secrets

_MOUNTS = Path("/proc/self/mountinfo")
_IN_MEMORY = frozenset({b"tmpfs", b"ramfs"})
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def memory_roots(variables: Mapping[str, str]) -> tuple[Path, ...]:
    """Answer where a host has folders in memory, the best first."""
    session = variables.get("XDG_RUNTIME_DIR", "")
    shared = Path("/dev/shm")  # noqa: S108 - our folder in it is private, or is not used
    # a session's folder goes with the session: a fleet that runs overnight outlives it
    return (shared, Path(session)) if session.startswith("/") else (shared,)


class TmpfsSecrets(Secrets):
    """Secrets of one home in `fleet-<home8>/<attempt>` of a root; safe to use from many threads.

    `variables` is the coordinator's environment; what is read is told to the redaction.
    """

    def __init__(
        self,
        home8: str,
        roots: Sequence[Path],
        *,
        variables: Mapping[str, str],
        redaction: Redaction,
    ) -> None:
        self._name = f"fleet-{home8}"
        self._roots = tuple(roots)
        self._variables = variables
        self._redaction = redaction
        self._lock = Lock()

    def check(self, account: Account) -> None:
        if account.secret:
            self._files(account)
            self._place()

    def write(self, attempt: str, account: Account, *, uid: int, gid: int) -> str:
        files = self._files(account)
        with self._lock:
            made = self._found(attempt)
            try:
                # a container may have it mounted already: it must not change
                return str(made or _laid_out(self._ours(), attempt, files, owner=(uid, gid)))
            except OSError as error:
                said = f"the secret of {attempt} cannot be written: {error.strerror}"
                if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                    raise DiskFullError(said, remedy="free memory of the host") from error
                raise CredentialError(said, remedy="see `fleet doctor`") from error

    def drop(self, attempt: str) -> None:
        with self._lock:
            for folder in self._existing():
                _delete(folder / attempt)
                _delete(folder / _aside(attempt))
                _tidy(folder)

    def sweep(self, wanted: Collection[str]) -> None:
        with self._lock:
            for folder in self._existing():
                for entry in list(folder.iterdir()):
                    if entry.name not in wanted:
                        _delete(entry)
                _tidy(folder)

    def standing(self) -> list[Path]:
        """Answer what lies in this home's folders, by attempt; a dot before it says half-made."""
        with self._lock:
            return [path for folder in self._existing() for path in sorted(folder.iterdir())]

    def redacted(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._redaction.without_known(told)

    def _files(self, account: Account) -> dict[str, str]:
        files = secret_files(account, self._variables)
        self._redaction.learn(secrets_in(files))
        return files

    def _found(self, attempt: str) -> Path | None:
        made = (folder / attempt for folder in self._existing())
        return next((path for path in made if path.is_dir()), None)

    def _existing(self) -> Iterator[Path]:
        """Yield this home's folders; one that somebody else made is not ours to touch."""
        folders = (root / self._name for root in self._roots)
        return (folder for folder in folders if _private(folder))

    def _ours(self) -> Path:
        """Find or make this home's folder; raises CredentialError where no memory is fit."""
        folder = self._place()
        folder.mkdir(mode=0o700, exist_ok=True)
        if not _private(folder):
            raise CredentialError(f"{folder} was taken by somebody else", remedy="remove it")
        return folder

    def _place(self) -> Path:
        """Answer where this home's folder is or may be made; raises CredentialError."""
        for root in self._roots:
            folder = root / self._name
            if _fit(root) and (_private(folder) or not os.path.lexists(folder)):
                return folder
        raise CredentialError(
            f"no place in memory for {self._name}: secrets are never written to a disk",
            remedy=f"mount a tmpfs on one of {', '.join(map(str, self._roots))}; "
            f"a folder {self._name} there must be yours alone",
        )


def _fit(root: Path) -> bool:
    """Tell whether a folder lies in memory, and nobody can put another in our folder's place."""
    try:
        found = root.stat()
        safe = found.st_uid in {0, os.geteuid()}
        shared = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        sticky = found.st_mode & stat.S_ISVTX
        return safe and (not shared or bool(sticky)) and _in_memory(found.st_dev)
    except OSError:
        return False


def _in_memory(device: int) -> bool:
    wanted = f"{os.major(device)}:{os.minor(device)}".encode()
    # bytes, as the names of other mounts may be no text
    for line in _MOUNTS.read_bytes().split(b"\n")[:-1]:
        before, _, after = line.partition(b" - ")
        if before.split()[2] == wanted:
            return after.split()[0] in _IN_MEMORY
    return False


def _private(folder: Path) -> bool:
    """Tell whether a folder is this user's alone; somebody may have put one of its name there."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    alone = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    return alone and found.st_uid == os.geteuid()


def _laid_out(
    folder: Path, attempt: str, files: Mapping[str, str], *, owner: tuple[int, int]
) -> Path:
    """Write the files aside and give them their name once they are whole."""
    aside = folder / _aside(attempt)
    _delete(aside)
    aside.mkdir(mode=0o700)
    for name, text in files.items():
        with os.fdopen(os.open(aside / name, _WRITE, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            _give(file.fileno(), owner)
    descriptor = os.open(aside, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _give(descriptor, owner)
    finally:
        os.close(descriptor)
    return aside.rename(folder / attempt)


def _give(descriptor: int, owner: tuple[int, int]) -> None:
    found = os.fstat(descriptor)
    if (found.st_uid, found.st_gid) != owner:
        os.fchown(descriptor, *owner)


def _aside(attempt: str) -> str:
    return f".{attempt}"


def _delete(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except FileNotFoundError:
        return
    except OSError as error:
        raise FleetError(
            f"the secret {path} cannot be deleted: {error.strerror}",
            remedy="delete it by hand: it holds a credential",
        ) from error


def _tidy(folder: Path) -> None:
    # not empty: another attempt's secret is still to be read
    with suppress(OSError):
        folder.rmdir()
