"""Each real CLI works through the proxy of `network: egress`, and has no other way to its API."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.containers import eventually
from tests.e2e.fleets import Home
from tests.matrix.stage import IMAGE, KEY
from tests.matrix.subjects import SUBJECTS, Subject
from tests.outside import own_address

pytestmark = [pytest.mark.agents, pytest.mark.e2e, pytest.mark.timeout(500)]

ROOT = Path(__file__).resolve().parents[2]
PLAY = "deeds"


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("", 0))
        return int(asked.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def models(tmp_path: Path) -> Iterator[str]:
    """Answer the address of a scripted model server on this host."""
    with served(tmp_path / "asked.jsonl") as address:
        yield address


@contextmanager
def served(log: Path) -> Iterator[str]:
    port = free_port()
    with log.open("wb") as out:
        command = [sys.executable, "-m", "tests.model_server", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, stdout=out)
        try:
            eventually(lambda: answers(port))
            yield f"http://{own_address()}:{port}"
        finally:
            server.kill()
            server.wait()


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_a_cli_reaches_its_gateway_through_the_proxy(
    home: Home, models: str, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_KEY", KEY)
    path = home.folder / "fleet.yaml"
    fleet = json.loads(path.read_text())
    fleet["projects"][0]["image"] = IMAGE
    fleet["accounts"] = [
        {
            "name": "nobody",
            "agent": subject.name,
            "credential": {"env": "SCRIPTED_KEY", "kind": "api_key"},
            "base_url": f"{models}/{PLAY}{subject.root}",
        }
    ]
    path.write_text(json.dumps(fleet))
    profile = {
        "name": "scripted",
        "agent": subject.name,
        "model": subject.model,
        "roles": ["developer"],
        "network": "egress",
        "max_cost_usd": 1,
        "price": {"input": 1, "cached_input": 0.1, "output": 2},
        "limits": {"cpus": 2, "memory": "2g", "pids": 512},
    }
    (home.folder / "profiles" / "scripted.yaml").write_text(json.dumps(profile))
    home.task("write a greeting")

    done = home.run("run", "--json", timeout=400)

    assert (done.code, done.json["merged"]) == (0, 1), done.json["tasks"]
