"""Git, hardened, behind the port: every way a repository is looked at or changed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import ParamSpec, TypeVar

from fleet.adapters.git import (
    claim,
    collect,
    commits,
    compare,
    merges,
    prepare,
    remote,
    sources,
    target,
)
from fleet.adapters.git.chains import Chains
from fleet.adapters.git.clean import clean_tree, make_clean
from fleet.adapters.git.files import make_spread, remove_trees
from fleet.adapters.git.history import between
from fleet.adapters.git.locks import RepositoryLocks
from fleet.adapters.git.place import FOR_A_BUILD, attempt_place, check_place
from fleet.adapters.git.repository import Repository, open_repository
from fleet.adapters.git.room import translated, weighed
from fleet.adapters.git.salvage import facts_of, salvage
from fleet.adapters.git.visit import visit
from fleet.domain.attempt import Attempt
from fleet.domain.change import Diff
from fleet.domain.profile import Project
from fleet.ports import (
    Added,
    Chain,
    Checkout,
    Clock,
    Collected,
    Conflict,
    Entry,
    MergedTip,
    Workspace,
    Worktrees,
)

_P = ParamSpec("_P")
_R = TypeVar("_R")


def _told(method: Callable[_P, _R]) -> Callable[_P, _R]:
    """Translate what the file system says (no space, no permission) at the port's edge."""

    @wraps(method)
    def told(*given: _P.args, **named: _P.kwargs) -> _R:
        with translated():
            return method(*given, **named)

    return told


