"""One image built on a Docker engine, each line of it told; shared by all images fleet makes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from docker import APIClient
from docker.errors import APIError, NotFound

from fleet.domain.errors import FleetError
from fleet.domain.image import how_to_have

Told = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Build:
    """What the engine is asked to make: `context` is a tar, `name` what errors call the image."""

    name: str
    context: IO[bytes]
    arguments: Mapping[str, str]
    labels: Mapping[str, str]
    dockerfile: str


def known(client: APIClient, image: str) -> dict[str, Any] | None:
    """Answer what the engine says of an image, None when it is not there."""
    try:
        return dict(client.inspect_image(image))  # type: ignore[no-untyped-call]
    except NotFound:
        return None


def found_base(client: APIClient, base: str, told: Told) -> dict[str, Any]:
    """Answer what the engine says of a base image, pulling it when it is not there.

    Raises FleetError when no registry has it either.
    """
    found = known(client, base)
    if found is None:
        told(f"pulling {base}")
        try:
            client.pull(base)
        except APIError as error:
            missing = f"base image {base} is neither here nor in a registry that answers"
            raise FleetError(missing, remedy=how_to_have(base)) from error
        found = known(client, base)
    if found is None:
        raise FleetError(f"base image {base} was pulled and is not there", remedy="pull it by hand")
    return found


def built(client: APIClient, build: Build, told: Told) -> str:
    """Build without a name, telling each line, and answer the image's id.

    Raises FleetError when a step fails.
    """
    image = ""
    lines = client.build(
        fileobj=build.context,
        custom_context=True,
        dockerfile=build.dockerfile,
        buildargs=dict(build.arguments),
        labels=dict(build.labels),
        forcerm=True,
        decode=True,
    )
    for line in lines:
        _tell(line, build.name, told)
        image = line.get("aux", {}).get("ID", image)
    if not image:
        raise FleetError(f"image {build.name}: the engine built it and did not say which it is")
    return str(image)


def drop_unnamed(client: APIClient, image: str) -> None:
    """Remove an image that has no name left; one that a container uses stays."""
    found = known(client, image)
    if found is None or found["RepoTags"]:
        return
    try:
        client.remove_image(image)
    except APIError:
        return


def _tell(line: Mapping[str, Any], name: str, told: Told) -> None:
    if "error" in line:
        raise FleetError(
            f"image {name} was not built: {str(line['error']).strip()}",
            remedy="the lines above say which step failed",
        )
    for text in str(line.get("stream", "")).splitlines():
        if text.strip():
            told(text.rstrip())
