"""What differs between two commits, without a working tree."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import BufferedReader, BytesIO
from itertools import chain, islice
from typing import TypeVar

from fleet.adapters.git.added import added_lines
from fleet.adapters.git.command import lines_of, text
from fleet.adapters.git.commits import loose_commit, read_commit
from fleet.adapters.git.repository import Repository
from fleet.domain.change import Change, ChangeType, Diff
from fleet.domain.errors import WorkspaceError
from fleet.ports import Added

PLAIN = ("--no-ext-diff", "--no-textconv", "--no-color", "-M")
# a batch and a few more: what landed just now is among them
_NEAR = 200
# bytes of a patch that are kept until they are asked for
_AT_ONCE = 32 * 1024
_R = TypeVar("_R")
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
    def read(fields: list[bytes], out: BufferedReader) -> Diff:
        changes, sections = _changes(fields)
        patch = out.read(_AT_ONCE)
        if len(patch) < _AT_ONCE:
            # of a small branch, what it adds is asked for next
            lines = added_lines(lines_of(BytesIO(patch)), sections, limit=_AT_ONCE)
            repository.known.keep(("added", base, head), lines)
        return changes

    return _compared(repository, base, head, read)


def added(repository: Repository, base: str, head: str, *, limit: int) -> Added:
    """Answer the lines that `head` adds to what both share, at most `limit` bytes of them."""

    def read(fields: list[bytes], out: BufferedReader) -> Added:
        return added_lines(lines_of(out), _changes(fields)[1], limit=limit)

    known = repository.known.found(("added", base, head))
    if isinstance(known, Added) and limit >= _AT_ONCE:
        return known
    return _compared(repository, base, head, read)


def _compared(
    repository: Repository, base: str, head: str, read: Callable[[list[bytes], BufferedReader], _R]
) -> _R:
    """Answer what is read from git's list of the changed files and the patch behind it."""
    try:
        return _asked(repository, read, "--merge-base", base, head)
    except WorkspaceError:
        # they share no commit, or several: one has to be chosen
        return _asked(repository, read, merge_base(repository, base, head), head)


def _asked(
    repository: Repository, read: Callable[[list[bytes], BufferedReader], _R], *commits: str
) -> _R:
    asked = ("diff-tree", "-r", "-z", "--raw", "--numstat", "-p", "-U0", *PLAIN, *commits)
    with repository.store.output(*asked) as out:
        return read(_fields(out), out)


def _fields(out: BufferedReader) -> list[bytes]:
    """Answer what stands before the patch; there an empty field, which is no other, ends it."""
    told = bytearray()
    while not told.endswith(b"\0\0") and (ahead := out.peek()):
        before = len(told[-1:])
        end = (told[-1:] + ahead).find(b"\0\0")
        told += out.read(len(ahead) if end < 0 else end + 2 - before)
    return [field for field in bytes(told).split(b"\0") if field]


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


def plain_files(
    repository: Repository, sha: str, path: str, *, longest: int, most: int
) -> Mapping[str, bytes]:
    """Answer the plain files at or below a path, at most `most`, each by its first bytes."""
    if ".." in path.split("/"):
        return {}
    asked = ("plain", sha, path, longest, most)
    return repository.known.answer(
        asked, lambda: _plain_files(repository, sha, path, longest=longest, most=most)
    )


def _plain_files(
    repository: Repository, sha: str, path: str, *, longest: int, most: int
) -> Mapping[str, bytes]:
    listed = repository.store.run("ls-tree", "-r", "-z", "--full-tree", sha, "--", path).fields
    entries = (entry.partition(b"\t") for entry in listed)
    plain = ((name, about.split()[2]) for about, _, name in entries if about[:6] in _FILES)
    return {
        os.fsdecode(name): repository.store.peek("cat-file", "blob", text(blob), limit=longest)
        for name, blob in islice(plain, most)
    }


def paths(repository: Repository, sha: str) -> frozenset[str]:
    """Answer the paths of all that stands in a commit."""
    return repository.known.answer(("paths", sha), lambda: _paths(repository, sha))


def told_paths(repository: Repository, sha: str, paths: frozenset[bytes]) -> None:
    """Remember the paths of a commit that was just made."""
    repository.known.keep(("paths", sha), frozenset(text(path) for path in paths))


def _paths(repository: Repository, sha: str) -> frozenset[str]:
    listed = repository.store.run("ls-tree", "-r", "-z", "--full-tree", "--name-only", sha)
    return frozenset(text(path) for path in listed.fields)


def _changes(fields: list[bytes]) -> tuple[Diff, list[str]]:
    """Answer the changes, and the paths of the patch's sections in their order."""
    # first all of --raw, whose entries begin with a colon, then all of --numstat
    left = iter(fields)
    told, rest = _raw(left)
    counts = dict(_counts(chain(rest, left)))
    diff = tuple(_counted(one, counts) for one in told)
    # a file that became a link, or a link a file, is told as deleted and then as new
    sections = [one.change.path for one in told for _ in range(2 if one.status == "T" else 1)]
    return diff, sections


@dataclass(frozen=True, kw_only=True)
class _Raw:
    """A change with its path and its status as git wrote them."""

    path: bytes
    status: str
    change: Change


def _raw(fields: Iterator[bytes]) -> tuple[list[_Raw], list[bytes]]:
    """Answer each change, and the field that was one too many."""
    told: list[_Raw] = []
    for header in fields:
        if not header.startswith(b":"):
            return told, [header]
        _, mode, _, _, status = text(header).split(" ")
        old = next(fields)
        kind = _TYPES.get(status[0])
        if kind is None:
            raise WorkspaceError(f"git told a change of a kind unknown to fleet: {status}")
        new = next(fields) if kind is ChangeType.RENAME else old
        old_path = text(old) if kind is ChangeType.RENAME else None
        change = Change(path=text(new), change_type=kind, mode=mode, old_path=old_path)
        told.append(_Raw(path=new, status=status[0], change=change))
    return told, []


def _counted(told: _Raw, counts: dict[bytes, tuple[int, int] | None]) -> Change:
    count = counts.get(told.path, (0, 0))
    added, removed = count or (0, 0)
    return replace(told.change, added=added, removed=removed, binary=count is None)


def _counts(fields: Iterator[bytes]) -> Iterator[tuple[bytes, tuple[int, int] | None]]:
    """Yield (path, (added, removed)), or (path, None) for a binary file."""
    for field in fields:
        added, removed, name = field.split(b"\t", 2)
        if not name:
            # a rename tells its two names in fields of their own
            next(fields)
            name = next(fields)
        yield name, None if added == b"-" else (int(added), int(removed))
