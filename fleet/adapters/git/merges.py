"""Merges and reverts built aside: commits on top of one another, without a working tree."""

from collections.abc import Sequence
from datetime import UTC, datetime

from fleet.adapters.git.compare import contains, identity, message_bytes
from fleet.adapters.git.conflicts import Clash, merge_trees
from fleet.adapters.git.repository import Repository
from fleet.domain.errors import WorkspaceError
from fleet.domain.merge import MergeWay
from fleet.ports import Chain, Conflict, Entry, MergedTip


def chained(repository: Repository, tip: str, entries: Sequence[Entry]) -> Chain:
    """Build the merges of all entries on `tip`; the same arguments give the same SHAs."""
    merged: list[MergedTip] = []
    on, at = tip, date_of(repository, tip)
    for entry in entries:
        tree = merge_trees(repository, on, entry.head)
        if isinstance(tree, Clash):
            tipped = _tipped(repository, tip, entries[: len(merged)], merged, at=at)
            return Chain(merged=tuple(merged), tip=tipped, conflict=tree.told(repository))
        # never before what it stands on: git's own listings by date stop at a commit that is older
        at = max(entry.at, at)
        parents = (on,) if _squashed(repository) else (on, entry.head)
        on = _commit(repository, tree, parents, message=entry.message, at=at)
        merged.append(MergedTip(sha=on, tree=tree))
    return Chain(merged=tuple(merged), tip=_tipped(repository, tip, entries, merged, at=at))


def reverted(
    repository: Repository, tip: str, *, merged: str, message: str, at: datetime
) -> MergedTip | Conflict:
    """Build the commit on `tip` that takes back `merged`; `tip` itself where nothing is left."""
    if not contains(repository, tip, merged):
        raise WorkspaceError(
            f"{merged} is not in {repository.project.target}: there is nothing to take back"
        )
    before = repository.store.run(
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{merged}^1^{{tree}}",
        allowed=(0, 1),
    ).line
    if not before:
        raise WorkspaceError(f"{merged} is the first commit: it cannot be taken back")
    at = max(at, date_of(repository, tip))
    # git 2.39 has no `--merge-base`: a commit on top of the merge that holds what was before it
    undone = _commit(repository, before, (merged,), message=message, at=at)
    tree = merge_trees(repository, tip, undone)
    if isinstance(tree, Clash):
        return tree.told(repository)
    if tree == repository.tree(tip):
        return MergedTip(sha=tip, tree=tree)
    return MergedTip(sha=_commit(repository, tree, (tip,), message=message, at=at), tree=tree)


def date_of(repository: Repository, sha: str) -> datetime:
    """Answer when a commit was made, as it says."""
    told = repository.store.line("log", "--max-count=1", "--format=%ct", sha)
    return datetime.fromtimestamp(int(told), UTC)


def _squashed(repository: Repository) -> bool:
    return repository.project.merge is MergeWay.SQUASH


def _tipped(
    repository: Repository,
    tip: str,
    entries: Sequence[Entry],
    merged: Sequence[MergedTip],
    *,
    at: datetime,
) -> MergedTip | None:
    """Answer what would land: several merges as one commit, for the ones between are unverified."""
    if not merged:
        return None
    last = merged[-1]
    if len(merged) == 1 or _squashed(repository):
        return last
    firsts = (entry.message.strip().partition("\n")[0] for entry in entries)
    said = "\n".join((f"Merge {len(merged)} pull requests", "", *firsts))
    sha = _commit(repository, last.tree, (tip, last.sha), message=said, at=at)
    return MergedTip(sha=sha, tree=last.tree)


def _commit(
    repository: Repository, tree: str, parents: tuple[str, ...], *, message: str, at: datetime
) -> str:
    author = repository.store.having(**identity("fleet", at=at))
    named = (word for parent in parents for word in ("-p", parent))
    return author.run("commit-tree", tree, *named, stdin=message_bytes(message)).line
