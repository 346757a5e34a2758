"""Reads and writes plain files where somebody else may have been: bounded, never by a link."""

import os
import shutil
import stat
from contextlib import ExitStack, suppress
from pathlib import PurePosixPath

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class UnfitFileError(Exception):
    """The file is no plain file or too large; the message says which."""


def read_plain_file(
    path: str | os.PathLike[str], limit: int, *, folder: int | None = None
) -> bytes:
    """Return at most `limit` bytes of the file, looked up from the descriptor `folder` if given.

    Raises OSError when it cannot be opened and UnfitFileError when it is not what was expected.
    """
    descriptor = open_plain_file(path, folder=folder)
    try:
        data = _read(descriptor, limit + 1)
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise UnfitFileError(f"is larger than {limit} bytes")
    return data


def open_plain_file(path: str | os.PathLike[str], *, folder: int | None = None) -> int:
    """Return a descriptor to read from; raises OSError, and UnfitFileError for what is no file."""
    descriptor = os.open(path, _READ, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnfitFileError("is no plain file")
    return descriptor


def write_below(folder: str | os.PathLike[str], path: str, text: str) -> None:
    """Write a file for its owner alone at a path below the folder; parents are made.

    What stands there is replaced, a link by the file itself. Raises OSError.
    """
    *parents, name = PurePosixPath(path).parts
    with ExitStack() as opened:
        parent = _opened(str(folder), None, opened)
        for one in parents:
            with suppress(FileExistsError):
                os.mkdir(one, mode=0o700, dir_fd=parent)
            parent = _opened(one, parent, opened)
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=parent)
        with os.fdopen(os.open(name, _WRITE, mode=0o600, dir_fd=parent), "wb") as file:
            # half a character, as an agent may have printed one, costs that character alone
            file.write(text.encode("utf-8", errors="replace"))


def remove_folder(folder: str | os.PathLike[str]) -> None:
    """Remove a folder with all that is in it, fine when gone.

    What an agent nested deeper than the interpreter goes stays: the container is its end.
    """
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)


def _opened(name: str, parent: int | None, opened: ExitStack) -> int:
    folder = os.open(name, _FOLDER, dir_fd=parent)
    opened.callback(os.close, folder)
    return folder


def _read(descriptor: int, limit: int) -> bytes:
    pieces: list[bytes] = []
    while limit > 0 and (piece := os.read(descriptor, limit)):
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)
