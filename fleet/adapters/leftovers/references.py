"""Branches of tasks, and what is kept of work that was not merged."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fleet.adapters.git.command import text
from fleet.adapters.git.repository import Repository
from fleet.adapters.git.worktrees import GitWorktrees
from fleet.domain.clearing import KEPT_REFS, Leftover, LeftoverKind, attempt_in, task_in
from fleet.domain.errors import WorkspaceError
from fleet.domain.profile import Project
from fleet.ports import Leftovers

_BRANCHES = "refs/heads/fleet/"
_FORMAT = "%(refname)%00%(objectname)%00%(committerdate:unix)%00%(worktreepath)%00"
_COLUMNS = 4


@dataclass(frozen=True, kw_only=True)
class BranchLeftovers(Leftovers):
    """Branches `fleet/*`; a branch that somebody has checked out is left alone."""

    projects: Mapping[str, Project]
    git: GitWorktrees

    def found(self) -> Sequence[Leftover]:
        return _found(LeftoverKind.BRANCH, self.projects, self.git, self._of)

    def remove(self, leftover: Leftover) -> None:
        project = self.projects[leftover.project]
        with self.git.held(project) as repository:
            if not self._holder(repository, leftover.sha):
                raise WorkspaceError(f"{leftover.name} is all that holds its commits by now")
        branch = leftover.name.removeprefix("refs/heads/")
        self.git.drop_branch(project, branch, head=leftover.sha, keep=None)

    def _of(self, project: Project) -> Iterator[Leftover]:
        with self.git.held(project) as repository:
            for name, sha, at, checked_out in _references(repository, _BRANCHES):
                task = task_in(name.removeprefix(_BRANCHES))
                where = f"checked out at {checked_out}: switch to another there"
                yield Leftover(
                    kind=LeftoverKind.BRANCH,
                    name=name,
                    where=project.path,
                    task=task if name == f"{_BRANCHES}{task.lower()}" else "",
                    project=project.key,
                    at=at,
                    sha=sha,
                    holder=self._holder(repository, sha),
                    odd=where if checked_out else "",
                )

    def _holder(self, repository: Repository, sha: str) -> str:
        """Answer what holds the commit, a target before what is kept; "" where nothing does."""
        path = repository.project.path
        targets = [each.target for each in self.projects.values() if each.path == path]
        asked = ("for-each-ref", "--count=1", f"--contains={sha}", "--format=%(refname)")
        for below in (*(f"refs/heads/{target}" for target in targets), KEPT_REFS):
            found = repository.refs.line(*asked, below)
            if found:
                return found
        return ""


@dataclass(frozen=True, kw_only=True)
class KeptLeftovers(Leftovers):
    """What is kept under `refs/fleet/kept/`; it goes by its full name alone."""

    home8: str
    projects: Mapping[str, Project]
    git: GitWorktrees

    def found(self) -> Sequence[Leftover]:
        return _found(LeftoverKind.KEPT, self.projects, self.git, self._of)

    def remove(self, leftover: Leftover) -> None:
        with self.git.held(self.projects[leftover.project]) as repository:
            standing = repository.resolve(leftover.name)
            if standing is None:
                return
            if standing != leftover.sha:
                raise WorkspaceError(f"{leftover.name} moved to {standing[:12]}: it stays")
            repository.refs.run("update-ref", "-d", leftover.name, leftover.sha)

    def _of(self, project: Project) -> Iterator[Leftover]:
        with self.git.held(project) as repository:
            for name, sha, at, _ in _references(repository, KEPT_REFS):
                plain = name.removeprefix(KEPT_REFS)
                yield Leftover(
                    kind=LeftoverKind.KEPT,
                    name=name,
                    where=project.path,
                    attempt=attempt_in(plain, self.home8),
                    task=task_in(plain),
                    project=project.key,
                    at=at,
                    sha=sha,
                )


def _found(
    kind: LeftoverKind,
    projects: Mapping[str, Project],
    git: GitWorktrees,
    rows: Callable[[Project], Iterator[Leftover]],
) -> Sequence[Leftover]:
    """Gather the rows of each repository once; one that cannot be looked into is told as odd."""
    found: list[Leftover] = []
    seen = set()
    for project in projects.values():
        try:
            with git.held(project) as repository:
                known = repository.common in seen
                seen.add(repository.common)
            if not known:
                found += rows(project)
        except WorkspaceError as error:
            row = Leftover(kind=kind, name=project.path, where=project.path, odd=str(error))
            found.append(row)
    return found


def _references(
    repository: Repository, below: str
) -> Iterator[tuple[str, str, datetime | None, str]]:
    """Yield name, commit, its date and where it is checked out, of each reference."""
    told = repository.refs.run("for-each-ref", f"--format={_FORMAT}", below).fields
    for start in range(0, len(told) - _COLUMNS + 1, _COLUMNS):
        name, sha, at, place = (text(each).strip("\n") for each in told[start : start + _COLUMNS])
        yield name, sha, datetime.fromtimestamp(int(at), UTC) if at.isdigit() else None, place
