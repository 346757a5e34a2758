"""The lines a branch adds, by path, read from git's patch without believing a name in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from fleet.adapters.git.command import text
from fleet.adapters.git.compare import PLAIN, merge_base
from fleet.adapters.git.repository import Repository
from fleet.domain.errors import WorkspaceError
from fleet.ports import Added

_HUNK = re.compile(rb"@@ -\S+ \+(\d+)(?:,\d+)? @@")
_ESCAPE = re.compile(rb'\\([abtnvfr"\\]|[0-7]{3})')
_LETTERS = {b"a": 7, b"b": 8, b"t": 9, b"n": 10, b"v": 11, b"f": 12, b"r": 13}
# what is longer is data, and no reviewer reads it
_LINE_BYTES = 16 * 1024


@dataclass
class _Gathered:
    """Lines so far, the bytes that may still come, and paths not read whole."""

    left: int
    lines: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    removed: dict[str, list[str]] = field(default_factory=dict)
    cut: dict[str, None] = field(default_factory=dict)

    def take(self, path: str, number: int, line: bytes) -> int:
        """Note a line of a hunk; answer by how many lines of the new file it went on."""
        if line.startswith(b"+"):
            self.lines.setdefault(path, []).append((number, self._taken(path, line[1:])))
            return 1
        if line.startswith(b"-"):
            self.removed.setdefault(path, []).append(self._taken(path, line[1:]))
        return 0

    def _taken(self, path: str, line: bytes) -> str:
        """Answer as much of a line as is allowed."""
        kept = line[: min(self.left, _LINE_BYTES)]
        if len(kept) < len(line):
            self.cut[path] = None
        # an empty line takes room too
        self.left -= len(kept) + 1
        return text(kept)


def added(repository: Repository, base: str, head: str, *, limit: int) -> Added:
    """Answer the lines that `head` adds to what both share, at most `limit` bytes of them.

    Names come from git's list of what changed, in whose order the patch is: nothing that stands in
    a file can be taken for the beginning of another, for all its lines have a sign before them.
    """
    asked = ("diff-tree", "-r", "--raw", "-p", "-U0", *PLAIN)
    gathered = _Gathered(left=limit)
    with repository.store.reading(*asked, merge_base(repository, base, head), head) as lines:
        names = _names(lines)
        _patched(lines, iter(names), gathered)
    return Added(
        lines={path: tuple(found) for path, found in gathered.lines.items()},
        removed={path: tuple(found) for path, found in gathered.removed.items()},
        cut=tuple(gathered.cut),
    )


def _names(lines: Iterator[bytes]) -> list[str]:
    """Answer the path of every section of the patch that follows."""
    names = []
    for line in lines:
        if not line.startswith(b":"):
            break
        about, *paths = line.rstrip(b"\n").split(b"\t")
        name = text(_unquoted(paths[-1]))
        # a file that became a link, or a link a file, is told as deleted and then as new
        names += [name, name] if about.rsplit(b" ", 1)[1] == b"T" else [name]
    return names


def _patched(lines: Iterator[bytes], names: Iterator[str], gathered: _Gathered) -> None:
    path, number = "", 0
    for line in lines:
        if gathered.left <= 0:
            gathered.cut.update(dict.fromkeys((path, *names)))
            return
        if line.startswith(b"diff --git "):
            path, number = _next(names), 0
        elif hunk := _HUNK.match(line):
            # lines are counted from 0 where a file became empty
            number = max(int(hunk[1]), 1)
        elif number:
            number += gathered.take(path, number, line.removesuffix(b"\n"))
        elif line.startswith(b"Binary files "):
            gathered.cut[path] = None


def _next(names: Iterator[str]) -> str:
    name = next(names, None)
    if name is None:
        raise WorkspaceError("git told a patch of more files than it had named")
    return name


def _unquoted(name: bytes) -> bytes:
    """Answer a name as it is: git puts odd ones into quotes, with C's escapes."""
    if not name.startswith(b'"'):
        return name
    return _ESCAPE.sub(_letter, name[1:-1])


def _letter(escape: re.Match[bytes]) -> bytes:
    said = escape[1]
    if len(said) > 1:
        return bytes([int(said, 8)])
    return bytes([_LETTERS[said]]) if said in _LETTERS else said
