"""Folders and files that fleet makes for a repository's owner, and how they go away."""

import os
import subprocess
from pathlib import Path

from fleet.adapters.git.command import Owner
from fleet.domain.errors import WorkspaceError


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


def remove_trees(*paths: Path) -> None:
    """Delete files or folders whatever an agent made of them; follows no link, fine when gone.

    By `rm`: a library that calls itself for every level falls over a tree an agent made deep.
    """
    there = [path for path in paths if os.path.lexists(path)]
    if not there or _remove(there).returncode == 0:
        return
    # an agent may have closed its folders even to their owner
    subprocess.run(["chmod", "-R", "u+rwX", "--", *there], check=False, capture_output=True)
    removed = _remove(there)
    if removed.returncode != 0:
        said = removed.stderr.decode(errors="replace").strip().splitlines()
        named = ", ".join(str(path) for path in there)
        raise WorkspaceError(f"{named} cannot be deleted: {said[-1] if said else 'rm failed'}")


def _remove(paths: list[Path]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["rm", "-rf", "--", *paths], check=False, capture_output=True)
