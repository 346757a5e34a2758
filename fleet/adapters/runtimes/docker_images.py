"""The agent images on a Docker engine: built when anything that goes into them changed, listed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from docker import APIClient

from fleet.adapters.runtimes.building import Build, Told, built, drop_unnamed, found_base, known
from fleet.adapters.runtimes.engine import Connection
from fleet.adapters.runtimes.image_source import (
    context_files,
    context_tar,
    image_source,
    pinned_versions,
)

CONTENT = "fleet.content"
# JSON: the version of each agent's CLI inside; images built on this one inherit it
AGENTS = "fleet.agents"
# needs nothing but the SDK, so it is in every image
ALWAYS = "command"


@dataclass(frozen=True, kw_only=True)
class _Recipe:
    tag: str
    base: str
    agents: tuple[str, ...]
    files: Mapping[str, bytes]


class DockerImages:
    """Agent images of one engine; `base_url` as for the runtime, `source` the build context."""

    def __init__(self, base_url: str | None = None, *, source: Path | None = None) -> None:
        self._engine = Connection(base_url)
        self._source = source or image_source()

    def build(
        self,
        tag: str,
        *,
        base: str,
        agents: tuple[str, ...],
        ca_bundle: Path | None,
        told: Told,
    ) -> str:
        """Build an image with these agents' CLIs, telling each line; `built` or `up to date`.

        `ca_bundle` is trusted meanwhile. Raises ConfigError for an unreadable bundle, FleetError
        when the base is missing or a build step fails.
        """
        files = context_files(self._source, ca_bundle)
        recipe = _Recipe(tag=tag, base=base, agents=agents, files=files)
        with self._engine.asking(f"image {tag}") as client:
            content = content_hash(str(found_base(client, base, told)["Id"]), agents, files)
            before = known(client, tag)
            if before and (before["Config"]["Labels"] or {}).get(CONTENT) == content:
                return "up to date"
            self._make(client, recipe, content, told)
            if before:
                drop_unnamed(client, before["Id"])
        return "built"

    def _make(self, client: APIClient, recipe: _Recipe, content: str, told: Told) -> None:
        pinned = pinned_versions(self._source)
        inside = {name: pinned[name] for name in sorted(recipe.agents) if name != ALWAYS}
        listed = ", ".join(f"{name} {version}" for name, version in inside.items()) or ALWAYS
        told(f"building {recipe.tag} from {recipe.base}: {listed}")
        build = Build(
            name=recipe.tag,
            context=context_tar(recipe.files),
            dockerfile="Dockerfile",
            arguments={
                "BASE": recipe.base,
                "AGENTS": ",".join(inside) or ALWAYS,
                "VERSIONS": json.dumps(inside),
            },
            labels={CONTENT: content, AGENTS: json.dumps(inside)},
        )
        # named only when all of it stands
        client.tag(built(client, build, told), recipe.tag)

    def list(self) -> list[dict[str, object]]:
        """Answer the agent images: tag, id, created (UTC), agents (version by name), size in MB."""
        with self._engine.asking("images") as client:
            found = client.images(filters={"label": [AGENTS]})
        rows = [
            {
                "tag": tag,
                "id": image["Id"].removeprefix("sha256:")[:12],
                "created": datetime.fromtimestamp(image["Created"], UTC).isoformat(),
                "agents": _agents(image["Labels"]),
                "size_mb": round(image["Size"] / 1_000_000),
            }
            for image in found
            for tag in image["RepoTags"] or ()
            if tag != "<none>:<none>"
        ]
        return sorted(rows, key=lambda row: str(row["tag"]))


def content_hash(base_id: str, agents: tuple[str, ...], files: Mapping[str, bytes]) -> str:
    """Answer the hash of all that goes into an agent image."""
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    whole = json.dumps([base_id, sorted(agents), sums], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()


def _agents(labels: Mapping[str, str]) -> dict[str, str | None]:
    """Answer version by agent; the label may be anybody's, or of an older fleet."""
    try:
        named = json.loads(labels.get(AGENTS, ""))
    except (ValueError, RecursionError):
        named = {}
    found = named if isinstance(named, dict) else {}
    return {ALWAYS: None, **{str(name): str(version) for name, version in found.items()}}
