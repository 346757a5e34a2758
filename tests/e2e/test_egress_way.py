"""Tasks with a network go the whole way, and nothing of egress stays, also after kill -9."""

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.e2e.fleets import Home
from tests.e2e.test_way import SLEEPS, wait_for
from tests.outside import own_address

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(300)]

# urllib and git read the proxy from the environment, as setup commands do
FETCH = """
import os, subprocess, sys, urllib.request
url = "SERVICE"
with urllib.request.urlopen(url, timeout=20) as answer:
    text = answer.read().decode()
asked = subprocess.run(["git", "ls-remote", url + "repository"], capture_output=True, text=True)
if "not found" not in asked.stderr.lower():
    sys.exit(asked.stderr)
open("fetched.txt", "w").write(text)
"""

SERVE = """
import socket
listening = socket.create_server(("", 8000))
while True:
    listening.accept()[0].sendall(b"hello")
"""
ASK = """
import socket
with socket.create_connection(("SERVER", 8000), 20) as asked:
    open("told.txt", "wb").write(asked.recv(9))
"""
ENTRY = ("--entrypoint", "python3", "fleet-agent:small")


def docker(*words: str) -> None:
    """Ask the engine and see to it that it was done."""
    subprocess.run(["docker", *words], check=True, capture_output=True)


@pytest.fixture
def service() -> Iterator[str]:
    """Answer where a service of this host listens that says hello at its root."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/" else 404)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("0.0.0.0", 0), Answer) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"{own_address()}:{server.server_port}"
        server.shutdown()


def left(home8: str) -> list[str]:
    """Answer the names of the home's networks and of its proxy."""
    found = []
    for kind in ("network", "container"):
        command = ["docker", kind, "ls", "--filter", f"name={home8}", "--format", "{{.ID}}"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found += done.stdout.split()
    return found


def settle(home: Home, **keys: Any) -> None:
    """Write more keys of the project, or of the whole, into fleet.yaml."""
    path = home.folder / "fleet.yaml"
    told = json.loads(path.read_text())
    whole = {name: keys.pop(name) for name in ("networks",) if name in keys}
    told["projects"][0] |= keys
    path.write_text(json.dumps(told | whole))


def test_agent_git_and_setup_reach_what_the_project_lists(home: Home, service: str) -> None:
    ask = f"import urllib.request as u; assert u.urlopen('http://{service}/').status == 200"
    settle(home, egress_allow=[service], setup=[["python3", "-c", ask]])
    script = FETCH.replace("SERVICE", f"http://{service}/")
    home.agent("fetches", script, network="egress")
    key = home.task("fetch")

    (row,) = [row for row in home.run("doctor", "--json").json if row["check"] == "egress"]
    done = home.run("run", "--json")

    assert row["status"] == "ok"
    assert (done.code, done.json["merged"]) == (0, 1), done.err
    assert (home.show(key)["status"], left(home.home8)) == ("done", [])


def test_after_kill_9_the_next_run_removes_networks_and_proxy(home: Home) -> None:
    home.agent("sleeps", SLEEPS, network="egress")
    key = home.task("sleep")
    running = home.start("run")
    wait_for(home, "running")
    running.send_signal(signal.SIGKILL)
    running.communicate()
    # its network, the outward one, the proxy and the agent's container
    assert len(left(home.home8)) == 4

    home.run("task", "cancel", key, "--yes")
    home.run("run")

    assert left(home.home8) == []


def test_an_agent_joins_a_network_that_the_user_lists(home: Home) -> None:
    name = f"office-{home.home8}"
    settle(home, networks=[name])
    home.agent("asks", ASK.replace("SERVER", f"server-{name}"), network=name)
    key = home.task("ask")
    refused = home.run("run", key)
    docker("network", "create", "--internal", name)
    try:
        docker("run", "-d", "--name", f"server-{name}", "--network", name, *ENTRY, "-c", SERVE)
        home.run("task", "retry", key)
        done = home.run("run", "--json")
    finally:
        docker("rm", "-f", f"server-{name}")
        docker("network", "rm", name)

    assert refused.code == 1
    assert name in home.show(key)["attempts"][0]["reason"]
    assert (done.code, done.json["merged"]) == (0, 1), done.err
