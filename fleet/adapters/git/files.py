"""Folders and files that fleet makes for a repository's owner, and how they go away."""

import os
import shutil
import stat
from pathlib import Path

from fleet.adapters.git.command import Owner


def make_folder(path: Path, owner: Owner) -> Path:
    """Make a folder that belongs to the owner; its parents stay fleet's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(exist_ok=True)
    give(path, owner)
    return path


def write(path: Path, content: bytes, owner: Owner) -> None:
    """Write a whole file or none: a killed writer leaves at most a stray `.new`."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(content)
    give(fresh, owner)
    fresh.replace(path)


def give(path: Path, owner: Owner) -> None:
    """Hand one file or folder to the owner; only root can, and only root needs to."""
    if os.geteuid() == 0:
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)


def give_all(path: Path, owner: Owner) -> None:
    """Hand a folder fleet has just made, and all in it, to the owner."""
    if os.geteuid() != 0:
        return
    give(path, owner)
    for folder, names, files in os.walk(path):
        for name in (*names, *files):
            give(Path(folder, name), owner)


def remove_tree(path: Path) -> None:
    """Delete a folder whatever an agent made of it; fine when it is gone; follows no link."""
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        path.unlink()
        return
    if not path.exists():
        return
    try:
        shutil.rmtree(path)
    except PermissionError:
        # an agent may have closed its folders even to their owner
        _open_folders(path)
        shutil.rmtree(path)


def _open_folders(path: Path) -> None:
    path.chmod(stat.S_IRWXU)
    with os.scandir(path) as entries:
        folders = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    for folder in folders:
        _open_folders(Path(folder))
