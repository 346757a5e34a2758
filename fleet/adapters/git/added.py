"""The lines a branch adds, by path, read from git's patch without believing a name in it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fleet.adapters.git.command import text
from fleet.domain.errors import WorkspaceError
from fleet.ports import Added

_HUNK = re.compile(rb"@@ -\S+ \+(\d+)(?:,\d+)? @@")
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


def added_lines(lines: Iterator[bytes], names: Iterable[str], *, limit: int) -> Added:
    """Answer what a patch without context adds and removes, at most `limit` bytes of it.

    `names` are those of its sections, in their order, as git listed what changed: nothing that
    stands in a file can be taken for the beginning of another, for all its lines have a sign
    before them.
    """
    gathered = _Gathered(left=limit)
    _patched(lines, iter(names), gathered)
    return Added(
        lines={path: tuple(found) for path, found in gathered.lines.items()},
        removed={path: tuple(found) for path, found in gathered.removed.items()},
        cut=tuple(gathered.cut),
    )


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
