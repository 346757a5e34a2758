"""What the tests of git share: a home, a project on a real repository, an attempt in it."""

import os
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fleet.adapters.git.worktrees import GitWorktrees
from fleet.domain.attempt import Attempt, Outcome
from fleet.domain.profile import Project
from fleet.ports import Chain, Clock, Collected, Conflict, Entry, MergedTip, Workspace
from tests.builders import HOME8, an_attempt
from tests.repos import a_repository, git, write

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


class StillClock(Clock):
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@dataclass(frozen=True)
class Stage:
    """A home beside a repository, and git behind its port."""

    root: Path
    worktrees: GitWorktrees
    project: Project

    @property
    def repository(self) -> Path:
        return self.root / "repository"

    @property
    def home(self) -> Path:
        return self.root / "home"

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        return git(self.repository, *arguments, stdin=stdin)

    def prepared(self, attempt: Attempt, *, fresh: bool = False) -> Workspace:
        branch = attempt.branch
        return self.worktrees.prepare(self.project, attempt.id, branch=branch, fresh=fresh)

    def collected(self, attempt: Attempt, **options: Any) -> Collected:
        return self.worktrees.collect(self.project, attempt, message="APP-1: do it", **options)

    def worked(self, files: Mapping[str, str | bytes | None], number: int = 1) -> Collected:
        """Prepare, write as an agent would, and collect."""
        attempt = finished(number)
        write(Path(self.prepared(attempt).path), files)
        return self.collected(attempt)

    def chain(self, tip: str, *heads: str, messages: tuple[str, ...] = ()) -> Chain:
        """Build merges one after another."""
        said = messages or tuple(f"Merge APP-{n}" for n, _ in enumerate(heads, start=1))
        entries = [Entry(head=h, message=m, at=NOW) for h, m in zip(heads, said, strict=True)]
        return self.worktrees.chained(self.project, tip=tip, entries=entries)

    def conflict(self, tip: str, head: str) -> Conflict:
        """Build a merge that is in conflict."""
        chain = self.chain(tip, head)
        assert chain.conflict is not None
        assert chain.tip is None
        return chain.conflict

    def merged(self, tip: str, head: str) -> MergedTip:
        """Build a merge that has no conflict."""
        chain = self.chain(tip, head)
        assert chain.conflict is None
        assert chain.tip is not None
        assert chain.merged == (chain.tip,)
        return chain.tip

    def reverted(self, tip: str, merged: str) -> MergedTip:
        """Build a revert that has no conflict."""
        said = "Revert APP-1"
        back = self.worktrees.reverted(self.project, tip=tip, merged=merged, message=said, at=NOW)
        assert isinstance(back, MergedTip)
        return back

    def names(self, sha: str) -> set[str]:
        """Answer the names of all files at a commit."""
        return set(self.git("ls-tree", "-r", "-z", "--name-only", sha).split("\0")) - {""}

    def raw(self, sha: str, name: str) -> bytes:
        """Answer a file's bytes at a commit."""
        shown = ("git", "-C", str(self.repository), "cat-file", "blob", f"{sha}:{name}")
        return subprocess.run(shown, capture_output=True, check=True).stdout

    def content(self, sha: str, name: str) -> str:
        return self.git("show", f"{sha}:{name}")


def a_stage(
    root: Path,
    files: Mapping[str, str | bytes] | None = None,
    *,
    clock: Clock | None = None,
    **project: Any,
) -> Stage:
    """Make a home and a repository with one commit."""
    path = a_repository(root / "repository", files)
    about: dict[str, Any] = {"key": "APP", "path": str(path), "target": "main", "checks": ()}
    worktrees = GitWorktrees(root / "home", HOME8, clock or StillClock(), variables={})
    return Stage(root=root, worktrees=worktrees, project=Project(**(about | project)))


def finished(number: int = 1, **fields: Any) -> Attempt:
    """Answer an attempt whose agent said it was done."""
    return an_attempt(number=number, outcome=Outcome.FINISHED, **fields)


def files_below(folder: Path) -> dict[str, bytes]:
    """Answer every file's bytes by name, but for `.git`."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if stat.S_ISREG(path.lstat().st_mode) and path.relative_to(folder).parts[0] != ".git"
    }


def owners_below(folder: Path) -> set[int]:
    """Answer the uids that own a folder and anything in it."""
    return {os.lstat(path).st_uid for path in (folder, *folder.rglob("*"))}
