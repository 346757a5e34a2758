"""The model server in a container of its own, on a network that holds nothing else."""

import json
import secrets
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.models.containers import Container

from tests.containers import eventually

FOLDER = Path(__file__).resolve().parent
ALIAS, PORT = "models", 8080
# nobody listens here
CLOSED_PORT = 9


@dataclass(frozen=True)
class Models:
    """A running server; containers on `network` find it by its alias."""

    network: str
    container: Container

    def url(self, case: str) -> str:
        """Answer the base URL under which a play or a trouble is served."""
        return f"http://{ALIAS}:{PORT}/{case}"

    @property
    def closed_url(self) -> str:
        """A URL where every connection is refused."""
        return f"http://{ALIAS}:{CLOSED_PORT}"

    def requests(self, case: str | None = None) -> list[dict[str, Any]]:
        """Answer what was asked so far, oldest first; of one case where it is given."""
        log = self.container.logs(stdout=True, stderr=False)
        lines = [json.loads(line) for line in log.splitlines()]
        return [line for line in lines if case is None or line.get("case") == case]


@contextmanager
def model_server() -> Iterator[Models]:
    """Serve on a network without a way out; both are gone afterwards."""
    name = f"fleet-models-{secrets.token_hex(4)}"
    with closing(docker.from_env()) as engine:
        network = engine.networks.create(name, driver="bridge", internal=True)
        try:
            container = _created(engine, name)
            try:
                container.start()
                eventually(lambda: _answers(container, name))
                yield Models(name, container)
            finally:
                container.remove(force=True, v=True)
        finally:
            network.remove()


def _created(engine: docker.DockerClient, name: str) -> Container:
    return engine.containers.create(
        "fleet-agent:small",
        ["-m", "tests.model_server", str(PORT)],
        name=name,
        entrypoint=["python3"],
        working_dir="/opt",
        volumes={str(FOLDER): {"bind": "/opt/tests/model_server", "mode": "ro"}},
        network=name,
        networking_config={name: engine.api.create_endpoint_config(aliases=[ALIAS])},
    )


def _answers(container: Container, network: str) -> bool:
    container.reload()
    address = container.attrs["NetworkSettings"]["Networks"][network]["IPAddress"]
    try:
        socket.create_connection((address, PORT), timeout=1).close()
    except OSError:
        return False
    return True
