"""What people reviewed: from the tip of a project's target, else from the home's own folder."""

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Protocol

from fleet.adapters.plain_files import NotPlainError, first_bytes, folder_below
from fleet.domain.errors import ConfigError, FleetError
from fleet.domain.guidance import LONGEST_SKILLS, LONGEST_TEXT, MOST_FILES, Guidance, guidance_of
from fleet.domain.profile import Fleet, Project
from fleet.memory_ports import Reviewed
from fleet.ports import Worktrees

_CONSTITUTION = "memory/constitution.md"
_SKILLS = "memory/skills"
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
        found = self._below(tuple(path.split("/")), longest=longest, depth=_DEEPEST)
        return dict(islice(found, MOST_FILES + 1))

    def _below(
        self, parts: tuple[str, ...], *, longest: int, depth: int
    ) -> Iterator[tuple[str, bytes]]:
        """Yield the plain files at or below a path; what is a link or no file is passed over."""
        *folders, name = parts
        try:
            with folder_below(self._home, folders) as folder:
                raw = first_bytes(name, longest, folder=folder)
        except NotPlainError:
            for below in self._names(parts) if depth else ():
                yield from self._below((*parts, below), longest=longest, depth=depth - 1)
        except (FileNotFoundError, NotADirectoryError):
            return
        else:
            yield "/".join(parts), raw

    def _names(self, parts: tuple[str, ...]) -> list[str]:
        """Name what lies in a folder, nothing where it is none."""
        try:
            with folder_below(self._home, parts) as folder:
                return sorted(os.listdir(folder))  # noqa: PTH208 - of what is open
        except (FileNotFoundError, NotADirectoryError):
            return []


def _one(place: _Place, path: str) -> bytes:
    return place.read(path, longest=LONGEST_TEXT + 1).get(path, b"")
