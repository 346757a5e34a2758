"""What the engine's tests share: a home of their own, and containers with defaults."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

from fleet.adapters.runtimes.docker import DockerRuntime
from fleet.domain.limits import Limits
from fleet.ports import ContainerSpec

IMAGE = "fleet-agent:small"
MEGABYTE = 1024**2
SMALL = Limits(cpus=1.0, memory_bytes=128 * MEGABYTE, pids=64)


@contextmanager
def a_home(base_url: str | None = None) -> Iterator[tuple[DockerRuntime, str]]:
    """Answer a runtime of a fresh home and its id; its containers are gone afterwards."""
    home8 = secrets.token_hex(4)
    runtime = DockerRuntime(home8, base_url)
    try:
        yield runtime, home8
    finally:
        for container in runtime.containers():
            runtime.remove(container.name)


def a_container(home8: str, script: str = "true", *, number: int = 1, **fields: Any):
    """Answer a container that runs a shell script without a shell as PID 1."""
    attempt = f"app-{number}-1-{home8}"
    defaults: dict[str, Any] = {
        "name": f"fleet-{attempt}",
        "image": IMAGE,
        "entrypoint": ("sh", "-c"),
        "command": (script,),
        "uid": 1000,
        "gid": 1000,
        "limits": SMALL,
        "environment": {"HOME": "/home/agent"},
        "labels": {"fleet.attempt": attempt, "fleet.purpose": "agent"},
        "workdir": "/",
    }
    return ContainerSpec(**(defaults | fields))


def eventually(holds: Callable[[], object], *, within: float = 60.0) -> None:
    """Return once it holds; fail after `within` seconds."""
    for _ in range(int(within / 0.05)):
        if holds():
            return
        Event().wait(0.05)
    raise AssertionError(f"not so within {within:g} s")
