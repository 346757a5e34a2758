"""A go-between on a socket of its own: passes calls on to an engine, and meddles with some."""

import http.client
import secrets
import shutil
import socket
import socketserver
import tempfile
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Protocol, cast

_HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})
_BLOCK = 65536
_GREETED = b"Connection: close\r\n\r\n"


class Meddling(Protocol):
    """What is done to calls and to logs; the methods are called from many threads."""

    def answer(self, method: str, path: str) -> "int | None":
        """Answer the status to tell instead of the true one, 0 for none at all, None for neither.

        It is asked when the engine has carried the call out; it may take its time.
        """
        ...

    def stream(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Answer what is passed on of a log; where it ends early the connection is cut."""
        ...


class GoBetween:
    """Serves at `url` while it is open; `meddling` decides what becomes of each call."""

    def __init__(self, engine: str, meddling: Meddling) -> None:
        # a socket's name has 108 bytes at most: tests' folders are too deep
        self._folder = Path(tempfile.mkdtemp(prefix="fleet-"))
        self.engine = engine.removeprefix("unix://")
        self.meddling = meddling
        self._server = _Server(str(self._folder / f"{secrets.token_hex(2)}.sock"), self)
        self._thread = Thread(target=self._server.serve_forever, args=(0.1,), name="go-between")
        self._thread.start()

    @property
    def url(self) -> str:
        """Answer its address, for DOCKER_HOST."""
        return f"unix://{self._server.server_address}"

    def close(self) -> None:
        """Serve no more; calls under way are cut."""
        self._server.shutdown()
        self._server.cut()
        self._server.server_close()
        self._thread.join()
        shutil.rmtree(self._folder)


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: str, between: GoBetween) -> None:
        self.between = between
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        super().__init__(path, _Call)

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def cut(self) -> None:
        """Cut what is under way: a log is followed for as long as its container lives."""
        with self._lock:
            for connection in self._open:
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: who was cut, or killed, does not hear the rest of its answer."""


class _Engine(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


class _Call(BaseHTTPRequestHandler):
    """One connection: call after call, each over a connection of its own to the engine."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        cast("_Server", self.server).opened(self.connection)

    def finish(self) -> None:
        cast("_Server", self.server).closed(self.connection)
        super().finish()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - as its parent
        """Log nothing."""

    def passed(self) -> None:
        """Pass a call on, and its answer back."""
        between = cast("_Server", self.server).between
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        engine = _Engine(between.engine)
        try:
            given = {
                name: value for name, value in self.headers.items() if name.lower() != "connection"
            }
            engine.request(self.command, self.path, body=body or None, headers=given)
            answer = engine.getresponse()
            if "/logs" in self.path and "follow=1" in self.path and answer.status == 200:
                self._streamed(answer, between.meddling)
            else:
                self._whole(answer, between.meddling)
        finally:
            engine.close()

    do_GET = do_POST = do_DELETE = do_HEAD = do_PUT = passed  # noqa: N815 - as it is called

    def _whole(self, answer: http.client.HTTPResponse, meddling: Meddling) -> None:
        content = answer.read()
        told = meddling.answer(self.command, self.path)
        if told == 0:
            self.close_connection = True
            return
        if told is not None and answer.status < 400:
            content = b'{"message": "context deadline exceeded"}'
            self._head(told, {"Content-Type": "application/json"})
        else:
            self._head(answer.status, dict(answer.getheaders()))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _streamed(self, answer: http.client.HTTPResponse, meddling: Meddling) -> None:
        self._head(answer.status, dict(answer.getheaders()))
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for block in meddling.stream(_blocks(answer)):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))
            self.wfile.flush()
        if answer.isclosed():
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in _HOP:
                self.send_header(name, value)


def _blocks(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    while block := answer.read1(_BLOCK):
        yield block


def pause(seconds: float) -> None:
    """Let that much time pass."""
    Event().wait(seconds)
