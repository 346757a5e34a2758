"""The agent image: built when its inputs changed, refused with a reason, listed."""

import secrets
import shutil
import subprocess

import docker
import pytest

from fleet.adapters.runtimes.docker_images import DockerImages, content_hash
from fleet.domain.errors import ConfigError, EngineDownError, FleetError
from tests.conftest import ROOT

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]

BASE = "fleet-base:bookworm"


@pytest.fixture
def tag():
    name = f"fleet-agent:test-{secrets.token_hex(4)}"
    yield name
    client = docker.APIClient()
    if client.images(name):
        client.remove_image(name)
    client.close()


def test_it_is_built_once_and_again_when_its_inputs_change(tag, tmp_path):
    images = DockerImages()
    told: list[str] = []
    bundle = tmp_path / "ca.crt"
    bundle.write_text("certificates\n")

    first = images.build(base=BASE, tag=tag, ca_bundle=None, on_line=told.append)
    again = images.build(base=BASE, tag=tag, ca_bundle=None, on_line=told.append)
    other = images.build(base=BASE, tag=tag, ca_bundle=bundle, on_line=told.append)

    assert (first, again, other) == ("built", "up to date", "built")
    assert any(line.startswith("Step 1/") for line in told)
    (row,) = [row for row in images.list() if row["tag"] == tag]
    assert (row["agents"], len(str(row["id"]))) == ("command", 12)
    assert int(str(row["size_mb"])) > 0
    said = subprocess.run(
        ["docker", "run", "--rm", "--network=none", tag, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "usage: fleet-agent" in said.stdout


def test_what_the_script_built_needs_no_building_here(tmp_path):
    context = tmp_path / "context"
    shutil.copytree(ROOT / "agent-image", context, ignore=shutil.ignore_patterns("__pycache__"))
    files = {
        str(path.relative_to(context)): path.read_bytes()
        for path in context.rglob("*")
        if path.is_file()
    }
    shell = f". {ROOT}/scripts/common.sh; {{ echo sha256:base; digest_of {context}; }} | sha256sum"

    said = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True).stdout

    assert said.split()[0] == content_hash("sha256:base", files)


def test_a_missing_base_or_bundle_is_refused_with_a_remedy(tag, tmp_path):
    images = DockerImages()

    with pytest.raises(FleetError, match=r"fleet-base:never is neither here.*base-image\.sh"):
        images.build(base="fleet-base:never", tag=tag, ca_bundle=None, on_line=print)
    with pytest.raises(ConfigError, match="cannot be read"):
        images.build(base=BASE, tag=tag, ca_bundle=tmp_path / "none", on_line=print)
    with pytest.raises(EngineDownError):
        DockerImages(f"unix://{tmp_path}/none.sock").list()
