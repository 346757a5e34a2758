"""Reports as files of the home: whole or not at all, never through a link."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath

from fleet.domain.errors import FleetError
from fleet.ports import Reports

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderReports(Reports):
    """Reports in folders of a home, readable by its owner alone: agents' words are in them."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def write(self, folder: str, name: str, text: str) -> None:
        try:
            with folder_opened(self._home, PurePosixPath(folder).parts) as place:
                _create(name, text, place=place)
        except OSError as error:
            raise FleetError(
                f"the report {folder}/{name} cannot be written: {error.strerror}",
                remedy="each part of its path must be a plain folder, on a disk with room",
            ) from error


@contextmanager
def folder_opened(home: Path, parts: tuple[str, ...]) -> Iterator[int]:
    """Find or make the folder, step by step: a path as a whole could be led elsewhere by a link."""
    with ExitStack() as held:
        place = _held(held, os.open(home, _FOLDER))
        for part in parts:
            with suppress(FileExistsError):
                os.mkdir(part, 0o755, dir_fd=place)
            place = _held(held, os.open(part, _FOLDER, dir_fd=place))
        yield place


def _held(held: ExitStack, descriptor: int) -> int:
    held.callback(os.close, descriptor)
    return descriptor


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
