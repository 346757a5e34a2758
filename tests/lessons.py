"""Vectors of lessons for tests, and a Chroma server that is fleet's for the time of a test."""

import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import numpy as np

from fleet.domain.lesson import Vector
from fleet.memory_ports import Entry
from tests.containers import eventually

SPACE = "local-minilm-384"
CHROMA = Path(sys.executable).with_name("chroma")


def vectors(count: int, *, seed: int = 1, width: int = 384) -> list[Vector]:
    """Answer random vectors of length one: nothing is harder to search than these."""
    table = np.random.default_rng(seed).standard_normal((count, width)).astype("<f4")
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    return [row.tobytes() for row in table]


def entries(count: int, *, seed: int = 1, projects: tuple[str, ...] = ("",)) -> dict[str, Entry]:
    """Answer lessons L-1 and so on, of these projects in turn."""
    found = enumerate(vectors(count, seed=seed))
    return {
        f"L-{n + 1}": Entry(vector=vector, project=projects[n % len(projects)])
        for n, vector in found
    }


def quiet(_: str) -> None:
    """Hear nothing of how far a rebuild is."""


def ids(hits) -> list[str]:
    """Answer which lessons were found, nearest first."""
    return [hit.lesson for hit in hits]


def answers(index, wanted: Mapping[str, Entry], *, k: int = 3) -> list[list[str]]:
    """Answer what an index finds by the own vector of each of a few lessons."""
    some = list(wanted.values())[:20]
    return [ids(index.nearest(SPACE, one.vector, k=k)) for one in some]


@contextmanager
def served(folder: Path, port: int = 0) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Start a Chroma server over a folder; answer its address and its process."""
    place = port or free_port()
    where = ["--path", str(folder), "--host", "127.0.0.1", "--port", str(place)]
    with (folder.parent / "chroma-server.log").open("ab") as log:
        server = subprocess.Popen(
            [CHROMA, "run", *where], stdout=log, stderr=log, cwd=folder.parent
        )
    try:
        # its own start takes seconds of processor time
        eventually(lambda: _answers(place), within=180)
        yield f"127.0.0.1:{place}", server
    finally:
        server.kill()
        server.wait()


def free_port() -> int:
    """Answer a port that nobody listens on.

    Below those that the kernel gives away: it takes seconds until the server takes it.
    """
    for _ in range(100):
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port")


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/v2/heartbeat", timeout=5).is_success
    except httpx.HTTPError:
        return False
