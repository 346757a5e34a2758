"""The proxy's image on a Docker engine, built when anything that goes into it changed."""

from pathlib import Path

from fleet.adapters.runtimes.building import Build, Told, built, drop_unnamed, found_base, known
from fleet.adapters.runtimes.docker_images import CONTENT, content_hash
from fleet.adapters.runtimes.engine import Connection
from fleet.adapters.runtimes.image_source import context_files, context_tar, image_source
from fleet.adapters.runtimes.proxy import IMAGE

_PROGRAM = "proxy.py"


def build_proxy(base: str, *, ca_bundle: Path | None, told: Told) -> str:
    """Build it on a Debian-like base, telling each line; answer `IMAGE built` or `... up to date`.

    Raises ConfigError for an unreadable bundle, FleetError when the base is missing or a build
    step fails.
    """
    source = image_source() / "proxy"
    files = context_files(source, ca_bundle) | {_PROGRAM: (source / _PROGRAM).read_bytes()}
    with Connection().asking(f"image {IMAGE}") as client:
        content = content_hash(str(found_base(client, base, told)["Id"]), (), files)
        before = known(client, IMAGE)
        if before and (before["Config"]["Labels"] or {}).get(CONTENT) == content:
            return f"{IMAGE} up to date"
        told(f"building {IMAGE} from {base}")
        build = Build(
            name=IMAGE,
            context=context_tar(files),
            dockerfile="Dockerfile",
            arguments={"BASE": base},
            labels={CONTENT: content},
        )
        # named only when all of it stands
        client.tag(built(client, build, told), IMAGE)
        if before:
            drop_unnamed(client, before["Id"])
    return f"{IMAGE} built"
