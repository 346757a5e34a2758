"""Move the target branch, and with it the user's clean checkout of it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from fleet.adapters.git.blobs import entry_of
from fleet.adapters.git.command import text
from fleet.adapters.git.files import make_folder, write
from fleet.adapters.git.ignore import folders_of
from fleet.adapters.git.repository import Repository
from fleet.adapters.git.user_checkout import (
    UserCheckout,
    conversion,
    converted,
    on_target,
    settings_of,
    unclean,
)
from fleet.domain.errors import StaleLeaseError, WorkspaceError


@dataclass(frozen=True, kw_only=True)
class _Touched:
    """A path that differs between two commits: git's status, and (mode, blob) after."""

    path: bytes
    status: str
    after: tuple[str, str]


def advance(repository: Repository, moves: Path, *, old: str, new: str) -> str | None:
    """Move the target; answer why it has to wait. The caller holds the repository's lock."""
    folder = make_folder(moves / repository.name, repository.owner)
    waits = _settle(repository, folder)
    standing = repository.tip()
    if standing == new:
        return None
    if standing != old:
        raise StaleLeaseError(f"{repository.project.target} is at {standing}, not at {old}")
    checkout, why = _judged(repository, folder, sha=old)
    waits = waits or why
    if waits:
        return waits
    if checkout is None:
        _move(repository, old=old, new=new)
        return None
    waits = _hindered(repository, checkout, folder, old=old, new=new)
    return waits or _bring_along(repository, checkout, folder, old=old, new=new)


def blocked(repository: Repository, moves: Path) -> str | None:
    """Answer why a merge would have to wait now. The caller holds the repository's lock."""
    folder = make_folder(moves / repository.name, repository.owner)
    return _settle(repository, folder) or _judged(repository, folder, sha=repository.tip())[1]


def _judged(
    repository: Repository, folder: Path, *, sha: str
) -> tuple[UserCheckout | None, str | None]:
    """Answer the user's checkout of the target if there is one, and why it may not be touched."""
    found = on_target(repository)
    if not found:
        return None, None
    if len(found) > 1:
        return None, _waits(f"the target is checked out {len(found)} times", repository)
    why = conversion(settings_of(repository))
    if why is not None:
        return found[0], _waits(f"{found[0].path}: {why}", repository)
    why = unclean(repository, found[0], sha, copy=folder / "index")
    return found[0], why and _waits(why, repository)


def _waits(reason: str, repository: Repository) -> str:
    target = repository.project.target
    return f"{reason} (commit there, `git switch --detach`, or another target than {target!r})"


def _hindered(
    repository: Repository, checkout: UserCheckout, folder: Path, *, old: str, new: str
) -> str | None:
    touched = _touched(repository, old, new)
    why = _in_the_way(checkout, touched) or converted(
        repository, checkout, new, [one.path for one in touched], copy=folder / "index"
    )
    return why and _waits(f"{checkout.path}: {why}", repository)


def _bring_along(
    repository: Repository, checkout: UserCheckout, folder: Path, *, old: str, new: str
) -> str | None:
    """Update files and index, then the branch; a note first, for whoever finds it half-done."""
    note = folder / "move.json"
    facts = {"old": old, "new": new, "path": str(checkout.path), "git_dir": str(checkout.git_dir)}
    write(note, json.dumps(facts).encode(), repository.owner)
    git = checkout.git(repository)
    try:
        # else git takes a file that was only touched for a changed one
        git.run("update-index", "-q", "--refresh", allowed=(0, 1))
        git.run("read-tree", "-m", "-u", old, new)
    except WorkspaceError as error:
        _restore(repository, checkout, old=old, new=new)
        note.unlink()
        return _waits(f"{checkout.path}: {error.message}", repository)
    try:
        _move(repository, old=old, new=new)
    except WorkspaceError:
        git.run("read-tree", "-m", "-u", new, old)
        note.unlink()
        raise
    note.unlink()
    return None


def _move(repository: Repository, *, old: str, new: str) -> None:
    try:
        repository.refs.run("update-ref", "-m", "fleet: merge", repository.target, new, old)
    except WorkspaceError as error:
        if repository.tip() != old:
            target = repository.project.target
            raise StaleLeaseError(f"{target} moved while fleet was at it") from error
        raise


def _settle(repository: Repository, folder: Path) -> str | None:
    """Undo a move that a killed coordinator left half-done; answer why it cannot be."""
    note = folder / "move.json"
    if not note.is_file():
        return None
    try:
        facts = json.loads(note.read_bytes())
        old, new = facts["old"], facts["new"]
        checkout = UserCheckout(path=Path(facts["path"]), git_dir=Path(facts["git_dir"]))
    except (ValueError, KeyError, TypeError):
        return _settle_unread(repository, note)
    if repository.tip() == old and checkout.index.is_file():
        if unclean(repository, checkout, new, copy=folder / "index") is None:
            checkout.git(repository).run("read-tree", "-m", "-u", new, old)
        else:
            _restore(repository, checkout, old=old, new=new)
        why = unclean(repository, checkout, old, copy=folder / "index")
        if why is not None:
            return _waits(f"an interrupted merge is to be undone, but {why}", repository)
    note.unlink()
    return None


def _settle_unread(repository: Repository, note: Path) -> str | None:
    """Forget a note that a power cut tore, where no checkout shows anything of its move."""
    for checkout in on_target(repository):
        why = unclean(repository, checkout, repository.tip(), copy=note.with_name("index"))
        if why is not None:
            said = f"an interrupted merge left {note}, which cannot be read, and {why}"
            return _waits(said, repository)
    note.unlink()
    return None


def _restore(repository: Repository, checkout: UserCheckout, *, old: str, new: str) -> None:
    """Take back what a killed git wrote: files that are just what `new` holds, or missing."""
    if (checkout.git_dir / "index.lock").exists():
        return
    back = []
    for one in _touched(repository, old, new):
        now = entry_of(checkout.path, one.path, algorithm=repository.object_format)
        if one.status == "A" and now == one.after:
            (checkout.path / os.fsdecode(one.path)).unlink()
        elif one.status != "A" and now in {None, one.after}:
            back.append(one.path + b"\0")
    git = checkout.git(repository)
    git.run("checkout-index", "--force", "--index", "-z", "--stdin", stdin=b"".join(back))


def _touched(repository: Repository, old: str, new: str) -> list[_Touched]:
    fields = iter(repository.store.run("diff-tree", "-r", "-z", "--no-renames", old, new).fields)
    touched = []
    for header in fields:
        _, mode, _, blob, status = text(header).split(" ")
        touched.append(_Touched(path=next(fields), status=status, after=(mode, blob)))
    return touched


def _in_the_way(checkout: UserCheckout, touched: list[_Touched]) -> str | None:
    """Answer an untracked file that the update would write over, ignored or not.

    Git's own check lets ignored files be lost, and a user's `.env` is one.
    """
    gone = {one.path for one in touched if one.status == "D"}
    for one in touched:
        if one.status != "A":
            continue
        if os.path.lexists(checkout.path / os.fsdecode(one.path)):
            return f"untracked {text(one.path)} is in the way"
        for folder in folders_of(one.path):
            place = checkout.path / os.fsdecode(folder)
            if folder not in gone and (place.is_symlink() or place.is_file()):
                return f"untracked {text(folder)} is in the way"
    return None
