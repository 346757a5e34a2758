"""One merge or revert built aside, without a working tree: nothing has moved yet."""

from dataclasses import dataclass
from datetime import datetime

from fleet.adapters.git.commits import Commit, read_commit, write_commit
from fleet.adapters.git.compare import contains
from fleet.adapters.git.conflicts import Clash, merge_trees
from fleet.adapters.git.repository import Repository
from fleet.domain.errors import WorkspaceError
from fleet.domain.merge import MergeWay
from fleet.ports import Conflict, Entry, MergedTip


@dataclass(frozen=True, kw_only=True)
class Merge:
    """A commit that others are built upon, and its date in seconds since 1970."""

    sha: str
    tree: str
    at: int

    @property
    def tip(self) -> MergedTip:
        """Answer it as the port's value."""
        return MergedTip(sha=self.sha, tree=self.tree)


def standing(repository: Repository, sha: str) -> Merge:
    """Answer a commit that is there."""
    commit = read_commit(repository, sha)
    return Merge(sha=sha, tree=commit.tree, at=commit.at)


def squashed(repository: Repository) -> bool:
    """Tell whether a branch enters this target as one commit of its own."""
    return repository.project.merge is MergeWay.SQUASH


def merged(repository: Repository, on: Merge, entry: Entry) -> Merge | Conflict:
    """Build the merge of an entry, in the project's way; the same arguments give the same SHA."""
    tree = merge_trees(repository, on.sha, entry.head)
    if isinstance(tree, Clash):
        return tree.told(repository)
    parents = (on.sha,) if squashed(repository) else (on.sha, entry.head)
    return _committed(repository, tree, parents, message=entry.message, at=_after(on, entry.at))


def together(repository: Repository, on: Merge, merges: list[tuple[Entry, Merge]]) -> Merge:
    """Build the one commit that several merges land as: those between were never checked alone."""
    last = merges[-1][1]
    firsts = (entry.message.strip().partition("\n")[0] for entry, _ in merges)
    message = "\n".join((f"Merge {len(merges)} pull requests", "", *firsts))
    return _committed(repository, last.tree, (on.sha, last.sha), message=message, at=last.at)


def reverted(
    repository: Repository, tip: str, *, merged: str, message: str, at: datetime
) -> MergedTip | Conflict:
    """Build the commit on `tip` that takes back `merged`; `tip` itself where nothing is left."""
    on, undone = standing(repository, tip), read_commit(repository, merged)
    if not undone.parents:
        raise WorkspaceError(f"{merged} is the first commit: it cannot be taken back")
    if not contains(repository, tip, merged):
        target = repository.project.target
        raise WorkspaceError(f"{merged} is not in {target}: there is nothing to take back")
    before = read_commit(repository, undone.parents[0]).tree
    when = _after(on, at)
    # git 2.39 has no `--merge-base`: a commit upon the merge that holds what was before it
    back = _committed(repository, before, (merged,), message=message, at=when)
    tree = merge_trees(repository, tip, back.sha)
    if isinstance(tree, Clash):
        return tree.told(repository)
    if tree == on.tree:
        return on.tip
    return _committed(repository, tree, (tip,), message=message, at=when).tip


def _after(on: Merge, at: datetime) -> int:
    # never before what it stands on: git's own listings by date stop at a commit that is older
    return max(on.at, round(at.timestamp()))


def _committed(
    repository: Repository, tree: str, parents: tuple[str, ...], *, message: str, at: int
) -> Merge:
    sha = write_commit(repository, Commit(tree=tree, parents=parents, at=at), message=message)
    return Merge(sha=sha, tree=tree, at=at)
