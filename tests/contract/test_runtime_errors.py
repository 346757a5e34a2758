"""What an engine in trouble says is told in fleet's words: what, which, what to do."""

import json
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from fleet.adapters.runtimes.docker import DockerRuntime
from fleet.domain.errors import (
    DiskFullError,
    EngineDownError,
    FleetError,
    HalfStartedError,
    TransientError,
)
from tests.containers import a_container


def an_engine_saying(path, status, message):
    """Answer the URL of an engine that answers every request but the first with this."""
    return an_engine(path, lambda _asked: (status, {"message": message}))


@contextmanager
def an_engine(path, answered):
    """Answer the URL of an engine that answers "METHOD /path" with a status and a value."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path.endswith("/version"):
                status, said = 200, {"ApiVersion": "1.41", "Version": "0"}
            else:
                plain = self.path.partition("?")[0].removeprefix("/v1.41")
                status, said = answered(f"{self.command} {plain}")
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_DELETE(self):
            self.do_GET()

        def address_string(self):
            return "unix"

        def log_message(self, *arguments):
            pass

    class Engine(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True

    with Engine(str(path), Answer) as engine:
        serving = threading.Thread(target=engine.serve_forever)
        serving.start()
        try:
            yield f"unix://{path}"
        finally:
            engine.shutdown()
            serving.join()


@pytest.mark.parametrize(
    ("status", "message", "kind", "said"),
    [
        (
            500,
            "mkdir /x: no space left on device",
            DiskFullError,
            "disk of the Docker engine is full",
        ),
        (500, "OCI runtime create failed: bad", FleetError, "refuses: OCI runtime create failed"),
        (400, "invalid mount config", FleetError, "refuses: invalid mount config"),
        (404, "No such image: x:y", FleetError, "is missing"),
        (503, "starting", TransientError, "is busy: starting"),
        (500, "context deadline exceeded", TransientError, "is busy"),
    ],
)
def test_what_the_engine_says_is_told_and_sorted(tmp_path, status, message, kind, said):
    with an_engine_saying(tmp_path / "sock", status, message) as url:
        runtime = DockerRuntime("0badcafe", url)
        spec = a_container("0badcafe")

        with pytest.raises(FleetError, match=said) as raised:
            runtime.start(spec)

        assert type(raised.value) is kind
        assert spec.name in str(raised.value)


@pytest.mark.parametrize(
    ("status", "message"),
    [(500, 'container "c0ffee": already exists'), (409, "id already in use")],
)
def test_what_the_engine_began_to_start_before_it_died_is_not_the_tasks_fault(
    tmp_path, status, message
):
    def answered(what):
        return (201, {"Id": "c0ffee"}) if "create" in what else (status, {"message": message})

    with an_engine(tmp_path / "sock", answered) as url:
        runtime = DockerRuntime("0badcafe", url)

        with pytest.raises(HalfStartedError, match="died while it started it"):
            runtime.start(a_container("0badcafe"))


def test_an_engine_that_is_not_there_is_named_with_what_to_do(tmp_path):
    url = f"unix://{tmp_path}/none.sock"
    runtime = DockerRuntime("0badcafe", url)

    for ask in (runtime.ping, runtime.containers, lambda: list(runtime.follow("fleet-x"))):
        with pytest.raises(EngineDownError, match=f"no Docker engine answers at {url}.*start it"):
            ask()


def test_an_engine_that_went_is_found_again_when_it_is_back(tmp_path):
    with an_engine_saying(tmp_path / "sock", 200, "fine") as url:
        runtime = DockerRuntime("0badcafe", url)
        assert runtime.ping() == "0"
    (tmp_path / "sock").unlink()

    with pytest.raises(EngineDownError):
        runtime.ping()

    with an_engine_saying(tmp_path / "sock", 200, "fine"):
        assert runtime.ping() == "0"


def test_a_dead_container_without_a_name_is_known_and_removed_by_its_id(tmp_path):
    id_, labels = "c0ffee" * 8, {"fleet.home": "0badcafe"}
    dead = {"Id": id_, "Names": [], "State": "dead", "Labels": labels}
    answers = {
        "GET /containers/json": (200, [dead]),
        f"GET /containers/{id_}/json": (200, {"Id": id_, "Config": {"Labels": labels}}),
        f"DELETE /containers/{id_}": (200, {}),
    }
    asked = []

    def answered(what):
        asked.append(what)
        return answers[what]

    with an_engine(tmp_path / "sock", answered) as url:
        runtime = DockerRuntime("0badcafe", url)
        (found,) = runtime.containers()
        runtime.remove(found.name)

    assert (found.name, found.running) == (id_, False)
    assert asked[-1] == f"DELETE /containers/{id_}"
