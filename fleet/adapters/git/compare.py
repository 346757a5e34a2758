"""What differs between two commits, without a working tree."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from fleet.adapters.git.command import text
from fleet.adapters.git.commits import loose_commit, read_commit
from fleet.adapters.git.repository import Repository
from fleet.domain.change import Change, ChangeType, Diff
from fleet.domain.errors import WorkspaceError

PLAIN = ("--no-ext-diff", "--no-textconv", "--no-color", "-M")
# a batch and a few more: what landed just now is among them
_NEAR = 200
_FILES = frozenset({b"100644", b"100755"})
_TYPES = {
    "A": ChangeType.CREATE,
    "M": ChangeType.UPDATE,
    "T": ChangeType.UPDATE,
    "D": ChangeType.DELETE,
    "R": ChangeType.RENAME,
}


def diff(repository: Repository, base: str, head: str) -> Diff:
    """Answer the changed files between the merge base and `head`, by path."""
    return repository.known.answer(("diff", base, head), lambda: _diff(repository, base, head))


def _diff(repository: Repository, base: str, head: str) -> Diff:
    asked = ("diff-tree", "-r", "-z", "--raw", "--numstat", *PLAIN)
    told = repository.store.run(*asked, "--merge-base", base, head, allowed=(0, 128))
    if told.code != 0:
        # they share no commit, or several: one has to be chosen
        told = repository.store.run(*asked, merge_base(repository, base, head), head)
    fields = iter(told.fields)
    # first all of --raw, whose entries begin with a colon, then all of --numstat
    changes, rest = _raw(fields)
    counts = dict(_counts(chain(rest, fields)))
    return tuple(_counted(change, path, counts) for path, change in changes)


def patch(repository: Repository, base: str, head: str, *, limit: int) -> str:
    """Answer the unified diff, cut at `limit` characters."""
    shared = merge_base(repository, base, head)
    # no character takes more than four bytes
    raw = repository.store.peek("diff-tree", "-r", "-p", *PLAIN, shared, head, limit=4 * limit + 4)
    return text(raw)[:limit]


def stat(repository: Repository, base: str, head: str) -> str:
    """Answer git's diffstat."""
    shared = merge_base(repository, base, head)
    told = repository.store.run("diff-tree", "-r", "--stat=100", *PLAIN, shared, head)
    return text(told.out).rstrip("\n")


def merge_base(repository: Repository, base: str, head: str) -> str:
    """Answer the newest commit both contain, or `base` itself where they share none."""
    if base == head or base in read_commit(repository, head).parents:
        return base
    found = repository.store.run("merge-base", base, head, allowed=(0, 1))
    return found.line.partition("\n")[0] or base


def contains(repository: Repository, tip: str, head: str) -> bool:
    """Tell whether `head` is an ancestor of `tip`, or the same."""
    if head in _nearest(repository, tip):
        return True
    asked = ("merge-base", "--is-ancestor", head, tip)
    return repository.store.run(*asked, allowed=(0, 1)).code == 0


def _nearest(repository: Repository, tip: str) -> Iterator[str]:
    """Yield a commit and its next ancestors, those that git need not be asked for."""
    ahead, met = deque([tip]), {tip}
    while ahead and len(met) < _NEAR:
        here = ahead.popleft()
        yield here
        commit = loose_commit(repository, here)
        fresh = [one for one in (commit.parents if commit else ()) if one not in met]
        met.update(fresh)
        ahead.extend(fresh)


def has_file(repository: Repository, sha: str, path: str) -> bool:
    """Tell whether a file stands there; a link, folder or submodule is none."""
    if ".." in path.split("/"):
        return False
    asked = ("file", sha, path)
    return repository.known.answer(asked, lambda: _has_file(repository, sha, path))


def _has_file(repository: Repository, sha: str, path: str) -> bool:
    name = path.encode(errors="surrogateescape")
    listed = repository.store.run("ls-tree", "-z", "--full-tree", sha, "--", path).fields
    entries = (entry.partition(b"\t") for entry in listed)
    return any(found == name and about[:6] in _FILES for about, _, found in entries)


def paths(repository: Repository, sha: str) -> frozenset[str]:
    """Answer the paths of all that stands in a commit."""
    listed = repository.store.run("ls-tree", "-r", "-z", "--full-tree", "--name-only", sha)
    return frozenset(text(path) for path in listed.fields)


def _raw(fields: Iterator[bytes]) -> tuple[list[tuple[bytes, Change]], list[bytes]]:
    """Answer each change with its path as git wrote it, and the field that was one too many."""
    changes: list[tuple[bytes, Change]] = []
    for header in fields:
        if not header.startswith(b":"):
            return changes, [header]
        _, mode, _, _, status = text(header).split(" ")
        old = next(fields)
        kind = _TYPES.get(status[0])
        if kind is None:
            raise WorkspaceError(f"git told a change of a kind unknown to fleet: {status}")
        new = next(fields) if kind is ChangeType.RENAME else old
        old_path = text(old) if kind is ChangeType.RENAME else None
        changes.append(
            (new, Change(path=text(new), change_type=kind, mode=mode, old_path=old_path))
        )
    return changes, []


def _counted(change: Change, path: bytes, counts: dict[bytes, tuple[int, int] | None]) -> Change:
    count = counts.get(path, (0, 0))
    added, removed = count or (0, 0)
    return replace(change, added=added, removed=removed, binary=count is None)


def _counts(fields: Iterator[bytes]) -> Iterator[tuple[bytes, tuple[int, int] | None]]:
    """Yield (path, (added, removed)), or (path, None) for a binary file."""
    for field in fields:
        added, removed, name = field.split(b"\t", 2)
        if not name:
            # a rename tells its two names in fields of their own
            next(fields)
            name = next(fields)
        yield name, None if added == b"-" else (int(added), int(removed))
