"""The trusted index of a worktree, read without a process: what was written, and how it looked.

The format is git's version 2, the one that fleet's own git writes (gitformat-index(5)).
"""

import hashlib
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fleet.adapters.git.blobs import Entry, entry_of
from fleet.domain.errors import WorkspaceError

_HEADER = struct.Struct(">4sLL")
# times in seconds and nanoseconds (changed, then modified), device, inode, mode, uid, gid, size
_STAT = struct.Struct(">10L")
# all of that but the mode and the device, which may have another number after a restart
_LOOK = struct.Struct(">8L")
_FLAGS = struct.Struct(">H")
# of the flags: the length of the path, all ones where it is longer; nothing else may be set
_LENGTH = 0x0FFF
_MODE = 6
_FEWER_BITS = 0xFFFFFFFF


@dataclass(frozen=True, kw_only=True)
class Index:
    """Paths with their (mode, object id), and how each file looked when it had been written."""

    algorithm: str
    entries: dict[bytes, Entry] = field(default_factory=dict)
    looks: dict[bytes, bytes] = field(default_factory=dict)

    def touched(self, tree: Path, paths: Iterable[bytes], *, since_ns: int) -> set[bytes]:
        """Answer those of the paths that may hold something else now.

        What was written no earlier than `since_ns`, before which nobody else can have been at it,
        may have been written again within one tick of the clock: there the content decides.
        """
        root = os.fsencode(tree) + b"/"
        looks = ((path, os.lstat(root + path)) for path in paths)
        return {path for path, look in looks if self._may_differ(tree, path, look, since_ns)}

    def _may_differ(self, tree: Path, path: bytes, look: os.stat_result, since_ns: int) -> bool:
        if _look(look) != self.looks[path]:
            return True
        if look.st_ctime_ns < since_ns:
            return False
        return entry_of(tree, path, algorithm=self.algorithm) != self.entries[path]


def read_index(file: Path, *, algorithm: str) -> Index:
    """Read an index; raises WorkspaceError where it is not what fleet's git wrote."""
    raw = file.read_bytes()
    digest = hashlib.new(algorithm, raw[: -hashlib.new(algorithm).digest_size])
    whole = raw.endswith(digest.digest()) and len(raw) > _HEADER.size
    signature, version, count = _HEADER.unpack_from(raw) if whole else (b"", 0, 0)
    if (signature, version) != (b"DIRC", 2):
        raise WorkspaceError(f"index {file} cannot be read", remedy="start the task anew")
    index = Index(algorithm=algorithm)
    for path, entry, look in _entries(raw, count, size=digest.digest_size):
        index.entries[path] = entry
        index.looks[path] = look
    return index


def _entries(raw: bytes, count: int, *, size: int) -> Iterator[tuple[bytes, Entry, bytes]]:
    """Yield each entry; `size` is the length of an object's name in bytes."""
    start = _HEADER.size
    for _ in range(count):
        told = _STAT.unpack_from(raw, start)
        name = start + _STAT.size
        (flags,) = _FLAGS.unpack_from(raw, name + size)
        begins = name + size + _FLAGS.size
        ends = begins + flags if flags < _LENGTH else raw.index(b"\0", begins)
        if flags > _LENGTH:
            raise WorkspaceError(f"an index has an entry with flags {flags:#x}")
        entry = (f"{told[_MODE]:06o}", raw[name : name + size].hex())
        look = _LOOK.pack(*told[:4], told[5], *told[_MODE + 1 :])
        yield raw[begins:ends], entry, look
        # one to eight zeros fill it up
        start += (ends - start + 8) & ~7


def _look(about: os.stat_result) -> bytes:
    """Answer how a file looks, in as many bits as an index has."""
    seconds = 1_000_000_000
    told = (
        *divmod(about.st_ctime_ns, seconds),
        *divmod(about.st_mtime_ns, seconds),
        about.st_ino,
        about.st_uid,
        about.st_gid,
        about.st_size,
    )
    return _LOOK.pack(*(one & _FEWER_BITS for one in told))
