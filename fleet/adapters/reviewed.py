"""What people reviewed: from the tip of a project's target, else from the home's own folder."""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Protocol

from fleet.domain.errors import ConfigError, FleetError
from fleet.domain.guidance import LONGEST_SKILLS, LONGEST_TEXT, MOST_FILES, Guidance, guidance_of
from fleet.domain.profile import Fleet, Project
from fleet.memory_ports import Reviewed
from fleet.ports import Worktrees

_CONSTITUTION = "memory/constitution.md"
_SKILLS = "memory/skills"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEEPEST = 6


class _Place(Protocol):
    """Where the files are: all plain ones at or below a path, each by its first bytes."""

    def read(self, path: str, *, longest: int) -> Mapping[str, bytes]: ...


class ReviewedFiles(Reviewed):
    """Reads `memory/` of the project that `memory.project` names, or of the home."""

    def __init__(self, home: Path, fleet: Fleet, worktrees: Worktrees) -> None:
        self._home = home
        self._fleet = fleet
        self._worktrees = worktrees

    def guidance(self, project: Project) -> Guidance:
        try:
            place = self._place()
            skills = place.read(_SKILLS, longest=LONGEST_SKILLS + 1)
            return guidance_of(
                _one(place, _CONSTITUTION),
                _one(place, f"memory/bible/{project.key}.md"),
                {path.removeprefix(f"{_SKILLS}/"): raw for path, raw in skills.items()},
            )
        except (FleetError, OSError) as error:
            raise ConfigError(
                f"constitution, bible and skills cannot be read: {error}",
                remedy="see `memory.project` in fleet.yaml, or the folder memory/ of the home",
            ) from error

    def _place(self) -> _Place:
        key = self._fleet.memory.project
        if key is None:
            return _Home(self._home)
        return _Tip(self._worktrees, self._fleet.projects[key])


class _Tip:
    """The newest commit of a project's target: what stands in no commit was not reviewed."""

    def __init__(self, worktrees: Worktrees, project: Project) -> None:
        self._worktrees, self._project = worktrees, project
        self._sha = worktrees.tip(project)

    def read(self, path: str, *, longest: int) -> Mapping[str, bytes]:
        return self._worktrees.plain_files(
            self._project, self._sha, path, longest=longest, most=MOST_FILES + 1
        )


class _Home:
    """The home's own folder; no link is followed on the way or below."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def read(self, path: str, *, longest: int) -> Mapping[str, bytes]:
        with ExitStack() as held:
            *folders, name = path.split("/")
            place = _held(held, os.open(self._home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            for folder in folders:
                opened = _opened(folder, _FOLDER, place)
                if opened is None:
                    return {}
                place = _held(held, opened)
            found = _below(place, name, path, longest=longest, depth=_DEEPEST)
            return dict(entry for entry, _ in zip(found, range(MOST_FILES + 1), strict=False))


def _below(
    place: int, name: str, path: str, *, longest: int, depth: int
) -> Iterator[tuple[str, bytes]]:
    """Yield the plain files at or below a name; what is a link or no file is passed over."""
    opened = _opened(name, _FILE, place)
    if opened is None:
        return
    with ExitStack() as held:
        _held(held, opened)
        mode = os.fstat(opened).st_mode
        if stat.S_ISREG(mode):
            yield path, _read(opened, longest)
        elif stat.S_ISDIR(mode) and depth:
            with os.scandir(opened) as entries:
                names = sorted(entry.name for entry in entries)
            for entry in names:
                below = f"{path}/{entry}"
                yield from _below(opened, entry, below, longest=longest, depth=depth - 1)


def _read(descriptor: int, limit: int) -> bytes:
    pieces: list[bytes] = []
    while limit > 0 and (piece := os.read(descriptor, limit)):
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)


def _opened(name: str, flags: int, folder: int) -> int | None:
    """Open without following a link; None where nothing stands there, or a link."""
    with suppress(FileNotFoundError, NotADirectoryError):
        try:
            return os.open(name, flags, dir_fd=folder)
        except OSError:
            # what is a link or a socket is none of ours; what may not be read is told
            mode = os.lstat(name, dir_fd=folder).st_mode
            if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
                raise
    return None


def _held(held: ExitStack, descriptor: int) -> int:
    held.callback(os.close, descriptor)
    return descriptor


def _one(place: _Place, path: str) -> bytes:
    return place.read(path, longest=LONGEST_TEXT + 1).get(path, b"")
