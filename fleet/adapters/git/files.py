"""Folders and files that fleet makes for a repository's owner, and how they go away."""

import fcntl
import logging
import os
import shutil
import subprocess
from array import array
from pathlib import Path

from fleet.adapters.git.command import Owner
from fleet.domain.errors import WorkspaceError

log = logging.getLogger(__name__)

# FS_IOC_GETFLAGS, FS_IOC_SETFLAGS and FS_TOPDIR_FL of linux/fs.h
_GET_FLAGS = 0x80086601
_SET_FLAGS = 0x40086602
_TOP_OF_HIERARCHIES = 0x00020000
# names in a folder that is deleted without a process
_FEW = 16


def make_folder(path: Path, owner: Owner) -> Path:
    """Make a folder that belongs to the owner; its parents stay fleet's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(exist_ok=True)
    give(path, owner)
    return path


def make_spread(path: Path) -> None:
    """Make a folder whose subfolders lie far apart on the disk.

    ext4 walks over every file deleted near by in the last minute before it makes a new one; trees
    that come and go side by side cost it ten times the time. `chattr +T` says that they are not
    related (chattr(1)); another file system does not know the word and needs no help.
    """
    path.mkdir(parents=True, exist_ok=True)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flags = array("i", [0])
        fcntl.ioctl(folder, _GET_FLAGS, flags)
        flags[0] |= _TOP_OF_HIERARCHIES
        fcntl.ioctl(folder, _SET_FLAGS, flags)
    except OSError as error:
        log.debug("not spread", extra={"folder": str(path), "reason": str(error)})
    finally:
        os.close(folder)


def write(path: Path, content: bytes, owner: Owner) -> None:
    """Write a whole file or none: a killed writer leaves at most a stray `.new`.

    Its bytes before its name: after a power cut a file system may know a name alone.
    """
    fresh = path.with_name(path.name + ".new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    give(fresh, owner)
    fresh.replace(path)


def copy_index(index: Path, copy: Path, owner: Owner) -> None:
    """Copy an index to work on, where nobody else works at the time.

    A git that was killed over the copy before it has left that one's lock.
    """
    copy.with_name(copy.name + ".lock").unlink(missing_ok=True)
    shutil.copyfile(index, copy)
    give(copy, owner)


def give(path: Path, owner: Owner) -> None:
    """Hand one file or folder to the owner; only root can, and only root needs to."""
    if not _mine(owner):
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)


def _mine(owner: Owner) -> bool:
    """Tell whether what fleet makes is the owner's as it is made."""
    return os.geteuid() != 0 or (owner.uid, owner.gid) == (0, os.getegid())


def give_all(path: Path, owner: Owner) -> None:
    """Hand a folder fleet has just made, and all in it, to the owner."""
    if _mine(owner):
        return
    give(path, owner)
    for folder, names, files in os.walk(path):
        for name in (*names, *files):
            give(Path(folder, name), owner)


def remove_trees(*paths: Path) -> None:
    """Delete files or folders whatever an agent made of them; follows no link, fine when gone.

    By `rm`: a library that calls itself for every level falls over a tree an agent made deep.
    """
    there = [path for path in paths if os.path.lexists(path) and not _removed(path)]
    if not there or _remove(there).returncode == 0:
        return
    # an agent may have closed its folders even to their owner
    subprocess.run(["chmod", "-R", "u+rwX", "--", *there], check=False, capture_output=True)
    removed = _remove(there)
    if removed.returncode != 0:
        said = removed.stderr.decode(errors="replace").strip().splitlines()
        named = ", ".join(str(path) for path in there)
        raise WorkspaceError(f"{named} cannot be deleted: {said[-1] if said else 'rm failed'}")


def _removed(path: Path) -> bool:
    """Delete a folder of a few files where that is all it is: a process would cost more."""
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        names = os.listdir(folder)  # noqa: PTH208 - of what is open, whatever its path names now
        if len(names) > _FEW:
            return False
        for name in names:
            os.unlink(name, dir_fd=folder)
        path.rmdir()
    except OSError:
        return False
    finally:
        os.close(folder)
    return True


def _remove(paths: list[Path]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["rm", "-rf", "--", *paths], check=False, capture_output=True)
