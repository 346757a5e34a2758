"""Reports as files of the home: whole or not at all, never through a link."""

import os
from contextlib import suppress
from pathlib import Path, PurePosixPath

from fleet.adapters.plain_files import folder_made
from fleet.domain.errors import FleetError
from fleet.ports import Reports

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderReports(Reports):
    """Reports in folders of a home, readable by its owner alone: agents' words are in them."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def write(self, folder: str, name: str, text: str) -> None:
        try:
            with folder_made(self._home, PurePosixPath(folder).parts) as place:
                _create(name, text, place=place)
        except OSError as error:
            raise FleetError(
                f"the report {folder}/{name} cannot be written: {error.strerror}",
                remedy="each part of its path must be a plain folder, on a disk with room",
            ) from error


def _create(name: str, text: str, *, place: int) -> None:
    aside = f".{name}"
    with suppress(FileNotFoundError):
        os.unlink(aside, dir_fd=place)  # what a killed one left
    with os.fdopen(os.open(aside, _NEW, 0o600, dir_fd=place), "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    # a link, not a rename: what stands there already stays
    with suppress(FileExistsError):
        os.link(aside, name, src_dir_fd=place, dst_dir_fd=place, follow_symlinks=False)
    os.unlink(aside, dir_fd=place)
