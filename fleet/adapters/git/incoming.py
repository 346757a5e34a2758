"""New objects on their way: beside the repository's own until all of them are written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fleet.adapters.git.command import Git
from fleet.adapters.git.files import make_folder, remove_trees
from fleet.adapters.git.repository import Repository

# as git names its own: what is forgotten here goes away with the user's next `git gc`
_FOLDER = "tmp_objdir-fleet-"


@contextmanager
def incoming(repository: Repository, name: str) -> Iterator[Git]:
    """Answer a git that writes aside; what it wrote is taken in where the block ends well.

    A git that fails half-way, on a full disk, leaves files that nobody would clear for weeks; the
    next try would fill what was freed meanwhile. They go away here, and what a killed fleet left
    under that name at the next try. Who writes at the same time must have another name.
    """
    objects = repository.common / "objects"
    aside = objects / f"{_FOLDER}{name}"
    remove_trees(aside)
    make_folder(aside, repository.owner)
    try:
        yield repository.store.having(
            GIT_OBJECT_DIRECTORY=str(aside),
            GIT_ALTERNATE_OBJECT_DIRECTORIES=":".join(map(_quoted, repository.objects)),
        )
        _take_in(repository, aside, objects)
    finally:
        remove_trees(aside)
        # whoever wrote one, it is for nobody here
        for report in repository.store.directory.glob("fast_import_crash_*"):
            report.unlink(missing_ok=True)


def _take_in(repository: Repository, aside: Path, objects: Path) -> None:
    """Move all files to the same place below `objects`; an index makes its pack seen, so last."""
    written = [path for path in aside.rglob("*") if path.is_file()]
    for path in sorted(written, key=lambda one: (one.suffix == ".idx", one)):
        there = objects / path.relative_to(aside)
        if not there.parent.is_dir():
            make_folder(there.parent, repository.owner)
        path.replace(there)


def _quoted(path: str) -> str:
    """Answer a path for a list that is parted by colons."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'
