"""Where Chroma keeps its collections: in a folder that this process owns, or on a server."""

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from fleet.adapters.chroma.calls import loaded, translated, unusable
from fleet.adapters.chroma.owner import owned
from fleet.adapters.chroma.seal import seal, sealed, unseal
from fleet.domain.errors import ConfigError, IndexDamagedError

if TYPE_CHECKING:
    import httpx
    from chromadb.api.client import Client

log = logging.getLogger(__name__)

_ANSWERS = 5.0  # seconds that a server may take to say that it is there
_SLOWEST = 30.0  # seconds that one request of it may take


class Store(Protocol):
    """A place of collections; used by one thread at a time."""

    @contextmanager
    def calls(self) -> Iterator["Client"]:
        """Answer the client; what is raised inside becomes ours."""
        ...

    def renew(self, collection: str) -> None:
        """Throw the collection away, and whatever keeps it from being made anew."""
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...


class FolderStore(Store):
    """Chroma within this process, over a folder with a lock beside it.

    Raises BusyError where another process owns it; its methods ConfigError where a link or a file
    stands in the folder's place, DiskFullError where no room is left.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # beside the folder, so that both are on one file system
        self._aside = _aside(folder)
        self._client: Client | None = None
        self._sound = True
        self._lock = owned(folder.with_name(f"{folder.name}.lock"))

    @contextmanager
    def calls(self) -> Iterator["Client"]:
        client = self._client or self._opened()
        try:
            with translated(str(self._folder), served=False):
                yield client
        except IndexDamagedError:
            self._sound = False
            raise

    def renew(self, collection: str) -> None:
        """Throw the whole folder away: what is wrong with it is told by no collection."""
        del collection
        self._shut()
        check_place(self._folder)
        try:
            self._clear()
            if self._folder.exists():
                # one step: whoever is killed now leaves no half of a folder under its name
                self._folder.rename(self._aside)
                self._clear()
        except OSError as error:
            raise unusable(self._folder, error) from error
        self._sound = True

    def close(self) -> None:
        held, sound = self._client is not None, self._sound
        try:
            self._shut()
            if held and sound:
                self._seal()
        finally:
            self._lock.close()

    def _opened(self) -> "Client":
        check_place(self._folder)
        try:
            self._clear()
            if not sealed(self._folder):
                raise IndexDamagedError(
                    f"the index of lessons {self._folder} was changed, or its owner was killed",
                    remedy="`fleet memory rebuild` makes it anew",
                )
            self._folder.mkdir(mode=0o700, exist_ok=True)
            unseal(self._folder)
        except OSError as error:
            raise unusable(self._folder, error) from error
        return self._connected()

    def _connected(self) -> "Client":
        chromadb, chosen = loaded()
        from chromadb.api.shared_system_client import SharedSystemClient

        # what could not be opened is kept by its path, and would be handed out again
        SharedSystemClient.clear_system_cache()
        with translated(str(self._folder), served=False):
            self._client = chromadb.PersistentClient(str(self._folder), chosen)
            return self._client

    def _clear(self) -> None:
        """Delete what was moved away, by this process or by one that was killed over it."""
        if self._aside.exists():
            shutil.rmtree(self._aside)

    def _shut(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with translated(str(self._folder), served=False):
                client.close()

    def _seal(self) -> None:
        try:
            seal(self._folder)
        except (OSError, ValueError) as error:
            # without a seal the next owner makes the index anew
            log.info("index of lessons not sealed", extra={"reason": str(error)})


class ServerStore(Store):
    """A Chroma server, `host:port`; raises IndexDownError where it does not answer."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Client | None = None
        self._sessions: list[httpx.Client] = []

    @contextmanager
    def calls(self) -> Iterator["Client"]:
        client = self._client or self._opened()
        with translated(self._address, served=True):
            yield client

    def renew(self, collection: str) -> None:
        from chromadb.errors import NotFoundError

        with self.calls() as client:
            try:
                client.delete_collection(collection)
            except NotFoundError:
                log.debug("no collection to delete", extra={"collection": collection})

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with translated(self._address, served=True):
                client.close()
        for session in self._sessions:
            session.close()

    def _opened(self) -> "Client":
        import httpx

        chromadb, chosen = loaded()
        host, _, port = self._address.rpartition(":")
        with translated(self._address, served=True):
            # the library waits for ever, and leaves its connections open where it is refused:
            # nothing is asked by it before a Chroma server has answered
            asked = httpx.get(f"http://{self._address}/api/v2/heartbeat", timeout=_ANSWERS)
            asked.raise_for_status().json()["nanosecond heartbeat"]
            client: Client = chromadb.HttpClient(host, int(port), settings=chosen)
        self._client, self._sessions = client, _sessions(client)
        for session in self._sessions:
            session.timeout = httpx.Timeout(_SLOWEST)
        return client


def check_place(folder: Path) -> None:
    """Refuse what stands in the folder's place, or keeps one from being made there.

    Raises ConfigError.
    """
    around = folder.parent
    try:
        if around.exists() and not (around.is_dir() and os.access(around, os.W_OK)):
            raise ConfigError(
                f"{around} is no folder that can be written to",
                remedy="let this user write there, or move away what stands there",
            )
        for path in (folder, _aside(folder)):
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                raise ConfigError(f"{path} is no folder", remedy="remove it; fleet makes its own")
    except OSError as error:
        raise unusable(folder, error) from error


def _aside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.damaged")


def _sessions(client: "Client") -> "list[httpx.Client]":
    """Answer the connections of a client, and of the second one that it keeps for itself.

    Both wait for ever for an answer, and stay open when their client is closed.
    """
    held: Any = client
    return [each._server._session for each in (held, held._admin_client)]  # noqa: SLF001
