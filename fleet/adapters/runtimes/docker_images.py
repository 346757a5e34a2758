"""The agent image on a Docker engine: built when anything that goes into it changed, and listed."""

import hashlib
import io
import tarfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

from fleet.adapters.runtimes.engine import Connection
from fleet.domain.errors import ConfigError, FleetError

CONTENT = "fleet.content"
AGENTS = "fleet.agents"

_CA_BUNDLE = "ca-bundle.crt"
# the only CLI registry entry that needs nothing but the SDK
_SMALL = "command"


class DockerImages:
    """Agent images of one engine; `base_url` as for the runtime."""

    def __init__(self, base_url: str | None = None) -> None:
        self._engine = Connection(base_url)

    def build(
        self, *, base: str, tag: str, ca_bundle: Path | None, on_line: Callable[[str], None]
    ) -> str:
        """Build the small image, telling each line; answer `built` or `up to date`.

        Raises ConfigError for an unreadable bundle, FleetError when the base is missing or a
        build step fails.
        """
        files = _context(ca_bundle)
        with self._engine.asking(f"image {tag}") as client:
            base_id = _base_id(client, base, on_line)
            content = content_hash(base_id, files)
            before = _known(client, tag)
            if before and (before["Config"]["Labels"] or {}).get(CONTENT) == content:
                return "up to date"
            lines = client.build(
                fileobj=io.BytesIO(_tar(files)),
                custom_context=True,
                tag=tag,
                buildargs={"BASE": base},
                labels={CONTENT: content, AGENTS: _SMALL},
                forcerm=True,
                decode=True,
            )
            for line in lines:
                _tell(line, tag, on_line)
            if before:
                _drop_untagged(client, before["Id"])
        return "built"

    def list(self) -> list[dict[str, object]]:
        """Answer the agent images: tag, id, created (UTC), agents, size in MB."""
        with self._engine.asking("images") as client:
            found = client.images(filters={"label": [CONTENT]})
        rows = [
            {
                "tag": tag,
                "id": image["Id"].removeprefix("sha256:")[:12],
                "created": datetime.fromtimestamp(image["Created"], UTC).isoformat(),
                "agents": image["Labels"].get(AGENTS, _SMALL),
                "size_mb": round(image["Size"] / 1_000_000),
            }
            for image in found
            for tag in image["RepoTags"] or ()
            if tag != "<none>:<none>"
        ]
        return sorted(rows, key=lambda row: str(row["tag"]))


def content_hash(base_id: str, files: Mapping[str, bytes]) -> str:
    """Answer the hash of all that goes into the image: the same as scripts/agent-image.sh's."""
    sums = "".join(
        f"{hashlib.sha256(data).hexdigest()}  ./{name}\n"
        for name, data in sorted(files.items(), key=lambda item: item[0].encode())
    )
    whole = f"{base_id}\n{hashlib.sha256(sums.encode()).hexdigest()}\n"
    return hashlib.sha256(whole.encode()).hexdigest()


def _context(ca_bundle: Path | None) -> dict[str, bytes]:
    source = _source()
    files = {
        str(path.relative_to(source)): path.read_bytes()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    if ca_bundle is not None:
        try:
            files[_CA_BUNDLE] = ca_bundle.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"CA bundle {ca_bundle} cannot be read: {error.strerror}",
                remedy="--ca-bundle takes a PEM file",
            ) from error
    return files


def _source() -> Path:
    """Answer the build context: beside the package in a checkout, inside of it in a wheel."""
    package = Path(__file__).resolve().parents[2]
    for folder in (package.parent / "agent-image", package / "_image"):
        if (folder / "Dockerfile").is_file():
            return folder
    raise FleetError(f"no build context beside {package}", remedy="install fleet again")


def _tar(files: Mapping[str, bytes]) -> bytes:
    # no times, no owners: the engine's cache then knows unchanged files again
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            archive.addfile(entry, io.BytesIO(files[name]))
    return packed.getvalue()


def _known(client: APIClient, tag: str) -> dict[str, Any] | None:
    try:
        return dict(client.inspect_image(tag))  # type: ignore[no-untyped-call]
    except NotFound:
        return None


def _base_id(client: APIClient, base: str, on_line: Callable[[str], None]) -> str:
    found = _known(client, base)
    if found is None:
        on_line(f"pulling {base}")
        try:
            client.pull(base)
        except APIError as error:
            remedy = "make it with scripts/base-image.sh, or name another with --base"
            missing = f"base image {base} is neither here nor in a registry that answers"
            raise FleetError(missing, remedy=remedy) from error
        found = _known(client, base)
    if found is None:
        raise FleetError(f"base image {base} was pulled and is not there", remedy="pull it by hand")
    return str(found["Id"])


def _tell(line: Mapping[str, Any], tag: str, on_line: Callable[[str], None]) -> None:
    if "error" in line:
        raise FleetError(
            f"image {tag} was not built: {str(line['error']).strip()}",
            remedy="the lines above say which step failed",
        )
    for text in str(line.get("stream", "")).splitlines():
        if text.strip():
            on_line(text.rstrip())


def _drop_untagged(client: APIClient, image: str) -> None:
    """Remove what the new build took the last name from; one that a container uses stays."""
    found = _known(client, image)
    if found is None or found["RepoTags"]:
        return
    try:
        client.remove_image(image)
    except APIError:
        return
