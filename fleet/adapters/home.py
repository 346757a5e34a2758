"""The home's own files: the coordinator's lock, the packets of attempts."""

import errno
import fcntl
import json
import logging
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Literal, TextIO

from fleet.adapters.git.files import remove_trees
from fleet.domain.errors import BusyError, ConfigError, DiskFullError
from fleet.ports import Packets

log = logging.getLogger(__name__)

ID_DIGITS = 8
_TRIES, _PAUSE = 50, 0.02  # at the lock, and seconds between two


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who holds the home; `since` in UTC, `pid` 0 where it is not known."""

    pid: int
    since: datetime
    what: str


def place(home: Path) -> str:
    """Answer where the lock of a home is: two of one place cannot both be held."""
    return f"{socket.gethostname()}:{home.resolve()}"


@contextmanager
def home_held(home: Path, *, since: datetime, what: str) -> Iterator[None]:
    """Hold the home's coordinator lock inside the block; raises BusyError naming the holder.

    The kernel drops the lock with the process, so a killed coordinator leaves none behind. Raises
    DiskFullError where no room is left for the lock's file, ConfigError where it cannot be opened.
    """
    with _opened(home / ".fleet" / "coordinator.lock", "a+") as lock:
        if not _locked(lock, home):
            raise _refusal(home)
        _note(lock, {"pid": os.getpid(), "since": since.isoformat(), "what": what})
        yield


def holder(home: Path) -> Holder | None:
    """Answer who holds the home now, None when nobody does; raises ConfigError as `home_held`."""
    path = home / ".fleet" / "coordinator.lock"
    if not path.exists():
        return None
    with _opened(path, "r") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _noted(lock)
    return None


def _opened(path: Path, mode: Literal["r", "a+"]) -> TextIO:
    try:
        return path.open(mode)
    except OSError as error:
        said = f"{path} cannot be opened: {error.strerror}"
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFullError(said, remedy="free some space") from error
        raise ConfigError(said, remedy="let this user read and write it") from error


def _locked(lock: TextIO, home: Path) -> bool:
    """Take the lock; False where somebody holds the home.

    Who only asks for the holder has the lock too, for an instant: that one is waited for.
    """
    pause = Event()
    for _ in range(_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if holder(home) is not None:
                return False
            pause.wait(_PAUSE)
        else:
            return True
    return False


def _refusal(home: Path) -> BusyError:
    said = holder(home)
    who = f"process {said.pid} ({said.what})" if said and said.pid else "another process"
    when = f" since {said.since.astimezone():%Y-%m-%d %H:%M %Z}" if said and said.pid else ""
    return BusyError(
        f"{who} coordinates the home {home} on {socket.gethostname()}{when}",
        remedy="wait for it or stop it: `fleet down`",
    )


def _note(lock: TextIO, said: Mapping[str, object]) -> None:
    """Write down who holds the home; on a full disk it is held all the same."""
    try:
        os.ftruncate(lock.fileno(), 0)
        os.write(lock.fileno(), json.dumps(said).encode())
    except OSError as error:
        log.warning("holder not noted", extra={"reason": str(error)})


def _noted(lock: TextIO) -> Holder:
    """Answer what the holder noted; its process is 0 where it has not, or could not."""
    try:
        said = json.loads(lock.read())
        since = datetime.fromisoformat(said["since"])
        return Holder(pid=int(said["pid"]), since=since, what=str(said["what"]))
    except (ValueError, KeyError, TypeError):
        written = datetime.fromtimestamp(os.fstat(lock.fileno()).st_mtime, UTC)
        return Holder(pid=0, since=written, what="not noted")


def read_id(home: Path) -> str:
    """Answer the home's eight hex digits; raises ConfigError when they are missing or odd."""
    path = home / ".fleet" / "id"
    try:
        text = path.read_text(errors="replace").strip()
    except FileNotFoundError as error:
        raise ConfigError(f"{path} is missing", remedy="run `fleet init`") from error
    except OSError as error:
        said = f"{path} cannot be read: {error.strerror}"
        raise ConfigError(said, remedy="restore it") from error
    if len(text) != ID_DIGITS or any(c not in "0123456789abcdef" for c in text):
        raise ConfigError(f"{path} holds no id of eight hex digits", remedy="restore it")
    return text


def ledger_ready(home: Path, url: str) -> None:
    """Make a home's new SQLite ledger, readable by its owner alone: agents' words are in it.

    Raises ConfigError for a relative path, for what is no file, and where the home had a ledger
    before: an empty one would do all its tasks again.
    """
    if not url.startswith("sqlite:"):
        return
    path = Path(url.removeprefix("sqlite:///"))
    if not path.is_absolute():
        raise ConfigError(f"{url} is no absolute path", remedy="use sqlite:////PATH")
    if _ledger_mark(home).exists() and not path.exists():
        raise ConfigError(
            f"the ledger {path} is gone, or FLEET_DATABASE_URL names another than before",
            remedy=f"bring it back; to begin anew remove {_ledger_mark(home)}",
        )
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        said = f"the ledger {path} cannot be used: {error.strerror}"
        raise ConfigError(said, remedy="let this user write there") from error


def ledger_known(home: Path, identity: str) -> None:
    """Remember the home's ledger by its identity; raises ConfigError when it is another one."""
    mark = _ledger_mark(home)
    try:
        known = _noted_ledger(mark, identity)
    except OSError as error:
        said = f"{mark} cannot be used: {error.strerror}"
        raise ConfigError(said, remedy="let this user read and write it") from error
    if known != identity:
        raise ConfigError(
            f"this is not the ledger that home {home} has worked with",
            remedy=f"see FLEET_DATABASE_URL; to change for good remove {mark}",
        )


def _noted_ledger(mark: Path, identity: str) -> str:
    """Answer the identity that the mark holds; a new mark is given this one."""
    if not _whole(mark):
        aside = mark.with_name(f"{mark.name}.{os.getpid()}")
        aside.write_text(identity)
        aside.replace(mark)
    return mark.read_text(errors="replace")


def _ledger_mark(home: Path) -> Path:
    return home / ".fleet" / "ledger-id"


def _whole(path: Path) -> bool:
    """Tell whether a file stands; of one that is empty a power cut left the name alone."""
    return path.exists() and path.stat().st_size > 0


class FolderPackets(Packets):
    """Packets as files under `.fleet/packets/<attempt>/`, shelves under `.fleet/shelves/`."""

    def __init__(self, home: Path) -> None:
        self._root = home / ".fleet" / "packets"
        self._shelves = home / ".fleet" / "shelves"

    def write(self, attempt: str, files: Mapping[str, str], *, uid: int, gid: int) -> str:
        folder = self._root / attempt
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        for name, text in files.items():
            path = folder / name
            if _whole(path):  # a running container has it mounted: it must not change
                continue
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            aside = path.with_name(f".{path.name}")
            aside.unlink(missing_ok=True)  # a killed one left it read-only
            aside.write_text(text)
            aside.chmod(0o400)
            if os.geteuid() == 0:
                os.chown(aside, uid, gid)
            aside.replace(path)
        return str(folder)

    def drop(self, attempt: str) -> None:
        shutil.rmtree(self._root / attempt, ignore_errors=True)

    def shelf(self, task: str, agent: str, *, uid: int, gid: int) -> str:
        folder = self._shelves / task / agent
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        folder.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(folder, uid, gid)
        return str(folder)

    def drop_shelves(self, task: str) -> None:
        remove_trees(self._shelves / task)
