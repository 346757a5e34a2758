"""Chroma's library: loaded where it is used, and what it raises becomes ours."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fleet.domain.errors import (
    ConfigError,
    DiskFullError,
    FleetError,
    IndexDamagedError,
    IndexDownError,
)

if TYPE_CHECKING:
    from chromadb.config import Settings

_LONGEST = 300  # characters of an error of theirs
# a link, a file or a folder where another thing is wanted
_FOREIGN = {errno.ELOOP, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENXIO}
# SQLite's words, and the system's
_FULL = ("database or disk is full", os.strerror(errno.ENOSPC))


def loaded() -> "tuple[ModuleType, Settings]":
    """Answer the library, 1 to 2 seconds after the first call, and what it is used with.

    A `.env` where fleet was started has no part in that, nor has telemetry. Raises FleetError.
    """
    chosen: dict[str, Any] = {
        "_env_file": None,
        "anonymized_telemetry": False,
        "chroma_otel_collection_endpoint": "",
        "chroma_server_host": None,
        "chroma_server_http_port": None,
    }
    try:
        import chromadb
        from chromadb.config import Settings

        return chromadb, Settings(**chosen)
    # half installed it raises anything; what it is loaded with by itself comes from that file and
    # from variables such as MIGRATIONS
    except Exception as error:
        raise FleetError(
            f"chromadb cannot be loaded: {_said(error)}",
            remedy="install fleet's requirements anew; look for its settings in `.env`",
        ) from error


@contextmanager
def translated(where: str, *, served: bool) -> Iterator[None]:
    """Raise ours for whatever is raised inside: IndexDamagedError, IndexDownError of a server.

    Only calls of the library belong inside.
    """
    try:
        yield
    except (FleetError, KeyboardInterrupt, SystemExit):
        raise
    # on damaged files its Rust half panics, and a panic is no Exception but a BaseException
    except BaseException as error:
        if served and not isinstance(error, Exception):
            raise
        raise _ours(where, error, served=served) from error


def unusable(path: Path, error: OSError) -> FleetError:
    """Answer the refusal of a file or a folder."""
    said = f"{error.filename or path} cannot be used: {error.strerror}"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFullError(said, remedy="free some space")
    if error.errno in _FOREIGN:
        return ConfigError(said, remedy="move away what stands there; fleet makes its own")
    return ConfigError(said, remedy="let this user write there")


def _ours(where: str, error: BaseException, *, served: bool) -> FleetError:
    from chromadb.errors import ChromaError

    # what a server answers is a ChromaError; all else is silence, or not said by Chroma
    if served and not isinstance(error, ChromaError):
        return IndexDownError(
            f"the Chroma server {where} does not answer: {_said(error)}",
            remedy="start it, or take `server` out of `memory:`",
        )
    said, again = _said(error), "`fleet memory rebuild` makes it anew"
    full = any(words in said for words in _FULL)
    return IndexDamagedError(
        f"the index of lessons in {where} cannot be used: {said}",
        remedy=f"free some space; then {again}" if full else again,
    )


def _said(error: BaseException) -> str:
    """Answer it as one line without control characters: a server's words are anybody's."""
    words = f"{type(error).__name__}: {error}"
    shown = "".join(each if each.isprintable() else " " for each in words)
    return " ".join(shown.split())[:_LONGEST]
