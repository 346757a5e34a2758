"""What bears the home's label on the engine: containers, networks, the proxy, projects' images."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

from fleet.adapters.runtimes.answers import conflicts, gone, name_of
from fleet.adapters.runtimes.engine import Connection
from fleet.adapters.runtimes.hardening import ATTEMPT, HOME, PURPOSE
from fleet.adapters.runtimes.project_images import PROJECT
from fleet.adapters.runtimes.proxy import PROXY, Proxy
from fleet.domain.clearing import Leftover, LeftoverKind, task_in
from fleet.domain.errors import FleetError
from fleet.domain.profile import Project
from fleet.ports import Leftovers

_UNNAMED = "<none>:<none>"


@dataclass(frozen=True, kw_only=True)
class ContainerLeftovers(Leftovers):
    """Containers of one home: of attempts, of checks, and the proxy of all."""

    engine: Connection
    home8: str

    def found(self) -> Sequence[Leftover]:
        with self.engine.asking("containers") as client:
            ours = client.containers(all=True, filters={"label": [f"{HOME}={self.home8}"]})
            proxies = client.containers(all=True, filters={"label": [f"{PROXY}={self.home8}"]})
        return [*map(_container, ours), *map(_proxy, proxies)]

    def remove(self, leftover: Leftover) -> None:
        with self.engine.asking(f"container {leftover.name}") as client, _fine_when_gone():
            # by its id: what was made under its name since then is another one
            client.remove_container(leftover.where, v=True, force=True)


@dataclass(frozen=True, kw_only=True)
class NetworkLeftovers(Leftovers):
    """Networks of one home's attempts, and the proxy's way out; `folder` has its settings."""

    engine: Connection
    home8: str
    folder: Path

    def found(self) -> Sequence[Leftover]:
        with self.engine.asking("networks") as client:
            rows = client.networks(filters={"label": [f"{HOME}={self.home8}"]})
        return [_network(row) for row in rows]

    def remove(self, leftover: Leftover) -> None:
        if leftover.attempt:
            # first: the proxy ends what it runs for it
            (self.folder / f"{leftover.attempt}.conf").unlink(missing_ok=True)
        with self.engine.asking(f"network {leftover.name}") as client, _fine_when_gone():
            Proxy(self.home8, self.folder).leave(client, leftover.name)
            for container in client.inspect_network(leftover.where)["Containers"] or ():
                _let_go(client, container, leftover.where)
            client.remove_network(leftover.where)


@dataclass(frozen=True, kw_only=True)
class ImageLeftovers(Leftovers):
    """Images that a home made of its projects' dockerfiles; a project's newest is needed."""

    engine: Connection
    home8: str
    projects: Mapping[str, Project]

    def found(self) -> Sequence[Leftover]:
        with self.engine.asking("images") as client:
            labels = [f"{HOME}={self.home8}", PROJECT]
            images = client.images(filters={"label": labels})
        newest: dict[str, str] = {}
        rows = []
        for image in sorted(images, key=lambda each: -each["Created"]):
            key = image["Labels"][PROJECT]
            described = key in self.projects and self.projects[key].dockerfile is not None
            needed = described and newest.setdefault(key, image["Id"]) == image["Id"]
            rows += [
                _image(image, tag, holder=f"project {key}" if needed else "")
                for tag in image["RepoTags"] or ()
                if tag != _UNNAMED
            ]
        return rows

    def remove(self, leftover: Leftover) -> None:
        with self.engine.asking(f"image {leftover.name}") as client:
            try:
                client.remove_image(leftover.name)
            except NotFound:
                return
            except APIError as error:
                if not conflicts(error):
                    raise
                used = f"image {leftover.name}: a container uses it, or another image builds on it"
                raise FleetError(used, remedy="remove that one first") from error


def _container(row: Mapping[str, Any]) -> Leftover:
    labels = row["Labels"]
    attempt = labels.get(ATTEMPT, "")
    agents = labels.get(PURPOSE) == "agent"
    return Leftover(
        kind=LeftoverKind.CONTAINER if agents else LeftoverKind.CHECK,
        name=name_of(row),
        where=row["Id"],
        attempt=attempt,
        task=task_in(attempt),
        at=datetime.fromtimestamp(row["Created"], UTC),
    )


def _proxy(row: Mapping[str, Any]) -> Leftover:
    return Leftover(kind=LeftoverKind.PROXY, name=name_of(row), where=row["Id"])


def _network(row: Mapping[str, Any]) -> Leftover:
    attempt = (row["Labels"] or {}).get(ATTEMPT, "")
    return Leftover(
        # without an attempt it is the way out that all share, which goes with the proxy
        kind=LeftoverKind.NETWORK if attempt else LeftoverKind.PROXY,
        name=row["Name"],
        where=row["Id"],
        attempt=attempt,
        task=task_in(attempt),
    )


def _image(row: Mapping[str, Any], tag: str, *, holder: str) -> Leftover:
    return Leftover(
        kind=LeftoverKind.IMAGE,
        name=tag,
        where=row["Id"],
        project=row["Labels"][PROJECT],
        bytes=row["Size"],
        at=datetime.fromtimestamp(row["Created"], UTC),
        holder=holder,
    )


def _let_go(client: APIClient, container: str, network: str) -> None:
    with _fine_when_gone():
        client.disconnect_container_from_network(container, network, force=True)


@contextmanager
def _fine_when_gone() -> Iterator[None]:
    """Let pass that there is no such thing any more, or soon none."""
    try:
        yield
    except APIError as error:
        if not gone(error):
            raise
