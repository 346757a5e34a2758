"""The agent images: built when their inputs changed, refused with a reason, listed."""

import json
import secrets
import shutil
import subprocess

import docker
import pytest

from fleet.adapters.runtimes.docker_images import DockerImages
from fleet.adapters.runtimes.image_source import image_source, pinned_versions
from fleet.domain.agent import AGENTS
from fleet.domain.errors import ConfigError, EngineDownError, FleetError
from tests.conftest import ROOT

pytestmark = pytest.mark.docker

BASE = "fleet-base:bookworm"
FULL = "fleet-agent:latest"
# as the runtime starts them: nothing can be written but what lies in memory
HARDENED = (
    "--rm",
    "--network=none",
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--tmpfs=/tmp:exec,nosuid,nodev",
    "--tmpfs=/home/agent:exec,nosuid,nodev,mode=1777",
    "--env=HOME=/home/agent",
)


@pytest.fixture
def tag(engine):
    name = f"fleet-agent:test-{secrets.token_hex(4)}"
    yield name
    if engine.images(name):
        engine.remove_image(name)


@pytest.fixture
def source(tmp_path):
    """Return a build context of its own, with an SDK that says its version."""
    folder = tmp_path / "agent-image"
    shutil.copytree(ROOT / "agent-image", folder, ignore=shutil.ignore_patterns("fleet_agent"))
    (folder / "fleet_agent").mkdir()
    (folder / "fleet_agent" / "__init__.py").write_text("")
    write_sdk(folder, "one")
    return folder


def write_sdk(folder, version):
    # the folder is no other's: an image of the same content elsewhere would be the same image
    main = f"# {folder}\nimport json, sys\n\ndef main():\n    print('{version}', *sys.argv[1:])\n"
    (folder / "fleet_agent" / "__main__.py").write_text(main)


def build(tag, source=None, *, base=BASE, ca_bundle=None, told=print):
    images = DockerImages(source=source)
    return images.build(tag, base=base, agents=("command",), ca_bundle=ca_bundle, told=told)


def run(*arguments):
    done = subprocess.run(["docker", "run", *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_it_is_built_once_and_again_when_its_inputs_change(tag, tmp_path):
    told: list[str] = []
    bundle = tmp_path / "ca.crt"
    bundle.write_text("certificates\n")

    first = build(tag, told=told.append)
    again = build(tag)
    other = build(tag, ca_bundle=bundle)

    assert (first, again, other) == ("built", "up to date", "built")
    assert told[0] == f"building {tag} from {BASE}: command"
    assert any(line.startswith("Step 1/") for line in told)
    (row,) = [row for row in DockerImages().list() if row["tag"] == tag]
    assert (row["agents"], len(str(row["id"]))) == ({"command": None}, 12)
    assert int(str(row["size_mb"])) > 0
    assert "usage: fleet-agent" in run("--rm", "--network=none", tag, "--help")


def test_of_a_changed_sdk_the_last_steps_are_built_and_replace_the_old_image(tag, source, engine):
    build(tag, source)
    first = engine.inspect_image(tag)["Id"]
    (source / "fleet_agent" / "__pycache__").mkdir()
    (source / "fleet_agent" / "__pycache__" / "stray.pyc").write_text("compiled")
    assert build(tag, source) == "up to date"

    write_sdk(source, "two")
    told: list[str] = []
    build(tag, source, told=told.append)

    (copied,) = (at for at, line in enumerate(told) if "COPY fleet_agent" in line)
    assert [line for line in told[:copied] if "Running in" in line] == []
    assert run("--rm", "--network=none", tag) == "two run"
    with pytest.raises(docker.errors.ImageNotFound):
        engine.inspect_image(first)


def test_a_workspace_cannot_slip_a_module_under_the_runner(tag, source, tmp_path):
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    for module in ("fleet_agent", "json", "sitecustomize"):
        (workspace / f"{module}.py").write_text("raise SystemExit('hijacked')")
    build(tag, source)

    hostile = ["-v", f"{workspace}:/workspace", "-e", "PYTHONPATH=/workspace"]
    said = run("--rm", "--network=none", "--read-only", "--user=1000", *hostile, tag)

    assert said == "one run"


def test_a_red_build_says_why_and_leaves_no_image(tag, source, engine):
    told: list[str] = []
    (source / "Dockerfile").write_text(f"FROM {BASE}\nRUN echo the reason && false\n")

    with pytest.raises(FleetError, match="was not built"):
        build(tag, source, told=told.append)

    assert "the reason" in told
    with pytest.raises(docker.errors.ImageNotFound):
        engine.inspect_image(tag)


def test_a_missing_base_or_bundle_is_refused_with_a_remedy(tag, tmp_path):
    with pytest.raises(FleetError, match=r"fleet-base:never is neither here.*base-image\.sh"):
        build(tag, base="fleet-base:never")
    with pytest.raises(ConfigError, match="cannot be read"):
        build(tag, ca_bundle=tmp_path / "none")
    with pytest.raises(EngineDownError):
        DockerImages(f"unix://{tmp_path}/none.sock").list()


def test_every_agent_has_a_pinned_cli_and_every_pin_an_agent():
    programs = {agent.program for agent in AGENTS.values()} - {"command"}

    assert set(pinned_versions(image_source())) == programs


@pytest.mark.parametrize("user", [0, 1000])
def test_each_cli_starts_as_anybody_on_a_root_that_cannot_be_written(user, engine):
    labelled = json.loads(engine.inspect_image(FULL)["Config"]["Labels"]["fleet.agents"])

    loop = "; ".join(f"echo $({name} --version)" for name in labelled)
    said = run(*HARDENED, f"--user={user}", "--entrypoint=sh", FULL, "-c", loop).splitlines()

    assert list(labelled) == ["claude", "codex", "gemini", "opencode"]
    assert all(version in line for version, line in zip(labelled.values(), said, strict=True))


def test_the_programs_are_called_directly_so_that_signals_reach_them():
    code = "for c in claude codex opencode; do head -c 4 $(command -v $c) | tail -c 3; done"

    assert run(*HARDENED, "--entrypoint=sh", FULL, "-c", code) == "ELF" * 3
    launcher = run(*HARDENED, "--entrypoint=cat", FULL, "/usr/local/bin/gemini")
    assert launcher.splitlines()[1].startswith("exec /opt/fleet/bin/node ")


def test_the_image_has_the_tools_agents_expect_and_no_setuid_program_of_its_own():
    code = """rg --version && git --version && node --version >&2 &&
      python3 -I -c 'import sys; sys.path.append("/opt/fleet/lib"); import mcp' &&
      find /opt/fleet /usr/local -perm /6000"""

    said = run(*HARDENED, "--entrypoint=sh", FULL, "-c", code)

    assert said.splitlines()[-1].startswith("git version")


def test_the_lock_files_name_no_address():
    lock = json.loads((ROOT / "agent-image" / "package-lock.json").read_text())
    texts = [path.read_text() for path in (ROOT / "agent-image").glob("requirements-*.txt")]

    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    assert not [text for text in texts if "://" in text or "--index" in text]
