"""What attempts may or may not reach in tests: servers on networks of this machine alone."""

import json
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import APIError

from fleet.adapters.runtimes.docker import DockerRuntime
from fleet.adapters.runtimes.networks import DockerNetworks
from fleet.domain.egress import destination
from fleet.ports import Egress
from tests.containers import IMAGE, a_container, a_home

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")

# answers on three ports; /slow says a word ten times a second for three seconds
SERVE = """
import http.server, socketserver, threading, time
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        if self.path != "/slow":
            self.wfile.write(b"hello")
            return
        for _ in range(30):
            self.wfile.write(b"word ")
            self.wfile.flush()
            time.sleep(0.1)
    def log_message(self, *_):
        pass
servers = [http.server.ThreadingHTTPServer(("", port), Answer) for port in (80, 443, 8080)]
for server in servers:
    threading.Thread(target=server.serve_forever).start()
"""

# asks what its arguments say and prints a JSON list: what came of each
ASK = """
import concurrent.futures, http.client, json, os, socket, sys, urllib.error, urllib.request
def asked(kind, target):
    if kind == "http":
        return urllib.request.urlopen(target, timeout=20).read().decode()
    if kind == "tunnel":
        host, _, port = target.rpartition(":")
        proxy = os.environ["HTTPS_PROXY"].removeprefix("http://").split(":")
        client = http.client.HTTPConnection(proxy[0], int(proxy[1]), timeout=20)
        client.set_tunnel(host, int(port))
        client.request("GET", "/slow" if "slow" in host else "/")
        return client.getresponse().read().decode()
    if kind == "name":
        return socket.gethostbyname(target)
    host, _, port = target.rpartition(":")
    with socket.socket() as plain:
        plain.settimeout(3)
        if kind == "bound":
            # takes every address for one of its own network's
            plain.setsockopt(socket.SOL_SOCKET, 25, b"eth0")
        plain.connect((host, int(port)))
        plain.sendall(b"GET http://api.good.test/ HTTP/1.0\\r\\n\\r\\n")
        return plain.recv(100).decode().partition("\\r")[0]
def answered(argument):
    kind, _, target = argument.partition(" ")
    try:
        return asked(kind, target)
    except (OSError, http.client.HTTPException) as error:
        return f"{type(error).__name__} {error}"
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    print(json.dumps(list(pool.map(answered, sys.argv[1:]))))
"""


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A home with networks, and a server outside of them at a public and at a private address."""

    runtime: DockerRuntime
    networks: DockerNetworks
    home8: str
    public: str
    private: str

    def attempt(self, number: int) -> str:
        """Answer the id of an attempt of this home."""
        return f"app-{number}-1-{self.home8}"

    def opened(self, number: int, *allow: str) -> Egress:
        """Open an attempt's network with that list."""
        return self.networks.open(self.attempt(number), [destination(text) for text in allow])

    def start(self, number: int, egress: Egress, *questions: str) -> str:
        """Start an attempt's container that asks all questions; answer its name."""
        spec = a_container(
            self.home8,
            number=number,
            entrypoint=("python3", "-c"),
            command=(ASK, *questions),
            network=egress.network,
            dns="127.0.0.1",
            environment=dict.fromkeys(PROXY_VARIABLES, egress.proxy),
        )
        self.runtime.start(spec)
        return str(spec.name)

    def heard(self, name: str) -> list[str]:
        """Wait for a container's end and answer what came of its questions, in their order."""
        said = b"".join(self.runtime.follow(name))
        self.runtime.wait(name)
        errors = self.runtime.output(name, limit=2000)[1]
        self.runtime.remove(name)
        assert said, errors
        return list(json.loads(said))

    def asked(self, number: int, egress: Egress, *questions: str) -> list[str]:
        """Let an attempt's container ask, and answer what came of it."""
        return self.heard(self.start(number, egress, *questions))


def own_address() -> str:
    """Answer the address from which this host sends to others; docker0's where it has no way out.

    Never one of an engine's other networks: those of other tests are gone in the next moment.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            # nothing is sent: the kernel only picks the way
            asked.connect(("203.0.113.1", 9))
        except OSError:
            return "172.17.0.1"
        return str(asked.getsockname()[0])


@contextmanager
def the_outside(folder: Path) -> Iterator[Outside]:
    """Answer an outside with the names api.good.test, slow.good.test, other.test and lan.test.

    The last leads to the private address. All of it is gone afterwards.
    """
    client = docker.APIClient()
    with a_home() as (runtime, home8):
        networks = DockerNetworks(folder, home8, host_exposed=False)
        made: list[str] = []
        server = f"outside-{home8}"
        try:
            public = _network(client, f"public-{home8}", "198.51.100", made)
            private = _network(client, f"private-{home8}", "10.232.100", made)
            client.create_container(IMAGE, ["-c", SERVE], entrypoint="python3", name=server)
            aliases = ["api.good.test", "slow.good.test", "other.test"]
            client.connect_container_to_network(server, made[0], aliases=aliases)
            client.connect_container_to_network(server, made[1], aliases=["lan.test"])
            client.disconnect_container_from_network(server, "bridge")
            client.start(server)
            # the first network brings the proxy, which is then shown the outside
            networks.open(f"app-100-1-{home8}", ())
            for name in made:
                client.connect_container_to_network(f"fleet-proxy-{home8}", name)
            yield Outside(
                runtime=runtime, networks=networks, home8=home8, public=public, private=private
            )
        finally:
            for container in runtime.containers():
                runtime.remove(container.name)
            networks.sweep(())
            client.remove_container(server, force=True)
            for name in made:
                client.remove_network(name)
            client.close()


def _network(client: docker.APIClient, name: str, start: str, made: list[str]) -> str:
    """Make a network of 14 addresses without a way out of this machine; answer its first host's."""
    for _ in range(64):
        first = secrets.randbelow(16) * 16
        pool = docker.types.IPAMPool(subnet=f"{start}.{first}/28")
        try:
            ipam = docker.types.IPAMConfig(pool_configs=[pool])
            client.create_network(name, driver="bridge", internal=True, ipam=ipam)
        except APIError:
            continue
        made.append(name)
        return f"{start}.{first + 2}"
    raise AssertionError(f"no free subnet in {start}.0/24")
