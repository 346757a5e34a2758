"""Make what an attempt works in: branch, worktree, trusted index and private git directory."""

import os
from pathlib import Path

from fleet.adapters.git.commits import stands
from fleet.adapters.git.compare import contains, merge_base
from fleet.adapters.git.files import make_folder, remove_trees, write
from fleet.adapters.git.place import Place
from fleet.adapters.git.private import check_out, make_private
from fleet.adapters.git.repository import Repository
from fleet.domain.errors import WorkspaceError
from fleet.ports import Workspace

KEPT = "refs/fleet/kept/"
# to `update-ref`: it must not exist yet
NOWHERE = ""
_LFS = b"filter=lfs"
# further down nobody names LFS
_ATTRIBUTES_BYTES = 1024**2


def branch_head(repository: Repository, place: Place, *, branch: str, fresh: bool) -> str:
    """Find or create the branch and answer its head; `fresh` moves it to the target's tip.

    The old head is kept by the attempt's name first, so that a second call keeps nothing else.
    """
    ref = f"refs/heads/{branch}"
    tip, head = repository.tip(), repository.resolve(ref)
    if head is not None and (not fresh or head == tip):
        return head
    if head is not None and not contains(repository, tip, head):
        keep_commit(repository, head, name=f"{place.name}-before")
    repository.refs.run("update-ref", "-m", "fleet: start", ref, tip, head or NOWHERE)
    return tip


def add_worktree(repository: Repository, place: Place, sha: str) -> None:
    """Register an empty worktree, detached at `sha`; the caller holds the repository's lock.

    By hand, as it is forgotten by hand: `git worktree add` starts two more processes of git.
    The three files are git's own (gitrepository-layout(5)). They appear at once and last: a user's
    `git gc` prunes a worktree that lacks one of them, or whose `.git` is not there.
    """
    owner, administration = repository.owner, _administration(repository, place)
    made = _being_made(repository, place)
    make_folder(place.tree, owner)
    make_folder(made, owner)
    write(place.tree / ".git", b"gitdir: " + os.fsencode(administration) + b"\n", owner)
    write(made / "HEAD", f"{sha}\n".encode(), owner)
    write(made / "commondir", b"../..\n", owner)
    write(made / "gitdir", os.fsencode(place.tree / ".git") + b"\n", owner)
    # no sooner: git deletes it where it is empty
    make_folder(administration.parent, owner)
    made.rename(administration)


def fill(repository: Repository, place: Place, *, branch: str, sha: str) -> dict[str, str]:
    """Write the files and what stands beside them, and mark the place ready last."""
    make_folder(place.beside, repository.owner)
    check_out(repository, place, sha)
    # so that `git status` of a human who looks in tells the truth
    theirs = _administration(repository, place) / "index"
    write(theirs, place.index.read_bytes(), repository.owner)
    make_private(repository, place, branch=branch, sha=sha)
    facts = {
        "base": sha,
        # whose ignore rules count: what an earlier attempt of the same branch wrote are an agent's
        "rules": merge_base(repository, repository.tip(), sha),
        "branch": branch,
        "notes": "\n".join(_notes(place.tree)),
    }
    place.mark_ready(facts, repository.owner)
    return facts


def workspace(repository: Repository, place: Place, facts: dict[str, str]) -> Workspace:
    """Answer the place as the port's value."""
    return Workspace(
        path=str(place.tree),
        git_dir=str(place.private),
        git_file=str(place.git_file),
        objects=repository.objects,
        base=facts["base"],
        uid=repository.owner.uid,
        gid=repository.owner.gid,
        notes=tuple(facts["notes"].splitlines()),
    )


