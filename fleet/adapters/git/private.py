"""The private git directory of a container: one branch, no remote, main objects by alternates."""

import shutil
from pathlib import Path

from fleet.adapters.git.files import give_all, write
from fleet.adapters.git.place import Place
from fleet.adapters.git.repository import ATTRIBUTES, Repository, config_of

GIT_FILE = b"gitdir: /fleet/git\n"


def check_out(repository: Repository, place: Place, sha: str) -> None:
    """Write the files of `sha` into the place's empty tree, and its index."""
    git = repository.store.over(place.tree, index=place.index)
    git.run("read-tree", "--reset", "-u", "--quiet", sha)


def make_private(repository: Repository, place: Place, *, branch: str, sha: str) -> None:
    """Make the git directory with `branch` alone, at `sha`, over the place's index."""
    directory = place.private
    _fill(repository, directory, branch=branch, sha=sha)
    shutil.copyfile(place.index, directory / "index")
    give_all(directory, repository.owner)
    write(place.git_file, GIT_FILE, repository.owner)


def _fill(repository: Repository, directory: Path, *, branch: str, sha: str) -> None:
    for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info", "logs"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    alternates = f"{repository.common / 'objects'}\n"
    (directory / "objects" / "info" / "alternates").write_text(alternates)
    (directory / "HEAD").write_text(f"ref: refs/heads/{branch}\n")
    (directory / "packed-refs").write_text(f"{sha} refs/heads/{branch}\n")
    (directory / "config").write_bytes(config_of(repository.object_format, bare=False))
    # the files were written byte for byte; the agent's git must look at them the same way
    (directory / "info" / "attributes").write_bytes(ATTRIBUTES)
    shallow = repository.common / "shallow"
    if shallow.is_file():
        shutil.copyfile(shallow, directory / "shallow")
