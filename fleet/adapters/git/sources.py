"""Files of a tree out of the object store, all at once: nothing is opened, no link followed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fleet.adapters.git.command import text
from fleet.adapters.git.repository import Repository
from fleet.domain.errors import WorkspaceError

# some 100,000 files
_LISTED_BYTES = 16 * 1024**2
_PLAIN = (b"100644", b"100755")


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A plain file of a tree and its size in bytes; links and submodules are none."""

    path: str
    name: str
    size: int


def blobs_of(repository: Repository, tree: str) -> tuple[Blob, ...]:
    """Answer the plain files of a tree, the first 16 MiB of git's list of them."""
    listed = repository.store.peek(
        "ls-tree", "-r", "-z", "--long", "--full-tree", tree, limit=_LISTED_BYTES
    )
    # what comes after the last NUL was cut; an object that is missing has no number for its size
    entries = (entry.partition(b"\t") for entry in listed.split(b"\0")[:-1])
    told = ((about.split(), path) for about, _, path in entries)
    return tuple(
        Blob(path=text(path), name=text(name), size=int(size))
        for (mode, _, name, size), path in told
        if mode in _PLAIN and size.isdigit()
    )


def contents(repository: Repository, blobs: Iterable[Blob]) -> Mapping[str, bytes]:
    """Answer the contents of these by path; whoever asks bounds their sizes.

    Raises WorkspaceError where one is missing.
    """
    asked = tuple(blobs)
    names = "".join(f"{blob.name}\n" for blob in asked)
    told = repository.store.run("cat-file", "--batch", "--buffer", stdin=names.encode()).out
    found, at = {}, 0
    for blob in asked:
        head = b"%b blob %d\n" % (blob.name.encode(), blob.size)
        if not told.startswith(head, at):
            raise WorkspaceError(
                f"git has no object {blob.name} for {blob.path}", remedy="run git fsck there"
            )
        begin = at + len(head)
        found[blob.path] = told[begin : begin + blob.size]
        at = begin + blob.size + 1
    return found
