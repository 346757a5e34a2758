"""A repository belongs to one home: `refs/fleet/home` says to which."""

import re
from pathlib import Path

from fleet.adapters.git.command import Git, Owner, text
from fleet.adapters.git.repository import Repository
from fleet.adapters.whereabouts import refuse_copy
from fleet.domain.errors import WorkspaceError

_REF = "refs/fleet/home"
# the first with `merge-tree --write-tree`
_OLDEST = (2, 38)


def require_git() -> None:
    """Raise WorkspaceError when git is missing or too old."""
    wanted = f"install git {_OLDEST[0]}.{_OLDEST[1]} or newer"
    try:
        said = Git(directory=Path("/nonexistent"), owner=Owner.myself()).line("version")
    except FileNotFoundError as error:
        raise WorkspaceError("git is not installed", remedy=wanted) from error
    numbers = re.search(r"(\d+)\.(\d+)", said)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < _OLDEST:
        raise WorkspaceError(f"{said} is too old", remedy=wanted)


def require_reach(repository: Repository, home: Path) -> None:
    """Raise WorkspaceError when the repository's owner cannot enter the home."""
    if repository.store.run("rev-parse", "--git-dir", allowed=(0, 128)).code != 0:
        who = f"uid {repository.owner.uid}, who owns {repository.project.path}"
        raise WorkspaceError(
            f"home {home} cannot be entered by {who}",
            remedy="`chmod o+x` the folders above the home, or make the home elsewhere",
        )


def claim(repository: Repository, home: Path, *, home8: str) -> None:
    """Claim the repository for a home; raises WorkspaceError when another has it.

    Raises ConfigError for a copy of the home that has it.
    """
    holder = _holder(repository)
    if holder is None:
        blob = _blob(repository, home, home8)
        # by compare-and-swap: of two homes that come at once, one is refused below
        repository.refs.run("update-ref", _REF, blob, "", allowed=(0, 128))
        holder = _holder(repository) or ("nobody", "")
    if holder[0] != home8:
        raise WorkspaceError(
            f"repository {repository.project.path} belongs to the fleet home {holder[1]}",
            remedy="work from that home, or `fleet init --take-over` here",
        )
    if Path(holder[1]) != home:
        _moved(repository, home, home8=home8, before=Path(holder[1]))


def _moved(repository: Repository, home: Path, *, home8: str, before: Path) -> None:
    """Follow a home that was moved; raises ConfigError for a copy of one that still stands."""
    refuse_copy(home, before, home8=home8)
    take_over(repository, home, home8=home8)


def take_over(repository: Repository, home: Path, *, home8: str) -> None:
    """Claim the repository whoever had it."""
    repository.refs.run("update-ref", _REF, _blob(repository, home, home8))


def _holder(repository: Repository) -> tuple[str, str] | None:
    """Answer the id and the path of the home that claimed the repository."""
    shown = repository.refs.run("cat-file", "blob", _REF, allowed=(0, 128))
    if shown.code != 0:
        return None
    home8, _, path = text(shown.out).partition("\n")
    return home8, path.strip()


def _blob(repository: Repository, home: Path, home8: str) -> str:
    content = f"{home8}\n{home}\n".encode(errors="surrogateescape")
    return repository.store.run("hash-object", "-w", "--stdin", stdin=content).line
