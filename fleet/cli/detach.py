"""A service without systemd: `fleet up` in a session of its own, waited for until it works."""

import logging
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import typer

from fleet.cli.output import plain, put, say

log = logging.getLogger(__name__)

_LONGEST = 4 * 1024 * 1024  # bytes that a log may have before it is begun anew
_STDERR = 2  # its descriptor, whatever `sys.stderr` is
_LOOK = 0.2  # seconds between two looks whether it still lives
_SHOWN = 64 * 1024  # bytes shown at once


def program() -> list[str]:
    """Answer the command line of this very fleet, wherever it is installed."""
    beside = Path(sys.executable).with_name("fleet")
    if os.access(beside, os.X_OK):
        return [str(beside)]
    # -P: what lies in the current folder is nobody's module
    return [sys.executable, "-P", "-m", "fleet"]


def up(home: Path, variables: Mapping[str, str]) -> None:
    """Start the service of a home and leave it; says its process once it works.

    Where it ends before that, what it said is shown, and its exit code is ours.
    """
    path = _path(home)
    with _log(path) as (written, said), _ear() as (ear, address):
        child = subprocess.Popen(
            [*program(), "--home", str(home), *_verbose(), "up"],
            cwd=home,
            env={**variables, "NOTIFY_SOCKET": address},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
        try:
            ready = _works(child, ear, said)
        except KeyboardInterrupt:
            # in a session of its own it hears no Ctrl-C: left alone it would go on unseen
            child.terminate()
            say(f"process {child.pid} is told to end; see {path}")
            raise
        _show(said)
    if not ready:
        say(f"fleet up ended before it worked; see {path}")
        raise typer.Exit(max(child.returncode, 1))
    say(f"fleet up: process {child.pid} coordinates {home}, it logs to {path}; see `fleet down`")
    put(str(child.pid))
    # it is left on purpose: without this Python warns of a child that nobody waits for
    child.returncode = 0


def trim_log(home: Path) -> None:
    """Begin this service's log anew where it has grown long; the last one is kept as `up.log.1`.

    Nothing is done where this process writes elsewhere, or where no room is left for the copy.
    """
    path, ours = _path(home), os.fstat(_STDERR)
    if ours.st_size <= _LONGEST:
        return
    try:
        if os.path.samestat(ours, path.stat()):
            _moved_out(path)
    except OSError as error:
        log.warning("log not begun anew", extra={"reason": str(error)})


def _moved_out(path: Path) -> None:
    """Copy and empty it: whoever writes has it open, and appends to what is left."""
    kept = path.with_name(f"{path.name}.1")
    aside = path.with_name(f"{path.name}.new")
    try:
        with path.open("rb") as said, _opened(aside, os.O_TRUNC) as copy:
            shutil.copyfileobj(said, copy)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    aside.replace(kept)
    os.truncate(path, 0)


def _path(home: Path) -> Path:
    return home / ".fleet" / "up.log"


def _opened(path: Path, how: int) -> BinaryIO:
    """Open it for writing, readable by its owner alone."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how
    return open(os.open(path, flags, 0o600), "wb")  # noqa: PTH123 - an open descriptor


def _verbose() -> list[str]:
    return ["--verbose"] if logging.getLogger().isEnabledFor(logging.INFO) else []


@contextmanager
def _log(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Open the log to be written at its end, and to be read from there on."""
    if path.exists() and path.stat().st_size > _LONGEST:
        path.replace(path.with_name(f"{path.name}.1"))
    with _opened(path, os.O_APPEND) as written, path.open("rb") as said:
        said.seek(0, os.SEEK_END)
        yield written, said


@contextmanager
def _ear() -> Iterator[tuple[socket.socket, str]]:
    """Answer a socket to which nobody else can send, and its address."""
    with (
        tempfile.TemporaryDirectory(prefix="fleet-up-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear,
    ):
        address = f"{folder}/ready"
        ear.bind(address)
        yield ear, address


def _works(child: "subprocess.Popen[bytes]", ear: socket.socket, said: BinaryIO) -> bool:
    """Wait until it says that it works, showing what it tells; False where it ended instead."""
    while child.poll() is None:
        _show(said)
        if select.select([ear], [], [], _LOOK)[0] and ear.recv(4096) == b"READY=1":
            return True
    return False


def _show(said: BinaryIO) -> None:
    told = said.read(_SHOWN).decode(errors="replace")
    for line in told.splitlines():
        say(plain(line))
