"""A connection to a Docker engine: its client, its streams, and its errors in fleet's words."""

import socket
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

import requests
import urllib3
from docker import APIClient
from docker.errors import APIError, DockerException, create_api_error_from_http_exception
from docker.transport.unixconn import (
    UnixHTTPAdapter,
    UnixHTTPConnection,
    UnixHTTPConnectionPool,
)
from docker.utils import kwargs_from_env

from fleet.adapters.failpoints import around
from fleet.domain.errors import DiskFullError, EngineDownError, FleetError, TransientError

STDOUT = 1
STDERR = 2

_DEFAULT_URL = "unix:///var/run/docker.sock"
# seconds; a loaded engine needs several for one start
_PATIENCE = 120
# seconds for what any engine that works answers at once
SOON = 20
# connections kept open at most
_THREADS = 64
_FRAME = struct.Struct(">BxxxL")
# what may be done with one thing; a name is none of them
_VERBS = frozenset({"create", "json", "kill", "logs", "start", "stop", "unpause", "wait"})
# what a busy or restarting engine says with status 500
_PASSING = (
    "context deadline exceeded",
    "ttrpc: closed",
    "transport is closing",
    "containerd: container not found",
    "removal of container",
    "marked for removal",
)


class Connection:
    """One engine, asked from many threads; connects when first asked."""

    def __init__(self, base_url: str | None = None) -> None:
        self._settings: Mapping[str, Any] = (
            {"base_url": base_url} if base_url else dict(kwargs_from_env())
        )
        self.url = str(self._settings.get("base_url") or _DEFAULT_URL)
        self._lock = Lock()
        self._client: APIClient | None = None

    @contextmanager
    def asking(self, what: str) -> Iterator[APIClient]:
        """Answer the client inside the block; errors there become fleet's and name `what`.

        Raises EngineDownError when nobody answers or the answer does not come, TransientError
        when the engine says that it is too busy, FleetError when it refuses.
        """
        try:
            yield self._connected()
        except APIError as error:
            raise _refusal(what, error) from error
        except (OSError, urllib3.exceptions.HTTPError) as error:
            if timed_out(error):
                remedy = "it is loaded or hangs; where `docker ps` hangs too, restart it"
                late = f"{what}: the Docker engine at {self.url} did not answer in time"
                raise EngineDownError(late, remedy=remedy) from error
            raise self._down(error) from error

    def _connected(self) -> APIClient:
        with self._lock:
            if self._client is None:
                try:
                    self._client = _client(self.url, self._settings)
                except (DockerException, OSError) as error:
                    raise self._down(error) from error
            return self._client

    def _down(self, error: Exception) -> EngineDownError:
        remedy = "start it, or run scripts/engine.sh"
        if "Permission denied" in str(error):
            remedy = "this user may not use it: join the group docker and log in again"
        return EngineDownError(f"no Docker engine answers at {self.url}", remedy=remedy)


def timed_out(error: Exception) -> bool:
    """Tell whether the engine was silent for too long, rather than gone."""
    # a timeout while the body is read comes wrapped in requests' ConnectionError
    causes = (error, *error.args[:1])
    late = (requests.Timeout, urllib3.exceptions.ReadTimeoutError)
    return any(isinstance(cause, late) for cause in causes)


def answer(client: APIClient, path: str, **params: str | int) -> Any:  # noqa: ANN401 - JSON
    """Answer what a GET brings of which no engine that works is slow to tell."""
    url = f"{client.base_url}/v{client.api_version}/{path}"
    with client.get(url, params=params, timeout=SOON) as response:
        _raise_for_status(response)
        return response.json()


def log_frames(
    client: APIClient,
    name: str,
    *,
    streams: Collection[int],
    follow: bool,
    last: int | None = None,
) -> Iterator[tuple[int, bytes]]:
    """Yield (STDOUT or STDERR, bytes) of a container's log; silence is a timeout after a while.

    `last` bounds the pieces, of both streams together whichever are asked for. The SDK's own
    `logs` asks for the container first, and keeps a timeout before the first line.
    """
    response = client.get(
        f"{client.base_url}/v{client.api_version}/containers/{name}/logs",
        params={
            "stdout": int(STDOUT in streams),
            "stderr": int(STDERR in streams),
            "follow": int(follow),
            "tail": "all" if last is None else last,
        },
        stream=True,
        timeout=_PATIENCE,
    )
    with response:
        _raise_for_status(response)
        yield from demultiplexed(response.iter_content(chunk_size=None))


