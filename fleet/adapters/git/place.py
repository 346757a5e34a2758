"""Where an attempt's or a check's folders lie in the home, and the mark that they are whole."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fleet.adapters.git.command import Owner
from fleet.adapters.git.files import remove_trees, write
from fleet.domain.errors import WorkspaceError

# how clean trees are called that an image is built from, by whatever process
FOR_A_BUILD = "image-"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,120}")


@dataclass(frozen=True, kw_only=True)
class Place:
    """The folders of one name: a tree of files, and what git needs beside it.

    `private` is the git directory a container may write; index and mark are fleet's alone.
    """

    name: str
    tree: Path
    beside: Path

    @property
    def private(self) -> Path:
        """Answer the private git directory, seen in the container as `/fleet/git`."""
        return self.beside / "git"

    @property
    def git_file(self) -> Path:
        """Answer the one-line file that lies over the tree's `.git` in the container."""
        return self.beside / "gitfile"

    @property
    def index(self) -> Path:
        """Answer the trusted index: what was written into the tree, and its stat data."""
        return self.beside / "index"

    @property
    def scratch(self) -> Path:
        """Answer the folder for what lives no longer than one call."""
        return self.beside / "scratch"

    def mark_ready(self, facts: dict[str, str], owner: Owner) -> None:
        """Say, last of all, that everything stands."""
        write(self.beside / "ready", json.dumps(facts).encode(), owner)

    @property
    def marked_ns(self) -> int:
        """Answer when it was marked, in nanoseconds: nobody but fleet was at the tree before."""
        return (self.beside / "ready").stat().st_mtime_ns

    def first_collected(self, at: datetime, owner: Owner) -> int:
        """Answer when its work was first to be committed, in seconds since 1970: now, or before.

        So whoever is killed or refused meanwhile makes the same commit again.
        """
        mark = self.beside / "collecting"
        try:
            return int(mark.read_bytes())
        except (FileNotFoundError, ValueError):
            seconds = round(at.timestamp())
            write(mark, str(seconds).encode(), owner)
            return seconds

    def mark_collected(self, owner: Owner) -> None:
        """Say that all of its work is in a commit that a reference holds: it may go."""
        write(self.beside / "collected", b"", owner)

    @property
    def unsaved(self) -> bool:
        """Tell whether work may lie in it that is in no commit yet."""
        return self.ready() is not None and not (self.beside / "collected").exists()

    @property
    def unmarked(self) -> bool:
        """Tell whether a tree stands of which no mark says what it was made from."""
        there = self.tree.is_dir() and not (self.beside / "collected").exists()
        return there and self.ready() is None

    @property
    def torn(self) -> bool:
        """Tell whether it is marked in a way nobody can read: an agent may have been in it."""
        return self.unmarked and (self.beside / "ready").is_file()

    def ready(self) -> dict[str, str] | None:
        """Answer what was marked, None when the place is half-made, torn or gone."""
        mark = self.beside / "ready"
        if not mark.is_file() or not self.tree.is_dir():
            return None
        try:
            facts: dict[str, str] = json.loads(mark.read_bytes())
        except ValueError:
            return None
        return facts

    def clear(self) -> None:
        """Delete all of it, the mark first: a half-cleared place is never taken for whole."""
        (self.beside / "ready").unlink(missing_ok=True)
        remove_trees(self.tree, self.beside)


def attempt_place(home: Path, attempt: str) -> Place:
    """Answer where an attempt works; raises WorkspaceError on a name that is no plain one."""
    _plain(attempt)
    state = home / ".fleet"
    return Place(name=attempt, tree=state / "worktrees" / attempt, beside=state / "git" / attempt)


def check_place(home: Path, name: str) -> Place:
    """Answer where a clean tree stands; raises WorkspaceError on a name that is no plain one."""
    _plain(name)
    folder = home / ".fleet" / "checks" / name
    return Place(name=name, tree=folder / "tree", beside=folder)


def _plain(name: str) -> None:
    if not _NAME.fullmatch(name) or ".." in name:
        raise WorkspaceError(f"{name!r} cannot name a folder")