class GitWorktrees(Worktrees):
    """Worktrees, snapshots, clean trees and merges of a home's projects.

    `variables` are the environment fleet was started in; remotes alone are asked with some of it.
    """

    def __init__(
        self, home: Path, home8: str, clock: Clock, *, variables: Mapping[str, str]
    ) -> None:
        self._home = home.resolve()
        self._home8 = home8
        self._clock = clock
        self._variables = variables
        self._state = self._home / ".fleet"
        self._locks = RepositoryLocks(self._state / "locks")
        self._opening = Lock()
        self._open: dict[str, Repository] = {}
        self._chains = Chains()

    @_told
    def validate(self, project: Project) -> str:
        claim.require_git()
        with self.held(project) as repository:
            tip = repository.tip()
            claim.require_reach(repository, self._home)
            claim.claim(repository, self._home, home8=self._home8)
        for folder in ("worktrees", "checks", "git"):
            make_spread(self._state / folder)
        return tip

    @_told
    def take_over(self, project: Project) -> None:
        """Claim the repository for this home, whoever had it: only when a human says so."""
        with self.held(project) as repository:
            claim.take_over(repository, self._home, home8=self._home8)

    @_told
    def tip(self, project: Project) -> str:
        return self._at(project).tip()

    @_told
    def head(self, project: Project, branch: str) -> str | None:
        return self._at(project).resolve(f"refs/heads/{branch}")

    @_told
    def tree(self, project: Project, sha: str) -> str:
        return commits.read_commit(self._at(project), sha).tree

    @_told
    def has_file(self, project: Project, sha: str, path: str) -> bool:
        return compare.has_file(self._at(project), sha, path)

    @_told
    def plain_files(
        self, project: Project, sha: str, path: str, *, longest: int, most: int
    ) -> Mapping[str, bytes]:
        return compare.plain_files(self._at(project), sha, path, longest=longest, most=most)

    @_told
    def prepare(self, project: Project, attempt: str, *, branch: str, fresh: bool) -> Workspace:
        place, repository = attempt_place(self._home, attempt), self._at(project)
        facts = facts_of(repository, place)
        if facts is None:
            # half-made: no container ran in what was never marked ready
            place.clear()
            with self.held(project):
                prepare.forget(repository, place)
                sha = prepare.branch_head(repository, place, branch=branch, fresh=fresh)
                prepare.add_worktree(repository, place, sha)
            facts = prepare.fill(repository, place, branch=branch, sha=sha)
        return prepare.workspace(repository, place, facts)

    @_told
    def collect(
        self, project: Project, attempt: Attempt, *, message: str, skip: tuple[str, ...] = ()
    ) -> Collected:
        repository, place = self._at(project), attempt_place(self._home, attempt.id)
        with weighed(attempt.id, place.tree, into=repository.common):
            return collect.collect(
                repository, place, attempt, message=message, skip=skip, at=self._clock.now()
            )

    @_told
    def diff(self, project: Project, base: str, head: str) -> Diff:
        return compare.diff(self._at(project), base, head)

    @_told
    def patch(self, project: Project, base: str, head: str, *, limit: int) -> str:
        return compare.patch(self._at(project), base, head, limit=limit)

    @_told
    def stat(self, project: Project, base: str, head: str) -> str:
        return compare.stat(self._at(project), base, head)

    @_told
    def checkout(
        self, project: Project, sha: str, *, name: str, overlay: tuple[str, ...]
    ) -> Checkout:
        place = check_place(self._home, name)
        return make_clean(self._at(project), place, sha=sha, overlay=overlay)

    @_told
    def clean_tree(self, project: Project, sha: str, *, name: str, overlay: tuple[str, ...]) -> str:
        repository = self._at(project)
        if not overlay:
            return commits.read_commit(repository, sha).tree
        return clean_tree(repository, check_place(self._home, name), sha=sha, overlay=overlay)

    @_told
    def drop_checkout(self, project: Project, name: str) -> None:  # noqa: ARG002 - as the port has it
        check_place(self._home, name).clear()

    @_told
    def drop_checkouts(self) -> None:
        folder = self._state / "checks"
        if folder.is_dir() and not folder.is_symlink():
            # another process may build an image now
            trees = (tree for tree in folder.iterdir() if not tree.name.startswith(FOR_A_BUILD))
            remove_trees(*trees)

    @_told
    def chained(self, project: Project, *, tip: str, entries: Sequence[Entry]) -> Chain:
        return self._chains.chained(self._at(project), tip, entries)

    @_told
    def reverted(
        self, project: Project, *, tip: str, merged: str, message: str, at: datetime
    ) -> MergedTip | Conflict:
        return merges.reverted(self._at(project), tip, merged=merged, message=message, at=at)

    @_told
    def plant(self, project: Project, branch: str, *, sha: str) -> None:
        with self.held(project) as repository:
            prepare.plant(repository, branch, sha=sha)

    @_told
    def synced(self, project: Project) -> str | None:
        if project.remote is None:
            return None
        repository = self._at(project)
        # never the repository's lock: a remote may take minutes to answer
        with self._locks.held(f"{repository.name}-remote"):
            theirs = remote.fetched(repository, self._variables)
        with self.held(project):
            return remote.brought_up(repository, self._state / "moves", theirs)

    @_told
    def pushed(self, project: Project, *, old: str, new: str) -> None:
        if project.remote is None:
            return
        repository = self._at(project)
        with self._locks.held(f"{repository.name}-remote"):
            remote.pushed(repository, self._variables, old=old, new=new)

    @_told
    def check_out(self, project: Project, sha: str, *, folder: str) -> None:
        with self.held(project) as repository:
            visit(repository, sha, folder=Path(folder))

    @_told
    def added(self, project: Project, base: str, head: str, *, limit: int) -> Added:
        return compare.added(self._at(project), base, head, limit=limit)

    @_told
    def paths(self, project: Project, sha: str) -> frozenset[str]:
        return compare.paths(self._at(project), sha)

    @_told
    def blobs(self, project: Project, sha: str) -> tuple[sources.Blob, ...]:
        """Answer the plain files of a commit or tree; links and submodules are none."""
        return sources.blobs_of(self._at(project), sha)

    @_told
    def contents(self, project: Project, blobs: Sequence[sources.Blob]) -> Mapping[str, bytes]:
        """Answer the contents of these by path; whoever asks bounds their sizes."""
        return sources.contents(self._at(project), blobs)

    @_told
    def commits_between(self, project: Project, base: str, tip: str) -> tuple[str, ...]:
        return between(self._at(project), base, tip)

    @_told
    def is_merged(self, project: Project, head: str) -> bool:
        repository = self._at(project)
        tip = repository.tip()
        return commits.stands(repository, head) and compare.contains(repository, tip, head)

    @_told
    def advance_target(self, project: Project, *, old: str, new: str) -> str | None:
        with self.held(project) as repository:
            return target.advance(repository, self._state / "moves", old=old, new=new)

    @_told
    def target_blocked(self, project: Project) -> str | None:
        with self.held(project) as repository:
            return target.blocked(repository, self._state / "moves")

    @_told
    def remove(self, project: Project, attempt: str) -> None:
        place = attempt_place(self._home, attempt)
        if place.unsaved or place.torn:
            with self.held(project) as repository:
                salvage(repository, place)
        place.clear()
        with self.held(project) as repository:
            prepare.forget(repository, place)

    @_told
    def keep(self, project: Project, sha: str, *, name: str) -> None:
        with self.held(project) as repository:
            prepare.keep_commit(repository, sha, name=name)

    @_told
    def keep_lost(self, project: Project, sha: str, *, branch: str, name: str) -> None:
        with self.held(project) as repository:
            prepare.keep_lost(repository, sha, branch=branch, name=name)

    @_told
    def drop_branch(self, project: Project, branch: str, *, head: str, keep: str | None) -> None:
        with self.held(project) as repository:
            prepare.drop_branch(repository, branch, head=head, keep=keep)

    @contextmanager
    def held(self, project: Project) -> Iterator[Repository]:
        """Hold the lock of a project's repository inside the block, and answer it."""
        repository = self._at(project)
        with self._locks.held(repository.name):
            yield repository

    def _at(self, project: Project) -> Repository:
        with self._opening:
            known = self._open.get(project.path)
            if known is None or not (known.common / "HEAD").exists():
                known = open_repository(project, self._state / "stores")
                self._open[project.path] = known
        return replace(known, project=project)
