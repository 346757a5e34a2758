"""Repository maps out of git's objects, kept by their tree in the home."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from threading import Lock

from fleet.adapters.git.command import Owner
from fleet.adapters.git.files import write
from fleet.adapters.git.sources import Blob
from fleet.adapters.git.worktrees import GitWorktrees
from fleet.adapters.mapping.parsing import Code, language_of, symbols_of
from fleet.domain.profile import Project
from fleet.domain.repo_map import Source, drawn, worth
from fleet.memory_ports import RepoMaps

log = logging.getLogger(__name__)

# part of each kept map's name: to be raised when maps are drawn in another way
_FORMAT = 1
_MOST_KEPT = 64
_MOST_FILES = 1500
_LONGEST_FILE = 256 * 1024
# of all files together: some four seconds of parsing
_MOST_BYTES = 6 * 1024 * 1024


class GitRepoMaps(RepoMaps):
    """Maps of projects under `.fleet/maps` of a home. Safe to use from many threads."""

    def __init__(self, home: Path, git: GitWorktrees) -> None:
        self._folder = home / ".fleet" / "maps"
        self._git = git
        # attempts that start together wait for the first one's map
        self._lock = Lock()

    def map_of(self, project: Project, sha: str, *, limit: int) -> str:
        tree = self._git.tree(project, sha)
        place = self._folder / f"{tree}-{_FORMAT}-{limit}"
        with self._lock:
            kept = _read(place, limit)
            if kept is not None:
                return kept
            made = self._made(project, tree, limit)
            self._keep(place, made)
            return made

    def _made(self, project: Project, tree: str, limit: int) -> str:
        blobs = self._git.blobs(project, tree)
        chosen = list(_chosen(blobs))
        contents = self._git.contents(project, chosen)
        codes = [Code(language=language_of(b.path), content=contents[b.path]) for b in chosen]
        try:
            found = symbols_of(codes)
        except OSError as error:
            log.warning("the repository was not parsed", extra={"reason": error.strerror})
            found = {}
        parsed = [
            Source(path=blob.path, symbols=found.get(place, ()))
            for place, blob in enumerate(chosen)
        ]
        return drawn([blob.path for blob in blobs], parsed, limit=limit)

    def _keep(self, place: Path, made: str) -> None:
        """Keep a map, and no more than some; without room it is only made again."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write(place, made.encode(), Owner.myself())
            for old in _oldest(self._folder.iterdir()):
                old.unlink(missing_ok=True)
        except OSError as error:
            log.warning("a repository map is not kept", extra={"reason": error.strerror})


def _chosen(blobs: Iterable[Blob]) -> Iterator[Blob]:
    """Yield the files that are parsed: the likeliest first, until one of the bounds is met."""
    fit = (blob for blob in blobs if language_of(blob.path) and blob.size <= _LONGEST_FILE)
    left = _MOST_BYTES
    for blob in islice(sorted(fit, key=lambda blob: worth(blob.path)), _MOST_FILES):
        left -= blob.size
        if left < 0:
            return
        yield blob


def _read(place: Path, limit: int) -> str | None:
    """Answer a map that is kept; None where there is none that can be read."""
    with suppress(OSError, UnicodeDecodeError), place.open("rb") as file:
        return file.read(limit).decode()
    return None


def _oldest(kept: Iterable[Path]) -> list[Path]:
    """Answer what is too many; a half-written one counts too."""
    return sorted(kept, key=lambda path: (path.lstat().st_mtime_ns, path.name))[:-_MOST_KEPT]
