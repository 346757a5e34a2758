"""Egress from inside: listed hosts through the proxy, and no other way, however it is tried."""

import secrets
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Network

import pytest

from fleet.adapters.runtimes import networks as networks_module
from fleet.adapters.runtimes import proxy as proxy_module
from fleet.adapters.runtimes.networks import DockerNetworks
from fleet.adapters.runtimes.proxy_image import build_proxy
from fleet.domain.egress import destination
from fleet.domain.errors import FleetError, TransientError
from tests.containers import eventually
from tests.outside import own_address, the_outside

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]

HELLO = "hello"
KILL_SQUIDS = """
for folder in /proc/[0-9]*; do
  if grep -q ^squid $folder/cmdline; then kill -9 ${folder#/proc/}; fi
done
"""
# asks a squid from an address of the proxy's: its first line
FROM = """
import socket, sys
asked = socket.create_connection((sys.argv[2], 3128), 9, (sys.argv[1], 0))
asked.sendall(b"GET http://api.good.test/ HTTP/1.0\\r\\n\\r\\n")
print(asked.recv(12).decode())
"""
GOOD = ("api.good.test", "slow.good.test")


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    with the_outside(tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture
def service():
    """Listen on all addresses of this host, as many services do; answer the port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(HELLO.encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("0.0.0.0", 0), Answer) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_port
        server.shutdown()


def docker(*arguments):
    done = subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True)
    return done.stdout + done.stderr


def refused(said):
    return "403" in said


def unreached(said):
    """Tell whether no connection came about at all."""
    signs = ("timed out", "No route to host", "unreachable", "refused")
    return any(sign in said for sign in signs)


def test_listed_hosts_are_reached_through_the_proxy_and_others_refused(outside):
    egress = outside.opened(1, *GOOD, "*.wide.test")

    said = outside.asked(
        1,
        egress,
        "http http://api.good.test/",
        "tunnel api.good.test:443",
        "tunnel api.good.test:80",
        "tunnel API.good.test.:443",
        "tunnel api.good.test:8080",
        "http http://other.test/",
        "tunnel other.test:443",
        f"tunnel {outside.public}:443",
        f"http http://{outside.public}/",
        "tunnel sub.api.good.test:443",
    )

    assert said[:4] == [HELLO] * 4
    assert all(map(refused, said[4:]))
    outside.networks.close(outside.attempt(1))


def test_a_port_of_its_own_is_the_only_one(outside):
    egress = outside.opened(1, "api.good.test:8080")

    said = outside.asked(1, egress, "tunnel api.good.test:8080", "tunnel api.good.test:443")

    assert said[0] == HELLO
    assert refused(said[1])
    outside.networks.close(outside.attempt(1))


def test_there_is_no_way_beside_the_proxy(outside, service):
    egress = outside.opened(1, *GOOD)
    subnet = IPv4Network(docker_subnet(egress.network))

    said = outside.asked(
        1,
        egress,
        f"direct {outside.public}:443",
        f"bound {outside.public}:443",
        f"direct {subnet[1]}:{service}",
        f"bound {subnet[1]}:{service}",
        f"direct {own_address()}:{service}",
        f"bound {own_address()}:{service}",
        f"bound 172.17.0.1:{service}",
        "direct 169.254.169.254:80",
        "bound 169.254.169.254:80",
    )

    assert [each for each in said if not unreached(each)] == []
    # nor one way only: what needs no answer is dropped on arrival
    rule = ["iptables", "-w", "-C", "INPUT", "-i", "fleet-+", "-j", "DROP"]
    assert subprocess.run(rule, check=False).returncode == 0
    (name,) = outside.asked(1, egress, "name api.good.test")
    assert "gaierror" in name
    outside.networks.close(outside.attempt(1))


def docker_subnet(network):
    return docker(
        "network", "inspect", "--format", "{{(index .IPAM.Config 0).Subnet}}", network
    ).strip()


def test_private_addresses_are_refused_also_behind_a_listed_name(outside, service):
    egress = outside.opened(1, *GOOD, "lan.test", "metadata.test")
    own = own_address()

    said = outside.asked(
        1,
        egress,
        "tunnel lan.test:443",
        "http http://lan.test/",
        f"tunnel {outside.private}:443",
        "http http://169.254.169.254/latest/meta-data/",
        f"tunnel {own}:443",
        f"tunnel 127.0.0.1:{service}",
        "tunnel localhost:443",
        "tunnel [::1]:443",
        "tunnel [::ffff:169.254.169.254]:80",
        "http http://0x7f000001/",
    )

    assert [each for each in said if not refused(each)] == []
    outside.networks.close(outside.attempt(1))


def test_an_address_is_not_let_through_for_the_name_its_owner_gave_it(outside):
    # what a reverse lookup of the public address answers
    given = f"outside-{outside.home8}.public-{outside.home8}"
    egress = outside.opened(1, given)

    said = outside.asked(1, egress, f"tunnel {given}:443", f"tunnel {outside.public}:443")

    assert said[0] == HELLO
    assert refused(said[1])
    outside.networks.close(outside.attempt(1))


def test_what_is_private_is_reached_where_its_address_is_listed(outside, service):
    own = own_address()
    egress = outside.opened(1, "lan.test", outside.private, f"{own}:{service}")

    said = outside.asked(
        1,
        egress,
        "tunnel lan.test:443",
        f"tunnel {outside.private}:80",
        f"tunnel {own}:{service}",
        f"tunnel {own}:{service + 1}",
    )

    assert said[:3] == [HELLO] * 3
    assert refused(said[3])
    outside.networks.close(outside.attempt(1))


def test_an_attempt_never_uses_anothers_list(outside):
    poor, rich = outside.opened(1), outside.opened(2, *GOOD)
    others = rich.proxy.removeprefix("http://")

    said = outside.asked(1, poor, "tunnel api.good.test:443", f"direct {others}", f"bound {others}")

    assert refused(said[0])
    assert all(unreached(each) or refused(each) for each in said[1:])
    # nor with the proxy's own address on its side: the other's squid asks from where one comes
    own, address = (each.proxy.removeprefix("http://").split(":")[0] for each in (poor, rich))
    proxy = f"fleet-proxy-{outside.home8}"
    assert "403" in docker("exec", proxy, "python3", "-c", FROM, own, address)
    assert "200" in docker("exec", proxy, "python3", "-c", FROM, address, address)
    for number in (1, 2):
        outside.networks.close(outside.attempt(number))


def test_open_streams_do_not_feel_other_attempts_come_and_go(outside):
    egress = outside.opened(1, *GOOD)
    name = outside.start(1, egress, "tunnel slow.good.test:443")

    for number in (2, 3):
        outside.opened(number, "other.test")
    outside.networks.close(outside.attempt(2))
    outside.networks.close(outside.attempt(3))

    assert outside.heard(name) == ["word " * 30]
    outside.networks.close(outside.attempt(1))


def test_a_squid_that_died_is_started_again(outside):
    egress = outside.opened(1, *GOOD)

    docker("exec", f"fleet-proxy-{outside.home8}", "sh", "-c", KILL_SQUIDS)

    eventually(lambda: outside.asked(1, egress, "tunnel api.good.test:443") == [HELLO])
    outside.networks.close(outside.attempt(1))


def test_the_proxys_log_holds_neither_path_nor_query(outside):
    egress = outside.opened(1, *GOOD)

    outside.asked(1, egress, "http http://api.good.test/path?key=very-secret")

    log = docker("logs", f"fleet-proxy-{outside.home8}")
    assert f"{outside.attempt(1)} GET api.good.test:80 200" in log
    assert "very-secret" not in log
    assert "/path" not in log
    outside.networks.close(outside.attempt(1))


def test_what_a_killed_coordinator_left_is_found_or_removed(outside, tmp_path):
    home8 = secrets.token_hex(4)
    folder = tmp_path / ".fleet" / "proxy"
    first, allow = DockerNetworks(tmp_path, home8, host_exposed=False), [destination("a.test")]
    kept = first.open(f"app-1-1-{home8}", allow)
    first.open(f"app-2-1-{home8}", allow)
    docker("rm", "-f", f"fleet-proxy-{home8}")
    (folder / f"app-3-1-{home8}.conf").write_text("killed before its network was made")
    (folder / f"app-1-1-{home8}.conf").unlink()

    second = DockerNetworks(tmp_path, home8, host_exposed=False)
    second.sweep({f"app-1-1-{home8}"})

    assert named(home8) == {f"fleet-app-1-1-{home8}", f"fleet-outward-{home8}"}
    assert second.open(f"app-1-1-{home8}", allow) == kept
    assert [path.stem for path in folder.iterdir()] == [f"app-1-1-{home8}"]
    # the other home's are not this one's
    assert named(outside.home8) >= {f"fleet-outward-{outside.home8}"}
    second.sweep(())
    assert named(home8) == set()
    assert docker("ps", "-aq", "--filter", f"name=fleet-proxy-{home8}") == ""
    assert docker("ps", "-q", "--filter", f"name=fleet-proxy-{outside.home8}") != ""


def named(home8):
    return set(
        docker("network", "ls", "--format", "{{.Name}}", "--filter", f"name={home8}").split()
    ) - {f"{kind}-{home8}" for kind in ("public", "private")}


def test_the_proxys_image_is_built_once():
    told: list[str] = []
    build_proxy("fleet-base:bookworm", ca_bundle=None, told=told.append)

    said = build_proxy("fleet-base:bookworm", ca_bundle=None, told=told.append)

    assert said == "fleet-proxy:bookworm up to date"


def test_a_name_taken_by_another_home_is_refused_and_left_alone(outside, tmp_path):
    other = DockerNetworks(tmp_path, secrets.token_hex(4), host_exposed=False)
    egress = outside.opened(1, *GOOD)

    with pytest.raises(FleetError, match="not of this home"):
        other.open(outside.attempt(1), ())
    other.close(outside.attempt(1))
    other.sweep(())

    assert outside.asked(1, egress, "tunnel api.good.test:443") == [HELLO]
    outside.networks.close(outside.attempt(1))


def test_where_the_host_cannot_be_closed_egress_is_refused_unless_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    home8 = secrets.token_hex(4)
    closed = DockerNetworks(tmp_path, home8, host_exposed=False)
    said = DockerNetworks(tmp_path, home8, host_exposed=True)

    with pytest.raises(FleetError, match="egress_host_exposed") as first:
        closed.examine()
    with pytest.raises(FleetError, match="egress_host_exposed") as second:
        closed.open(f"app-1-1-{home8}", ())
    # an error raised again and again keeps all that every call held
    assert first.value is not second.value
    assert said.examine() == ""
    said.open(f"app-1-1-{home8}", ())
    said.close(f"app-1-1-{home8}")

    monkeypatch.undo()
    assert named(home8) == set()


def test_without_a_free_subnet_or_an_image_it_says_so(tmp_path, monkeypatch):
    home8 = secrets.token_hex(4)
    taken = IPv4Network(f"10.233.{secrets.randbelow(256)}.{secrets.randbelow(32) * 8}/29")
    networks = DockerNetworks(tmp_path, home8, host_exposed=False)
    docker("network", "create", "--internal", "--subnet", str(taken), f"taken-{home8}")
    try:
        monkeypatch.setattr(networks_module, "POOL", taken)
        with pytest.raises(TransientError, match="no free subnet"):
            networks.open(f"app-1-1-{home8}", ())
        monkeypatch.undo()
        monkeypatch.setattr(proxy_module, "IMAGE", "fleet-proxy:never-built")
        with pytest.raises(FleetError, match="fleet image build --proxy"):
            networks.open(f"app-1-1-{home8}", ())
    finally:
        docker("network", "rm", f"taken-{home8}")
        networks.sweep(())
    assert named(home8) == set()
