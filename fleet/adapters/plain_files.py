"""Plain files and folders that somebody else may have made: bounded, waited for by nobody."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

# without O_NONBLOCK a pipe put in a file's place would hold us for ever
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

Name = str | bytes | Path


class NotPlainError(OSError):
    """A link, a folder, a pipe, a socket or a device stands where a plain file should."""

    def __init__(self) -> None:
        super().__init__(errno.EINVAL, "no plain file")


def opened(name: Name, *, folder: int | None = None, links: bool = False) -> IO[bytes]:
    """Open a plain file to be read; `folder` is the open one that it is looked up from.

    A link is followed only where `links` says so. Raises NotPlainError, and OSError for what is
    not there or may not be read.
    """
    # judged before it is opened too: to open a device may do something
    _check_plain(os.stat(name, dir_fd=folder, follow_symlinks=links))
    flags = _READ if links else _READ | os.O_NOFOLLOW
    descriptor = os.open(name, flags, dir_fd=folder)
    try:
        # it may be another by now; a folder that `fdopen` refuses would stay open
        _check_plain(os.fstat(descriptor))
    except NotPlainError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def first_bytes(name: Name, most: int, *, folder: int | None = None, links: bool = False) -> bytes:
    """Answer what a plain file begins with, at most so many bytes; raises as `opened` does."""
    with opened(name, folder=folder, links=links) as file:
        return file.read(most)


@contextmanager
def folder_below(start: Path, parts: Sequence[str | bytes]) -> Iterator[int]:
    """Open a folder step by step: a path as a whole could be led elsewhere by a link.

    Only `start` may be reached by links. However deep it is, two are open at a time. Raises
    FileNotFoundError where there is none, NotADirectoryError where a link or a file stands.
    """
    place = os.open(start, _FOLDER)
    try:
        for part in parts:
            below = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=place)
            os.close(place)
            place = below
        yield place
    finally:
        os.close(place)


@contextmanager
def folder_made(start: Path, parts: Sequence[str]) -> Iterator[int]:
    """Open a folder as `folder_below` does; what is missing of it is made."""
    for depth, part in enumerate(parts):
        with folder_below(start, parts[:depth]) as place:
            _find_or_make(part, place)
    with folder_below(start, parts) as place:
        yield place


def _check_plain(about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise NotPlainError


def _find_or_make(name: str, folder: int) -> None:
    with suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=folder)
