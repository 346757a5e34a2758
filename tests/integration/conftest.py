"""What several integration tests begin with: the engine's own words, and a `du` that hangs."""

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest


@pytest.fixture
def engine() -> Iterator[docker.APIClient]:
    """Speak to the engine without fleet in between."""
    client = docker.APIClient()
    yield client
    client.close()


@pytest.fixture
def du_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever adds up files with `du` wait for ten minutes."""
    slow = tmp_path / "du"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
