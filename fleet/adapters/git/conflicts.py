"""Merge two trees; where they do not merge, say which files and what stands against what."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fleet.adapters.git.command import text
from fleet.adapters.git.repository import Repository
from fleet.domain.errors import WorkspaceError
from fleet.ports import Conflict

_FILES = 5
_FILE_BYTES = 4 * 1024
_ALL_BYTES = 12 * 1024
_CONTEXT = 3
# of a file that is larger only the beginning is looked at
_READ_BYTES = 1024**2
_CUT = "\n[cut]"
_OURS, _THEIRS = "target", "task"
_MARKERS = (b"<<<<<<<", b">>>>>>>")


@dataclass(frozen=True, kw_only=True)
class Clash:
    """What git made of a merge that has conflicts; `tree` holds the files with its markers."""

    ours: str
    theirs: str
    tree: str
    names: tuple[bytes, ...]
    said: tuple[tuple[bytes, str], ...]

    def told(self, repository: Repository) -> Conflict:
        """Answer the conflict: all files, and of the first few both sides, bounded."""
        sides: dict[str, str] = {}
        left = _ALL_BYTES
        for name in self.names[:_FILES]:
            side = _bounded(self._side(repository, name), min(left, _FILE_BYTES))
            left -= len(side.encode())
            if side:
                sides.setdefault(self._path(name), side)
        files = dict.fromkeys(self._path(name) for name in self.names)
        return Conflict(files=tuple(files), sides=tuple(sides.items()))

    def _path(self, name: bytes) -> str:
        """Answer a file's path: where a folder is in its way, git appends the side to it."""
        return text(re.sub(rb"~(%s|%s)(_\d+)?\Z" % self._sides, b"", name))

    def _side(self, repository: Repository, name: bytes) -> str:
        """Answer the regions in conflict; where there are none, what git says of the file."""
        regions = "\n...\n".join(self._regions(_content(repository, self.tree, name)))
        return regions or "\n".join(self._plain(said) for path, said in self.said if path == name)

    def _regions(self, content: bytes) -> Iterator[str]:
        lines = content.splitlines(keepends=True)
        start, end = (b"%s %s" % pair for pair in zip(_MARKERS, self._sides, strict=True))
        begun = None
        for number, line in enumerate(lines):
            if line.startswith(start):
                begun = number
            elif line.startswith(end) and begun is not None:
                first, last = max(begun - _CONTEXT, 0), number + 1 + _CONTEXT
                yield self._plain(text(b"".join(lines[first:last]))).rstrip("\n")
                begun = None

    def _plain(self, said: str) -> str:
        """Name the sides by what they are: nobody knows them by their SHAs."""
        return said.replace(self.ours, _OURS).replace(self.theirs, _THEIRS)

    @property
    def _sides(self) -> tuple[bytes, bytes]:
        return self.ours.encode(), self.theirs.encode()


def merge_trees(repository: Repository, ours: str, theirs: str) -> str | Clash:
    """Answer the tree of the merge of two commits, or what is in conflict."""
    asked = ("merge-tree", "--write-tree", "-z", "--name-only", ours, theirs)
    answer = repository.store.run(*asked, allowed=(0, 1))
    if answer.code == 0:
        return text(answer.out.partition(b"\0")[0])
    tree, *rest = answer.fields or [b""]
    names = rest[: rest.index(b"")] if b"" in rest else rest
    if not names:
        raise WorkspaceError(f"git merge-tree {ours} {theirs}: {answer.complaint}")
    return Clash(
        ours=ours,
        theirs=theirs,
        tree=text(tree),
        names=tuple(dict.fromkeys(names)),
        said=tuple(_messages(iter(rest[len(names) + 1 :]))),
    )


def _messages(fields: Iterator[bytes]) -> Iterator[tuple[bytes, str]]:
    """Yield (path, what git says) of every conflict; each message is about several paths."""
    for count in fields:
        paths = [next(fields) for _ in range(int(count))]
        kind, said = next(fields), next(fields)
        if kind.startswith(b"CONFLICT"):
            yield from ((path, text(said).strip()) for path in paths)


def _content(repository: Repository, tree: str, name: bytes) -> bytes:
    """Answer a file's beginning; nothing where it is no text file."""
    asked = ("ls-tree", "-z", "--full-tree", tree, "--")
    listed = repository.store.run(*asked, name.decode(errors="surrogateescape")).fields
    for entry in listed:
        about, _, found = entry.partition(b"\t")
        mode, kind, blob = text(about).split(" ")
        if found == name and kind == "blob" and mode != "120000":
            raw = repository.store.peek("cat-file", "blob", blob, limit=_READ_BYTES)
            return b"" if b"\0" in raw else raw
    return b""


def _bounded(said: str, limit: int) -> str:
    raw = said.encode()
    if len(raw) <= limit:
        return said
    kept = raw[: max(limit - len(_CUT), 0)].decode(errors="ignore")
    return kept + _CUT if kept else ""
