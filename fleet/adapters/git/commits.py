"""Commits read and written as the objects they are: a process of git for each would cost more."""

import re
import zlib
from dataclasses import dataclass

from fleet.adapters.git.objects import place_of, write_object
from fleet.adapters.git.repository import Repository
from fleet.domain.errors import WorkspaceError

_NAME = "fleet"
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# its beginning holds all but the message
_READ_BYTES = 64 * 1024
_HEAD = re.compile(
    rb"tree (?P<tree>[0-9a-f]+)\n(?P<parents>(?:parent [0-9a-f]+\n)*)author [^\n]*\n"
    rb"committer [^\n]* (?P<at>-?\d+) [-+]\d+\n"
)


@dataclass(frozen=True, kw_only=True)
class Commit:
    """What a commit says beside its message; `at` is when it was made, in seconds since 1970."""

    tree: str
    parents: tuple[str, ...]
    at: int


def read_commit(repository: Repository, sha: str) -> Commit:
    """Answer a commit; raises WorkspaceError where there is none that can be read."""
    found = loose_commit(repository, sha)
    if found is None:
        raw = repository.store.peek("cat-file", "commit", sha, limit=_READ_BYTES)
        found = _read(raw)
    if found is None:
        raise WorkspaceError(f"{sha} in {repository.project.path} is no commit that can be read")
    return found


def loose_commit(repository: Repository, sha: str) -> Commit | None:
    """Answer a commit that lies in a file of its own, as every new one does, else None."""
    if not _SHA.fullmatch(sha):
        return None
    try:
        packed = place_of(repository, sha).read_bytes()
        raw = zlib.decompressobj().decompress(packed, _READ_BYTES)
    except (OSError, zlib.error):
        return None
    kind, _, content = raw.partition(b"\0")
    return _read(content) if kind.startswith(b"commit ") else None


def write_commit(
    repository: Repository, commit: Commit, *, message: str, author: str = _NAME
) -> str:
    """Store a commit of fleet's and answer its SHA; the same arguments give the same one."""
    when = f"<{_NAME}@localhost> {commit.at} +0000"
    clean = "".join(letter for letter in author if letter.isprintable() and letter not in "<>")
    parents = (f"parent {one}" for one in commit.parents)
    lines = (f"tree {commit.tree}", *parents, f"author {clean} {when}", f"committer {_NAME} {when}")
    content = "\n".join((*lines, "", "")).encode(errors="replace") + message_bytes(message)
    return write_object(repository, b"commit", content)


def message_bytes(message: str) -> bytes:
    """Answer a commit message as git takes it."""
    return (message.replace("\0", "").strip() + "\n").encode("utf-8", errors="replace")


def stands(repository: Repository, sha: str) -> bool:
    """Tell whether an object is there; git's gc takes away what no reference holds."""
    if place_of(repository, sha).is_file():
        return True
    return repository.store.run("cat-file", "-e", sha, allowed=(0, 1)).code == 0


def _read(raw: bytes) -> Commit | None:
    head = _HEAD.match(raw)
    if head is None:
        return None
    return Commit(
        tree=head["tree"].decode(),
        parents=tuple(line.split()[1].decode() for line in head["parents"].splitlines()),
        at=int(head["at"]),
    )
