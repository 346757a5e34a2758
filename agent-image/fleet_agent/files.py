"""Reads a plain file that somebody else may have prepared: bounded, never through a link."""

import os
import stat

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class UnfitFileError(Exception):
    """The file is no plain file or too large; the message says which."""


def read_plain_file(
    path: str | os.PathLike[str], limit: int, *, folder: int | None = None
) -> bytes:
    """Return at most `limit` bytes of the file, looked up from the descriptor `folder` if given.

    Raises OSError when it cannot be opened and UnfitFileError when it is not what was expected.
    """
    descriptor = os.open(path, _READ, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnfitFileError("is no plain file")
        data = _read(descriptor, limit + 1)
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise UnfitFileError(f"is larger than {limit} bytes")
    return data


def _read(descriptor: int, limit: int) -> bytes:
    pieces: list[bytes] = []
    while limit > 0 and (piece := os.read(descriptor, limit)):
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)
