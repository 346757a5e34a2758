"""Commits read and written as the objects they are: a process of git for each would cost more."""

import hashlib
import os
import re
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path

from fleet.adapters.git.files import give, make_folder
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
        packed = _place(repository, sha).read_bytes()
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
    whole = b"commit %d\0%s" % (len(content), content)
    sha = hashlib.new(repository.object_format, whole).hexdigest()
    _store(repository, _place(repository, sha), zlib.compress(whole))
    return sha


def message_bytes(message: str) -> bytes:
    """Answer a commit message as git takes it."""
    return (message.replace("\0", "").strip() + "\n").encode("utf-8", errors="replace")


def stands(repository: Repository, sha: str) -> bool:
    """Tell whether an object is there; git's gc takes away what no reference holds."""
    if _place(repository, sha).is_file():
        return True
    return repository.store.run("cat-file", "-e", sha, allowed=(0, 1)).code == 0


def _place(repository: Repository, sha: str) -> Path:
    return repository.common / "objects" / sha[:2] / sha[2:]


def _read(raw: bytes) -> Commit | None:
    head = _HEAD.match(raw)
    if head is None:
        return None
    return Commit(
        tree=head["tree"].decode(),
        parents=tuple(line.split()[1].decode() for line in head["parents"].splitlines()),
        at=int(head["at"]),
    )


def _store(repository: Repository, place: Path, content: bytes) -> None:
    """Write an object as git does: aside, down to the disk, and then under its name."""
    try:
        # what is written anew is young again to a gc that runs now
        os.utime(place)
    except FileNotFoundError:
        pass
    else:
        return
    if not place.parent.is_dir():
        make_folder(place.parent, repository.owner)
    # by git's own word for what a killed process leaves: its gc takes it away
    aside = place.with_name(f"tmp_obj_fleet-{place.name}-{threading.get_native_id()}")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.chmod(0o444)
        give(aside, repository.owner)
        aside.replace(place)
    finally:
        aside.unlink(missing_ok=True)