def _raise_for_status(response: requests.Response) -> None:
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        create_api_error_from_http_exception(error)


def demultiplexed(blocks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Split the engine's stream, however it was cut, into pieces of standard output and error."""
    rest = b""
    stream = left = 0
    for block in blocks:
        rest += block
        while rest:
            if left:
                piece, rest = rest[:left], rest[left:]
                left -= len(piece)
                yield stream, piece
            elif len(rest) < _FRAME.size:
                break
            else:
                stream, left = _FRAME.unpack_from(rest)
                rest = rest[_FRAME.size :]


def frames_after(heard: int, frames: Iterator[tuple[int, bytes]]) -> Iterator[bytes]:
    """Yield the pieces of a stream without its first `heard` bytes."""
    for _, piece in frames:
        if len(piece) > heard:
            yield piece[heard:]
        heard = max(0, heard - len(piece))


def _client(url: str, settings: Mapping[str, Any]) -> APIClient:
    """Connect; raises DockerException or OSError where nobody answers."""
    path = url.removeprefix("unix://")
    if path != url:
        # the SDK would leave a socket open that cannot connect
        _unix_socket(path, SOON).close()
    # it asks for the version, and everybody waits for that
    client = APIClient(timeout=SOON, max_pool_size=_THREADS, **settings)
    client.timeout = _PATIENCE
    if path != url:
        client.mount(f"{client.base_url}/", _OnePool(path))
    # neither proxies nor .netrc concern the engine; looking for them takes a third of the time
    client.trust_env = False
    return client


def _unix_socket(path: str, timeout: float | None) -> socket.socket:
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        found.settimeout(timeout)
        found.connect(path)
    except OSError:
        found.close()
        raise
    return found


class _OnePool(UnixHTTPAdapter):
    """The SDK keeps a pool for each of the last 25 URLs, and may close one that is in use."""

    def __init__(self, path: str) -> None:
        super().__init__(path, timeout=_PATIENCE, max_pool_size=_THREADS)
        self._pool = _Pool("http://localhost", path, timeout=_PATIENCE, maxsize=_THREADS)

    def get_connection(
        self,
        url: bytes | str,  # noqa: ARG002 - as the SDK has it
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> UnixHTTPConnectionPool:
        return self._pool

    def send(
        self,
        request: requests.PreparedRequest,
        *args: Any,  # noqa: ANN401 - as requests has it
        **named: Any,  # noqa: ANN401
    ) -> requests.Response:
        with around(f"engine.{_request_name(request)}"):
            return super().send(request, *args, **named)


def _request_name(request: requests.PreparedRequest) -> str:
    """Name a request by its method, kind of thing and verb: `post.containers.start`."""
    words = str(request.path_url).partition("?")[0].strip("/").split("/")
    # the first is the version; a name stands between the kind and what is done with it
    kind, verb = words[1:2], [word for word in words[2:][-1:] if word in _VERBS]
    return ".".join((str(request.method).lower(), *kind, *verb))


class _Pool(UnixHTTPConnectionPool):
    def _new_conn(self) -> UnixHTTPConnection:  # type: ignore[override]
        return _UnixConnection(self.base_url, self.socket_path, _PATIENCE)


class _UnixConnection(UnixHTTPConnection):
    def connect(self) -> None:
        self.sock = _unix_socket(self.unix_socket, self.timeout)


def _refusal(what: str, error: APIError) -> FleetError:
    said = str(error.explanation or error).strip()
    if "no space left on device" in said.lower():
        remedy = "free space in its data root; `docker system df` shows what takes it"
        return DiskFullError(f"{what}: the disk of the Docker engine is full", remedy=remedy)
    busy = error.status_code == requests.codes.service_unavailable
    if busy or any(sign in said for sign in _PASSING):
        return TransientError(f"{what}: the engine is busy: {said}")
    return FleetError(f"{what}: the engine refuses: {said}")
