"""A real HTTP server whose replies are scripted one by one; what it was asked can be looked at."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A request as it came in; the names of its headers are in small letters."""

    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Reply:
    """What is said to one request; `drip` sends the body a byte at a time, so many seconds apart.

    `silent`: nothing is said until the server ends.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    drip: float = 0.0
    silent: bool = False


Answering = Callable[[Asked], Reply]


@dataclass
class Scripted:
    """A running server: the first replies as scripted, then each as `usual` answers."""

    url: str
    usual: Answering
    script: list[Reply] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)

    def reply(self, asked: Asked) -> Reply:
        """Note what was asked and answer the next reply."""
        self.asked.append(asked)
        return self.script.pop(0) if self.script else self.usual(asked)


@contextmanager
def scripted_server(usual: Answering) -> Iterator[Scripted]:
    """Serve on a free port of this machine; gone afterwards."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.daemon_threads = True
        running = Scripted(f"http://127.0.0.1:{server.server_port}", usual)
        server.RequestHandlerClass = type("_Scripted", (_Handler,), {"running": running})
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield running
        finally:
            running.ending.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    running: Scripted
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(self.rfile.read(length) or b"null")
        reply = self.running.reply(Asked(self.path, headers, body))
        self.close_connection = True
        if reply.silent:
            self.running.ending.wait()
            return
        try:
            self._send(reply)
        except ConnectionError:
            # who asked has had enough
            return

    def _send(self, reply):
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if not reply.drip:
            self.wfile.write(reply.body)
            return
        for at in range(len(reply.body)):
            self.wfile.write(reply.body[at : at + 1])
            if self.running.ending.wait(reply.drip):
                return

    def log_message(self, *_):
        pass
