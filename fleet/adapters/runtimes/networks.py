"""Networks of attempts: closed ones with a proxy as the only way out."""

import hashlib
import logging
from collections.abc import Collection, Iterator, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from threading import Lock
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from fleet.adapters.runtimes.engine import Connection
from fleet.adapters.runtimes.hardening import ATTEMPT, HOME, PURPOSE
from fleet.adapters.runtimes.host_side import PREFIX, has_interface, host_closed, own_addresses
from fleet.adapters.runtimes.proxy import IMAGE, Proxy, image_missing
from fleet.adapters.runtimes.squid import PORT, squid_config
from fleet.domain.egress import Destination
from fleet.domain.errors import FleetError, TransientError
from fleet.ports import Egress, Networks

log = logging.getLogger(__name__)

# the engine's own pools hold about 30 networks; these are 8192, of six addresses each
POOL = IPv4Network("10.231.0.0/16")
_PREFIX = 29
_TRIES = 64
_BRIDGE_DIGITS = 9  # a name of an interface has at most 15 characters
_EGRESS = "egress"
_OUTWARD = "outward"


class DockerNetworks(Networks):
    """Networks of one home on one engine; safe to use from many threads.

    `host_exposed` says that attempts may reach this host's services where nothing can close them.
    """

    def __init__(
        self, home: Path, home8: str, *, host_exposed: bool, base_url: str | None = None
    ) -> None:
        self._engine = Connection(base_url)
        self._home8 = home8
        self._host_exposed = host_exposed
        self._folder = home / ".fleet" / "proxy"
        self._outward = f"fleet-outward-{home8}"
        self._proxy = Proxy(home8, self._folder)
        # the proxy is made with the first network and goes with the last
        self._lock = Lock()
        # attempts whose network may stand, None as long as nobody has looked: most have none
        self._standing: set[str] | None = None

    def examine(self) -> str:
        with self._engine.asking(f"image {IMAGE}") as client:
            try:
                client.inspect_image(IMAGE)  # type: ignore[no-untyped-call]
            except NotFound as error:
                raise image_missing() from error
        if host_closed():
            return "the host is closed to attempts by iptables"
        if not self._host_exposed:
            raise _host_open()
        return ""

    def open(self, attempt: str, allow: Sequence[Destination]) -> Egress:
        name = f"fleet-{attempt}"
        with self._engine.asking(f"network {name}") as client:
            with self._lock:
                if self._standing is not None:
                    self._standing.add(attempt)
                subnet = self._closed_network(client, attempt, name)
                address = str(subnet[2])
                self._network(client, self._outward, {PURPOSE: _OUTWARD}, {})
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o755)
                self._proxy.stand(client, self._outward)
                self._proxy.join(client, name, address=address)
                own = own_addresses()
                clients = str(subnet)
                text = squid_config(attempt, allow, listen=address, clients=clients, own=own)
                self._write(attempt, text)
            self._proxy.await_squid(client, attempt, address=address)
        return Egress(network=name, proxy=f"http://{address}:{PORT}")

    def close(self, attempt: str) -> None:
        if self._standing is not None and attempt not in self._standing:
            return
        with self._engine.asking(f"network fleet-{attempt}") as client, self._lock:
            rows = self._rows(client)
            self._path(attempt).unlink(missing_ok=True)
            mine = [row for row in rows if row["Labels"].get(ATTEMPT) == attempt]
            for row in mine:
                self._drop(client, row)
            if mine and len(rows) == len(mine):
                self._drop_proxy(client)

    def sweep(self, attempts: Collection[str]) -> None:
        with self._engine.asking("networks") as client, self._lock:
            kept = []
            for row in self._rows(client):
                if row["Labels"].get(ATTEMPT) in attempts:
                    kept.append(row["Labels"][ATTEMPT])
                    continue
                log.info("orphan removed", extra={"network": row["Name"]})
                self._path(row["Labels"].get(ATTEMPT, "")).unlink(missing_ok=True)
                self._drop(client, row)
            if not kept:
                self._drop_proxy(client)
            self._standing = set(kept)
        for path in self._folder.glob("*.conf"):
            if path.stem not in attempts:
                path.unlink(missing_ok=True)

    def _closed_network(self, client: APIClient, attempt: str, name: str) -> IPv4Network:
        """Find or create the attempt's network; answer its subnet.

        Raises FleetError where the host could be reached from it and nobody said that it may.
        """
        # the rule before the network: there is no moment in which one stands open
        closed = host_closed()
        bridge = PREFIX + hashlib.sha256(name.encode()).hexdigest()[:_BRIDGE_DIGITS]
        labels = {PURPOSE: _EGRESS, ATTEMPT: attempt}
        # no address of the host's on it: what goes astray ends at once
        options = {
            "com.docker.network.bridge.name": bridge,
            "com.docker.network.bridge.inhibit_ipv4": "true",
        }
        subnet = self._network(client, name, labels, options)
        if not (closed and has_interface(bridge)) and not self._host_exposed:
            client.remove_network(name)
            raise _host_open()
        return subnet

    def _network(
        self, client: APIClient, name: str, labels: dict[str, str], options: dict[str, str]
    ) -> IPv4Network:
        """Find or create a network of this home in a subnet that no other has."""
        found = self._found(client, name)
        if found is not None:
            return found
        for subnet in _subnets(name):
            try:
                # "check": two of one name would be told apart by nobody
                client.create_network(
                    name,
                    driver="bridge",
                    ipam=IPAMConfig(
                        pool_configs=[IPAMPool(subnet=str(subnet), gateway=str(subnet[1]))]
                    ),
                    internal=bool(options),
                    check_duplicate=True,
                    labels=labels | {HOME: self._home8},
                    options=options,
                )
            except APIError as error:
                if "overlaps" not in str(error.explanation or ""):
                    raise
                continue
            return subnet
        log.warning("no free subnet, launch waits", extra={"network": name, "pool": str(POOL)})
        raise TransientError(f"network {name}: no free subnet in {POOL}; it waits for one")

    def _found(self, client: APIClient, name: str) -> IPv4Network | None:
        try:
            found = client.inspect_network(name)
        except NotFound:
            return None
        if (found["Labels"] or {}).get(HOME) != self._home8:
            raise FleetError(
                f"the name {name} is taken by a network that is not of this home",
                remedy=f"remove it if nobody needs it: docker network rm {name}",
            )
        return IPv4Network(found["IPAM"]["Config"][0]["Subnet"])

    def _rows(self, client: APIClient) -> list[dict[str, Any]]:
        """Answer the networks of this home's attempts."""
        labels = [f"{HOME}={self._home8}", f"{PURPOSE}={_EGRESS}"]
        return list(client.networks(filters={"label": labels}))

    def _drop(self, client: APIClient, row: dict[str, Any]) -> None:
        self._proxy.leave(client, row["Name"])
        _remove(client, row["Id"])

    def _drop_proxy(self, client: APIClient) -> None:
        self._proxy.remove(client)
        labels = [f"{HOME}={self._home8}", f"{PURPOSE}={_OUTWARD}"]
        for row in client.networks(filters={"label": labels}):
            _remove(client, row["Id"])

    def _path(self, attempt: str) -> Path:
        return self._folder / f"{attempt}.conf"

    def _write(self, attempt: str, text: str) -> None:
        """Put the configuration there whole; one that says the same stays, with its squid."""
        path = self._path(attempt)
        if path.is_file() and path.read_text() == text:
            return
        aside = path.with_suffix(".aside")
        aside.write_text(text)
        aside.chmod(0o644)
        aside.replace(path)


def _host_open() -> FleetError:
    return FleetError(
        "this host's own services could be reached from an attempt's network",
        remedy="run fleet as root with iptables on the engine's host, "
        "or set egress_host_exposed: true",
    )


def _subnets(name: str) -> Iterator[IPv4Network]:
    """Answer where to look for a free subnet: each name begins elsewhere."""
    size = 2 ** (32 - _PREFIX)
    count = POOL.num_addresses // size
    start = int(hashlib.sha256(name.encode()).hexdigest(), 16)
    first = int(POOL.network_address)
    for step in range(_TRIES):
        yield IPv4Network((first + (start + step) % count * size, _PREFIX))


def _remove(client: APIClient, network: str) -> None:
    try:
        client.remove_network(network)
    except NotFound:
        return
