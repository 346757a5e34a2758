"""The proxy container of a home: one for all its attempts, with a squid for each of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

from fleet.adapters.runtimes.answers import conflicts
from fleet.adapters.runtimes.hardening import container_config
from fleet.adapters.runtimes.squid import PORT
from fleet.domain.errors import FleetError
from fleet.domain.limits import Limits
from fleet.ports import ContainerSpec, Mount

IMAGE = "fleet-proxy:bookworm"
# not the label of the home's other containers: it is none of an attempt, and outlives many
PROXY = "fleet.proxy"
IMAGE_REMEDY = "fleet image build --proxy"

_ABSENT = ("is not running", "is not connected", "is already in progress")
_USER = 13  # "proxy" on every Debian
# a squid takes about 25 MB; the limit is for one that is flooded
_LIMITS = Limits(cpus=1.0, memory_bytes=1024**3, pids=512)
_SYSCTLS = {
    # between two attempts there is no way through the proxy but squid: it forwards nothing,
    # and answers on an interface for that interface's own address alone
    "net.ipv4.ip_forward": "0",
    "net.ipv4.conf.all.arp_ignore": "1",
    "net.ipv4.conf.all.rp_filter": "1",
}


class Proxy:
    """The container `fleet-proxy-<home8>`; `folder` on the host holds the configurations.

    Every method takes the engine's client; errors are translated by whoever asked for it.
    """

    def __init__(self, home8: str, folder: Path) -> None:
        self.name = f"fleet-proxy-{home8}"
        self._home8 = home8
        self._folder = folder

    def stand(self, client: APIClient, network: str) -> None:
        """Find or create it on `network`, running; raises FleetError when its image is missing."""
        try:
            client.create_container_from_config(self._config(network), name=self.name)  # type: ignore[no-untyped-call]
        except NotFound as error:
            raise image_missing() from error
        except APIError as error:
            if not conflicts(error):
                raise
            self._refuse_another_homes(client)
        client.start(self.name)

    def join(self, client: APIClient, network: str, *, address: str) -> None:
        """Attach it to an attempt's network with that address, unless it is."""
        found = client.inspect_container(self.name)["NetworkSettings"]["Networks"]
        if network not in found:
            client.connect_container_to_network(self.name, network, ipv4_address=address)

    def leave(self, client: APIClient, network: str) -> None:
        """End what runs for a configuration that is gone, and detach it from the network."""
        with _fine_when_absent():
            client.kill(self.name, signal="HUP")
        with _fine_when_absent():
            client.disconnect_container_from_network(self.name, network, force=True)

    def await_squid(self, client: APIClient, attempt: str, *, address: str) -> None:
        """Return once the attempt's squid listens; raises FleetError when it does not in time."""
        command = ["python3", "-I", "/opt/fleet/proxy.py", "await", attempt, address, str(PORT)]
        asked = client.exec_create(self.name, command)["Id"]
        said = client.exec_start(asked).decode(errors="replace").strip()
        if client.exec_inspect(asked)["ExitCode"] != 0:
            remedy = f"docker logs {self.name} says why"
            raise FleetError(f"attempt {attempt} has no proxy: {said}", remedy=remedy)

    def remove(self, client: APIClient) -> None:
        """Remove it; fine when it is gone, and nothing is done to another home's."""
        with _fine_when_absent():
            if self._is_ours(client):
                client.remove_container(self.name, v=True, force=True)

    def _refuse_another_homes(self, client: APIClient) -> None:
        if not self._is_ours(client):
            raise FleetError(
                f"the name {self.name} is taken by a container that is no proxy of this home",
                remedy=f"remove it if nobody needs it: docker rm -f {self.name}",
            )

    def _is_ours(self, client: APIClient) -> bool:
        labels = client.inspect_container(self.name)["Config"]["Labels"] or {}
        return bool(labels.get(PROXY) == self._home8)

    def _config(self, network: str) -> dict[str, Any]:
        spec = ContainerSpec(
            name=self.name,
            image=IMAGE,
            command=(),
            uid=_USER,
            gid=_USER,
            limits=_LIMITS,
            mounts=(Mount(source=str(self._folder), target="/fleet/proxy"),),
            network=network,
            workdir="/",
        )
        config = container_config(spec, self._home8) | {"Labels": {PROXY: self._home8}}
        again = {"Name": "on-failure", "MaximumRetryCount": 0}
        config["HostConfig"] |= {"Sysctls": _SYSCTLS, "RestartPolicy": again}
        # its entrypoint is the image's; told nothing, it would only wait for arguments
        del config["Cmd"]
        return config


def image_missing() -> FleetError:
    """Answer the refusal of egress for want of the proxy's image."""
    return FleetError(f"the proxy's image {IMAGE} is missing", remedy=IMAGE_REMEDY)


@contextmanager
def _fine_when_absent() -> Iterator[None]:
    """Let pass that the container, or its part in the network, is not there or does not run."""
    try:
        yield
    except APIError as error:
        said = str(error.explanation or "")
        if not isinstance(error, NotFound) and not any(sign in said for sign in _ABSENT):
            raise
