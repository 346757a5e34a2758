"""One agent's container as the coordinator starts it: the runner as PID 1, hardened, with a CLI."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from fleet.domain.limits import Limits
from fleet.ports import ContainerRuntime, ContainerSpec, Mount
from tests.containers import MEGABYTE

IMAGE = "fleet-agent:latest"
ROOM = Limits(cpus=2.0, memory_bytes=2048 * MEGABYTE, pids=512)
KEY = "scripted-key-of-nobody"
GIT_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "fleet"), ("EMAIL", "fleet@localhost"))
}


@dataclass(frozen=True)
class Part:
    """What an attempt is given: a CLI, its model, where its model answers, and its limits.

    `secret` is the text of the credential's file; None leaves the secret folder empty.
    """

    agent: str
    model: str
    base_url: str
    network: str
    credential: str = "api_key"
    secret: str | None = KEY
    limits: Mapping[str, float] = field(default_factory=dict)
    uid: int = 1000
    image: str = IMAGE


@dataclass(frozen=True)
class Played:
    """What the runner said of an attempt, and what stands in the workspace."""

    lines: tuple[dict[str, Any], ...]
    workspace: Path

    @property
    def result(self) -> dict[str, Any]:
        """The last line."""
        last = self.lines[-1]
        assert last["type"] == "result", last
        return last

    @property
    def diagnostics(self) -> dict[str, Any]:
        """What the result says beside its summary."""
        found: dict[str, Any] = self.result["diagnostics"]
        return found

    @property
    def began(self) -> float:
        """When the runner said its first line, in seconds since 1970."""
        return _seconds(self.lines[0])

    @property
    def ended(self) -> float:
        """When the runner said its last line, in seconds since 1970."""
        return _seconds(self.lines[-1])

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Answer the lines of one type."""
        return [line for line in self.lines if line["type"] == kind]

    def text(self, path: str) -> str | None:
        """Answer a file of the workspace; None where it is not there."""
        place = self.workspace / path
        return place.read_text() if place.is_file() else None


def play(runtime: ContainerRuntime, home8: str, *, part: Part, folder: Path) -> Played:
    """Carry out one attempt in a fresh folder and answer what came of it."""
    mounts = laid_out(folder, part)
    name = f"fleet-{folder.name}-{home8}"
    runtime.start(container_of(part, name=name, mounts=mounts))
    try:
        told = b"".join(runtime.follow(name))
    finally:
        runtime.remove(name)
    lines = tuple(json.loads(line) for line in told.splitlines())
    return Played(lines, folder / "workspace")


def laid_out(folder: Path, part: Part) -> tuple[Mount, ...]:
    """Lay out workspace, packet, context and secret; answer how they are mounted."""
    workspace, secret = folder / "workspace", folder / "secret"
    for place in (workspace, secret):
        place.mkdir(parents=True)
    subprocess.run(["git", "-C", str(workspace), "init", "-q", "-b", "main"], check=True)
    if part.secret is not None:
        (secret / part.credential).write_text(part.secret)
    (folder / "packet.json").write_text(json.dumps(_packet(part)))
    (folder / "context.json").write_text(json.dumps(_context()))
    subprocess.run(["chown", "-R", f"{part.uid}:{part.uid}", str(folder)], check=True)
    return (
        Mount(source=str(workspace), target="/workspace", writable=True),
        *(
            Mount(source=str(folder / name), target=f"/fleet/{name}")
            for name in ("packet.json", "context.json", "secret")
        ),
    )


def container_of(part: Part, *, name: str, mounts: tuple[Mount, ...]) -> ContainerSpec:
    """Answer the attempt's container, hardened as any agent's."""
    return ContainerSpec(
        name=name,
        image=part.image,
        command=(),
        uid=part.uid,
        gid=part.uid,
        limits=ROOM,
        mounts=mounts,
        environment={"HOME": "/home/agent", **GIT_IDENTITY},
        labels={"fleet.attempt": name, "fleet.purpose": "agent"},
        network=part.network,
    )


def _seconds(line: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(line["at"]).timestamp()


def _packet(part: Part) -> dict[str, Any]:
    agent = {"name": part.agent, "model": part.model, "base_url": part.base_url}
    return {
        "task_id": "APP-1",
        "session_id": "s-1",
        "trace_id": "t-1",
        "goal": "Write a greeting.",
        "messages": [],
        "constraints": [],
        "context": {"agent": agent, "needs_secret": True, "limits": dict(part.limits)},
    }


def _context() -> dict[str, Any]:
    told = {"session_id": "s-1", "trace_id": "t-1", "workspace_root": "/workspace"}
    return {**told, "safe_mode": False, "approved_categories": []}