def forget(repository: Repository, place: Place) -> None:
    """Delete git's record of a worktree that is gone; the caller holds the lock.

    By hand: `git worktree remove` stops at a `.git` an agent replaced, and `git worktree prune`
    would also forget the user's own worktrees on a disk that is not mounted now.
    """
    administration = _administration(repository, place)
    remove_trees(administration, _being_made(repository, place))
    if administration.parent.is_dir() and not any(administration.parent.iterdir()):
        administration.parent.rmdir()


def keep_commit(repository: Repository, sha: str, *, name: str) -> str:
    """Keep a commit by name, so that git never collects it; answer the reference that holds it.

    What is kept stays so: where the name holds the commit already, as a salvage does that holds
    more, nothing is done; where it holds other work, the name with the next number is taken.
    """
    ref, number = f"{KEPT}{name}", 1
    while not _kept_under(repository, ref, sha):
        number += 1
        ref = f"{KEPT}{name}-{number}"
    return ref


def keep_lost(repository: Repository, sha: str, *, branch: str, name: str) -> None:
    """Keep a commit that neither the branch nor the target holds: somebody has moved the branch."""
    head = repository.resolve(f"refs/heads/{branch}")
    # nearly always; what follows asks git three times more
    if head == sha or not stands(repository, sha):
        return
    holders = (head, repository.tip())
    if not any(contains(repository, holder, sha) for holder in holders if holder is not None):
        keep_commit(repository, sha, name=name)


def plant(repository: Repository, branch: str, *, sha: str) -> None:
    """Find or make a branch at that commit."""
    ref = f"refs/heads/{branch}"
    if repository.resolve(ref) is None:
        # by compare-and-swap: of two that come at once, one finds the other's
        asked = ("update-ref", "-m", "fleet: plant", ref, sha, NOWHERE)
        repository.refs.run(*asked)
    standing = repository.resolve(ref)
    if standing != sha:
        raise WorkspaceError(
            f"branch {branch} is at {standing}, not at {sha}: it is not touched",
            remedy=f"look at it, then `git branch -D {branch}`",
        )


def drop_branch(repository: Repository, branch: str, *, head: str, keep: str | None) -> None:
    """Delete a branch still at `head`, kept under another name first where that is wished."""
    ref = f"refs/heads/{branch}"
    standing = repository.resolve(ref)
    if standing is None:
        return
    if standing != head:
        raise WorkspaceError(
            f"branch {branch} is at {standing}, not at {head}: it is not deleted",
            remedy=f"look at it, then `git branch -D {branch}`",
        )
    if keep is not None:
        keep_commit(repository, head, name=keep)
    repository.refs.run("update-ref", "-d", ref, head)


def _kept_under(repository: Repository, ref: str, sha: str) -> bool:
    """Keep a commit under that reference; tell whether it could, as it holds no other work."""
    standing = repository.resolve(ref)
    if standing is not None and contains(repository, standing, sha):
        return True
    if standing is not None and not contains(repository, sha, standing):
        return False
    # by compare-and-swap: of two that come at once, one is refused
    repository.refs.run("update-ref", ref, sha, standing or NOWHERE)
    return True


def _administration(repository: Repository, place: Place) -> Path:
    return repository.common / "worktrees" / place.name


def _being_made(repository: Repository, place: Place) -> Path:
    """Answer where git's record is made: beside where it goes, so that it moves there whole."""
    return repository.common / f"fleet-{place.name}.new"


def _notes(tree: Path) -> list[str]:
    """Answer what the files just written lack; the agent they are for has not seen them yet."""
    notes = []
    if (tree / ".gitmodules").is_file():
        notes.append("submodules are not populated: put what they hold into the image")
    attributes = tree / ".gitattributes"
    if attributes.is_file() and not attributes.is_symlink() and _LFS in _beginning(attributes):
        notes.append("LFS files are pointers, not contents: put what is needed into the image")
    return notes


def _beginning(file: Path) -> bytes:
    """Answer as much of a file as matters: an attempt before this one may have written it."""
    with file.open("rb") as content:
        return content.read(_ATTRIBUTES_BYTES)
