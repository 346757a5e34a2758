"""A worktree of the user's own at a commit, for a reviewer to look into and try things."""

import os
from pathlib import Path

from fleet.adapters.git.repository import Repository
from fleet.domain.errors import WorkspaceError

_FORBIDDEN = "Permission denied"  # so git, in the language C, ends its complaint


def visit(repository: Repository, sha: str, *, folder: Path) -> None:
    """Make the worktree, detached at `sha`; the caller holds the repository's lock.

    Fleet's git writes the files, byte for byte: what an agent committed starts no hook or filter
    of the user's. So LFS files are pointers, line ends are as stored and submodules stay empty;
    the user's own git, once they use it there, goes by their configuration again. The worktree's
    HEAD keeps the commit when fleet deletes the branch. One that was begun and has no index yet is
    finished.
    """
    if folder.is_symlink():
        raise WorkspaceError(f"{folder} is no folder", remedy="name a new one")
    # as git will note it: without `..` and links on the way
    folder = folder.resolve()
    git_dir = _git_dir(repository, folder)
    if git_dir is None or (git_dir / "index").exists():
        _add(repository, sha, folder)
    elif not (folder / ".git").is_file():
        # a git that was killed while it made it has left it locked
        _add(repository, sha, folder, "--force", "--force")
    git_dir = _git_dir(repository, folder)
    if git_dir is None:
        raise WorkspaceError(f"{folder} is no worktree of {repository.project.path}")
    git = repository.store.over(folder, index=git_dir / "index")
    # a killed one may have left its lock
    (git_dir / "index.lock").unlink(missing_ok=True)
    git.run("read-tree", "--reset", "-u", "--quiet", sha)


def _add(repository: Repository, sha: str, folder: Path, *options: str) -> None:
    if folder.exists() and not folder.is_dir():
        raise WorkspaceError(f"{folder} is no folder", remedy="name a new one")
    if folder.is_dir() and any(folder.iterdir()):
        raise WorkspaceError(f"{folder} is not empty", remedy="name a new folder")
    asked = ("worktree", "add", "--quiet", "--detach", "--no-checkout", *options)
    try:
        repository.refs.run(*asked, "--", str(folder), sha)
    except WorkspaceError as error:
        if _FORBIDDEN not in error.message:
            raise
        owner = repository.owner.uid
        raise WorkspaceError(
            f"uid {owner}, whose repository it is, may not make {folder}",
            remedy="name a folder where that user may write",
        ) from error


def _git_dir(repository: Repository, folder: Path) -> Path | None:
    """Answer where git keeps what it knows of that worktree, None where it is none of this one."""
    for marker in (repository.common / "worktrees").glob("*/gitdir"):
        if Path(os.fsdecode(marker.read_bytes()).strip()) == folder / ".git":
            return marker.parent
    return None
