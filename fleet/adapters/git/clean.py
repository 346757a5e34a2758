"""Clean trees for checks: one SHA, with the target's own check files laid over it."""

from fleet.adapters.git.command import Git, text
from fleet.adapters.git.commits import read_commit
from fleet.adapters.git.files import make_folder, write
from fleet.adapters.git.place import Place
from fleet.adapters.git.private import check_out, make_private
from fleet.adapters.git.repository import Repository
from fleet.domain.change import matches
from fleet.ports import Checkout


def make_clean(
    repository: Repository, place: Place, *, sha: str, overlay: tuple[str, ...]
) -> Checkout:
    """Make the tree anew: one that a check ran in before is no longer clean."""
    place.clear()
    make_folder(place.beside, repository.owner)
    make_folder(place.tree, repository.owner)
    # where the container's git file will be laid over; empty, for nobody's git may follow it here.
    # While the tree holds nothing else: a link an agent committed must not lead us anywhere
    write(place.tree / ".git", b"", repository.owner)
    git = repository.store.over(place.tree, index=place.index)
    laid_over = _laid_over(repository, sha=sha, patterns=overlay)
    tree = _with(git, laid_over, sha=sha) if laid_over else read_commit(repository, sha).tree
    check_out(repository, place, tree)
    make_private(repository, place, branch="check", sha=sha)
    return Checkout(
        path=str(place.tree),
        git_dir=str(place.private),
        git_file=str(place.git_file),
        objects=repository.objects,
        tree=tree,
        uid=repository.owner.uid,
        gid=repository.owner.gid,
    )


def clean_tree(repository: Repository, place: Place, *, sha: str, overlay: tuple[str, ...]) -> str:
    """Answer the tree that `make_clean` would write, without a file of it."""
    laid_over = _laid_over(repository, sha=sha, patterns=overlay)
    if not laid_over:
        return read_commit(repository, sha).tree
    place.clear()
    make_folder(place.beside, repository.owner)
    make_folder(place.tree, repository.owner)
    try:
        return _with(repository.store.over(place.tree, index=place.index), laid_over, sha=sha)
    finally:
        place.clear()


def _laid_over(repository: Repository, *, sha: str, patterns: tuple[str, ...]) -> list[bytes]:
    """Answer what makes every path under a pattern what it is in the target, for an index."""
    if not patterns:
        return []
    asked = ("diff-tree", "-r", "-z", "--no-renames", sha, repository.tip())
    # asked for twice a check: for what is known of that tree, and to make it
    differing = iter(repository.known.answer(asked, lambda: repository.store.run(*asked).fields))
    gone, there = [], []
    for header in differing:
        path = next(differing)
        if not any(matches(text(path), pattern) for pattern in patterns):
            continue
        _, mode, _, blob, status = header.split(b" ")
        if status == b"D":
            gone.append(b"0 %s\t%s\0" % (blob, path))
        else:
            there.append(b"%s %s\t%s\0" % (mode, blob, path))
    # what goes first: a folder may take the place of a file
    return [*gone, *there]


def _with(git: Git, entries: list[bytes], *, sha: str) -> str:
    """Answer the tree of `sha` with these entries in it."""
    git.run("read-tree", sha)
    git.run("update-index", "-z", "--index-info", stdin=b"".join(entries))
    return git.line("write-tree")
