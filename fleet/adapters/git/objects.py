"""Single objects of the store, each in a file of its own: a process of git would cost more."""

import hashlib
import os
import threading
import zlib
from pathlib import Path

from fleet.adapters.git.files import give, make_folder
from fleet.adapters.git.repository import Repository


def write_object(repository: Repository, kind: bytes, content: bytes) -> str:
    """Store a blob, tree or commit and answer its name."""
    name = object_name(kind, content, algorithm=repository.object_format)
    _store(repository, place_of(repository, name), zlib.compress(_framed(kind, content)))
    return name


def object_name(kind: bytes, content: bytes, *, algorithm: str) -> str:
    """Answer what git calls an object, storing nothing."""
    return hashlib.new(algorithm, _framed(kind, content)).hexdigest()


def place_of(repository: Repository, name: str) -> Path:
    """Answer the file an object has where it is in no pack."""
    return repository.common / "objects" / name[:2] / name[2:]


def _framed(kind: bytes, content: bytes) -> bytes:
    return b"%s %d\0%s" % (kind, len(content), content)


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
