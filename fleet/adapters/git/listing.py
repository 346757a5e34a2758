"""List what an agent left in a worktree, following no link and believing no `.git`."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from fleet.adapters.git.command import text

# what every tool leaves and nobody wants merged, whatever a project's ignore rules say
_IGNORED_FOLDERS = frozenset({b"__pycache__", b".pytest_cache", b"node_modules"})
_IGNORED_PREFIX = b".aider"
# code points that some file systems do not see: `.g<U+200C>it` is `.git` to them
_UNSEEN = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)
# what Windows may call `.gitmodules` for short
_SHORT = re.compile(r"g[a-z0-9]{0,6}~[0-9]+")


@dataclass
class Listing:
    """Paths from the worktree's root: files and links by name, and what was passed over."""

    files: set[bytes] = field(default_factory=set)
    ignored: list[bytes] = field(default_factory=list)
    unreadable: list[bytes] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def listed(tree: Path, *, tracked: frozenset[bytes], links: frozenset[bytes]) -> Listing:
    """List a worktree.

    `tracked` are the base's files and the folders above them: never ignored by name. `links`
    are its submodule entries, below which nothing can be stored.
    """
    found = Listing()
    waiting = [b""]
    while waiting:
        folder = waiting.pop()
        try:
            waiting += _below(tree, folder, found, tracked=tracked, links=links)
        except OSError as error:
            found.unreadable.append(folder)
            found.notes.append(f"folder {text(folder) or '.'} cannot be read: {error.strerror}")
    return found


def under(path: bytes, folders: list[bytes]) -> bool:
    """Tell whether a path lies in one of the folders."""
    return any(not folder or path.startswith(folder + b"/") for folder in folders)


def refused_by_git(name: bytes, *, link: bool) -> bool:
    """Tell whether git lets no tree hold that name: it is `.git` to some file system.

    A `.gitmodules` that is a link is refused by git too.
    """
    plain = text(name).translate(_UNSEEN).casefold()
    # to Windows: a stream after a colon, trailing dots and spaces, and a backslash all vanish
    for part in plain.split("\\"):
        stem = part.partition(":")[0].rstrip(". ")
        if stem in {".git", "git~1"}:
            return True
        if link and (stem == ".gitmodules" or _SHORT.fullmatch(stem)):
            return True
    return False


def _below(
    tree: Path,
    folder: bytes,
    found: Listing,
    *,
    tracked: frozenset[bytes],
    links: frozenset[bytes],
) -> list[bytes]:
    """Note one folder's files and answer the folders to look into next."""
    folders = []
    with os.scandir(os.fsencode(tree) + b"/" + folder) as entries:
        for entry in entries:
            path = folder + b"/" + entry.name if folder else entry.name
            if path == b".git" or _passed_over(entry, path, found, tracked=tracked):
                continue
            if entry.is_symlink() or entry.is_file(follow_symlinks=False):
                found.files.add(path)
            elif not entry.is_dir(follow_symlinks=False):
                found.notes.append(f"{text(path)} is left out: no file, link or folder")
            elif path in links:
                _note_link(entry, path, found)
            else:
                folders.append(path)
    return folders


def _passed_over(
    entry: "os.DirEntry[bytes]", path: bytes, found: Listing, *, tracked: frozenset[bytes]
) -> bool:
    if refused_by_git(entry.name, link=entry.is_symlink()):
        found.notes.append(f"{text(path)} is left out: git stores nothing of that name")
        return True
    by_name = entry.name in _IGNORED_FOLDERS or entry.name.startswith(_IGNORED_PREFIX)
    if by_name and path not in tracked:
        found.ignored.append(path + b"/" if entry.is_dir(follow_symlinks=False) else path)
        return True
    return False


def _note_link(entry: "os.DirEntry[bytes]", path: bytes, found: Listing) -> None:
    with os.scandir(entry.path) as inside:
        if any(True for _ in inside):
            found.notes.append(f"{text(path)} is a submodule: what lies in it is left out")
