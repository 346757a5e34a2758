"""Write files of a worktree into the object store byte for byte, following no link."""

import hashlib
import io
import os
import stat
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from fleet.adapters.git.command import text
from fleet.adapters.git.incoming import incoming
from fleet.adapters.git.objects import object_name, write_object
from fleet.adapters.git.repository import Repository
from fleet.adapters.plain_files import folder_below, opened
from fleet.domain.errors import WorkspaceError

_CHUNK = 1024**2

Entry = tuple[str, str]

# of one attempt, all files together: a sparse file of a terabyte costs an agent nothing, and
# would be read for hours
MOST_BYTES = 5 * 1024**3
# what is written file by file, each waited for until it is on the disk
_FEW = 16
_FEW_BYTES = 1024**2


@dataclass
class Written:
    """Paths with their (mode, object id), and those that could not be read or stored."""

    entries: dict[bytes, Entry] = field(default_factory=dict)
    unreadable: list[bytes] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class _File:
    """A file or link that is open, and its size in bytes."""

    path: bytes
    mode: str
    size: int
    content: IO[bytes]


def write_blobs(
    repository: Repository,
    tree: Path,
    paths: list[bytes],
    *,
    held: Container[str] = frozenset(),
    limit: int = MOST_BYTES,
) -> Written:
    """Store the files and links at `paths`; `held` are objects that the store has for certain.

    A file over `limit` bytes is named and left out, and one that would make them more than
    `MOST_BYTES` together.
    """
    written = Written()
    files = _files(tree, paths, written, limit)
    if _few(tree, paths):
        for file in files:
            whole = b"".join(_chunks(file.content, file.size, file.path))
            name = object_name(b"blob", whole, algorithm=repository.object_format)
            if name not in held:
                write_object(repository, b"blob", whole)
            written.entries[file.path] = (file.mode, name)
    else:
        blobs = _blobs(files, written, repository.object_format)
        with incoming(repository, tree.name) as git:
            git.feed("fast-import", "--quiet", "--done", chunks=_done(blobs))
    return written


def entry_of(tree: Path, path: bytes, *, algorithm: str) -> Entry | None:
    """Answer what git would call a file or link, storing nothing; None when there is none."""
    try:
        mode, size, content = _opened(tree, path)
    except OSError:
        return None
    with content:
        digest = hashlib.new(algorithm, b"blob %d\0" % size)
        for chunk in _chunks(content, size, path):
            digest.update(chunk)
    return mode, digest.hexdigest()


def _done(blobs: Iterator[bytes]) -> Iterator[bytes]:
    yield from blobs
    # without this last word git takes the stream for cut off and stores nothing
    yield b"done\n"


def _blobs(files: Iterator[_File], written: Written, algorithm: str) -> Iterator[bytes]:
    for file in files:
        digest = hashlib.new(algorithm, b"blob %d\0" % file.size)
        yield b"blob\ndata %d\n" % file.size
        for chunk in _chunks(file.content, file.size, file.path):
            digest.update(chunk)
            yield chunk
        yield b"\n"
        written.entries[file.path] = (file.mode, digest.hexdigest())


def _files(tree: Path, paths: list[bytes], written: Written, limit: int) -> Iterator[_File]:
    """Yield what can be stored, each open until the next is asked for."""
    room = MOST_BYTES
    for path in paths:
        try:
            mode, size, content = _opened(tree, path)
        except OSError as error:
            written.unreadable.append(path)
            written.notes.append(f"{text(path)} cannot be read: {error.strerror}")
            continue
        with content:
            if size > min(limit, room):
                written.notes.append(f"{text(path)} is left out: {size} bytes are too many")
                continue
            room -= size
            yield _File(path=path, mode=mode, size=size, content=content)


def _few(tree: Path, paths: list[bytes]) -> bool:
    """Tell whether a process and a pack would cost more than a file in the store for each."""
    if len(paths) > _FEW:
        return False
    total = 0
    for path in paths:
        with suppress(OSError):
            _, size, content = _opened(tree, path)
            content.close()
            total += size
    return total <= _FEW_BYTES


def _opened(tree: Path, path: bytes) -> tuple[str, int, IO[bytes]]:
    """Answer git's mode, the size in bytes and the content; raises OSError on what is neither."""
    *folders, name = path.split(b"/")
    with folder_below(tree.parent, (tree.name, *folders)) as parent:
        return _link_or_file(parent, name)


def _link_or_file(parent: int, name: bytes) -> tuple[str, int, IO[bytes]]:
    if stat.S_ISLNK(os.lstat(name, dir_fd=parent).st_mode):
        target = os.readlink(name, dir_fd=parent)
        return "120000", len(target), io.BytesIO(target)
    content = opened(name, folder=parent)
    about = os.fstat(content.fileno())
    mode = "100755" if about.st_mode & stat.S_IXUSR else "100644"
    return mode, about.st_size, content


def _chunks(content: IO[bytes], size: int, path: bytes) -> Iterator[bytes]:
    left = size
    while left:
        chunk = content.read(min(left, _CHUNK))
        if not chunk:
            raise WorkspaceError(
                f"{text(path)} shrank while it was read", remedy="is its container still alive?"
            )
        left -= len(chunk)
        yield chunk
