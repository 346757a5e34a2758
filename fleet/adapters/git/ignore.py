"""Which untracked paths the base commit ignores; the agent's own edits have no say."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from fleet.adapters.git.blobs import Entry
from fleet.adapters.git.command import text
from fleet.adapters.git.files import give_all, remove_trees
from fleet.adapters.git.repository import Repository

_RULES = b".gitignore"
# a rules file larger than this is no rules file
_RULES_BYTES = 1024**2
_WAYS_OUT = frozenset({b"", b".", b"..", b".git"})
_FILES = ("100644", "100755")


def ignored(
    repository: Repository, rules: Mapping[bytes, str], paths: Iterable[bytes], *, scratch: Path
) -> set[bytes]:
    """Answer those of the paths that the rules match.

    Git is asked over a throw-away tree that holds these `.gitignore` files and nothing else.
    """
    # with a dot before it, a name that starts with a colon is no pathspec magic
    asked = b"".join(b"./%s\0" % path for path in paths)
    if not asked or not rules:
        return set()
    remove_trees(scratch)
    scratch.mkdir()
    for path, blob in rules.items():
        _lay_down(repository, scratch, path, blob=blob)
    give_all(scratch, repository.owner)
    git = repository.store.over(scratch, index=scratch / "none")
    # check-ignore does not know it, and takes no patterns anyway
    git = git.having(GIT_LITERAL_PATHSPECS="")
    answer = git.run("check-ignore", "--no-index", "--stdin", "-z", stdin=asked, allowed=(0, 1))
    remove_trees(scratch)
    return {path.removeprefix(b"./") for path in answer.fields}


def folded(names: Iterable[bytes], kept: Iterable[bytes]) -> tuple[str, ...]:
    """Name whole folders instead of every file where nothing in them is kept."""
    holding = {parent for path in kept for parent in folders_of(path)}
    short = set()
    for name in names:
        parents = folders_of(name)
        alone = next((parent for parent in parents if parent not in holding), None)
        short.add(name if alone is None else alone + b"/")
    return tuple(text(name) for name in sorted(short))


def folders_of(path: bytes) -> list[bytes]:
    """Answer the folders above a path, outermost first."""
    parts = path.rstrip(b"/").split(b"/")[:-1]
    return [b"/".join(parts[: count + 1]) for count in range(len(parts))]


def entries_of(repository: Repository, commit: str) -> dict[bytes, Entry]:
    """Answer every path of a commit."""
    entries = {}
    for entry in repository.store.run("ls-tree", "-r", "-z", commit).fields:
        about, path = entry.split(b"\t", 1)
        mode, _, blob = about.decode().split(" ")
        entries[path] = (mode, blob)
    return entries


def rules_in(entries: Mapping[bytes, Entry]) -> dict[bytes, str]:
    """Answer the `.gitignore` files among the paths of a commit."""
    rules = {}
    for path, (mode, blob) in entries.items():
        *above, name = path.split(b"/")
        # a tree made by hand may name a way out of the throw-away one
        if name == _RULES and mode in _FILES and not _WAYS_OUT.intersection(above):
            rules[path] = blob
    return rules


def _lay_down(repository: Repository, scratch: Path, path: bytes, *, blob: str) -> None:
    place = scratch / os.fsdecode(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(repository.store.peek("cat-file", "blob", blob, limit=_RULES_BYTES))
