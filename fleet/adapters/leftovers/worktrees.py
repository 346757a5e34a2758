"""Worktrees that lie in a home, with what git and fleet have of them elsewhere."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet.adapters.git.place import Place, attempt_place
from fleet.adapters.git.room import translated
from fleet.adapters.git.salvage import holds_work, salvage_unmarked
from fleet.adapters.git.worktrees import GitWorktrees
from fleet.adapters.leftovers.folders import LINK
from fleet.adapters.plain_files import folder_below
from fleet.adapters.weight import weights
from fleet.domain.clearing import Leftover, LeftoverKind, attempt_in, task_in
from fleet.domain.errors import WorkspaceError
from fleet.domain.profile import Project
from fleet.ports import Leftovers

_NOBODYS = "it is no worktree of an attempt of this home: look at it, then remove it by hand"
_HOMELESS = "its project is not in fleet.yaml: name it there again, then `fleet gc`"
_BEING_MADE = "fleet-{}.new"


@dataclass(frozen=True, kw_only=True)
class WorktreeLeftovers(Leftovers):
    """Worktrees with their private git directories and git's own records of them."""

    home: Path
    home8: str
    projects: Mapping[str, Project]
    git: GitWorktrees

    def found(self) -> Sequence[Leftover]:
        with translated():
            places = [attempt_place(self.home, name) for name in sorted(set(self._names()))]
            held = weights([path for place in places for path in _paths(place)])
            sizes = {place.name: [held.get(path, 0) for path in _paths(place)] for place in places}
            return [self._found(place, sum(sizes[place.name])) for place in places]

    def remove(self, leftover: Leftover) -> None:
        project = self.projects[leftover.project]
        place = attempt_place(self.home, leftover.attempt)
        with translated():
            if place.unmarked:
                with self.git.held(project) as repository:
                    salvage_unmarked(repository, place)
            self.git.remove(project, leftover.attempt)

    def _found(self, place: Place, size: int) -> Leftover:
        attempt, task = attempt_in(place.name, self.home8), task_in(place.name)
        key = task.partition("-")[0]
        odd = self._oddity(place, key, mine=attempt == place.name)
        return Leftover(
            kind=LeftoverKind.WORKTREE,
            name=place.name,
            where=str(place.tree),
            attempt=attempt,
            task=task,
            project=key,
            bytes=size,
            unsaved=not odd and self._unsaved(place, self.projects[key]),
            odd=odd,
        )

    def _oddity(self, place: Place, key: str, *, mine: bool) -> str:
        if not mine:
            return _NOBODYS
        if place.tree.is_symlink() or place.beside.is_symlink():
            return LINK
        return "" if key in self.projects else _HOMELESS

    def _unsaved(self, place: Place, project: Project) -> bool:
        """Tell whether work may lie in it; where that cannot be said now, it may."""
        if not place.unsaved:
            return place.unmarked
        try:
            with self.git.held(project) as repository:
                return holds_work(repository, place)
        except WorkspaceError:
            return True

    def _names(self) -> Iterator[str]:
        """Name what may be left of a worktree: its folders, and git's records of it."""
        for part in ("worktrees", "git"):
            yield from _plain(_listed(self.home, (".fleet", part)))
        for project in self.projects.values():
            try:
                with self.git.held(project) as repository:
                    records = _listed(repository.common, ("worktrees",))
                    begun = _listed(repository.common, ())
            except WorkspaceError:
                # it cannot be worked on now: what lies in the home is told all the same
                continue
            yield from (name for name in records if attempt_in(name, self.home8) == name)
            for name in begun:
                attempt = name.removeprefix("fleet-").removesuffix(".new")
                if attempt_in(attempt, self.home8) and name == _BEING_MADE.format(attempt):
                    yield attempt


def _paths(place: Place) -> tuple[Path, ...]:
    return tuple(path for path in (place.tree, place.beside) if os.path.lexists(path))


def _plain(names: Iterable[str]) -> Iterator[str]:
    """Leave out what git's own rules of a place do not take for a name."""
    for name in names:
        try:
            attempt_place(Path("/"), name)
        except WorkspaceError:
            continue
        yield name


def _listed(folder: Path, parts: tuple[str, ...]) -> Sequence[str]:
    try:
        with folder_below(folder, parts) as opened:
            return os.listdir(opened)  # noqa: PTH208 - of what is open
    except (FileNotFoundError, NotADirectoryError):
        return ()
