"""The scripts that make engine and images: quick when all stands, plain when it cannot be."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL = "fleet-agent:small"


def script(name, *arguments, timeout=100, **environment):
    settings = [f"{key}={value}" for key, value in environment.items()]
    command = ["env", *settings, ROOT / "scripts" / name, *arguments]
    return subprocess.run(command, check=False, text=True, capture_output=True, timeout=timeout)


def docker(*arguments):
    finished = subprocess.run(["docker", *arguments], text=True, capture_output=True, check=True)
    return finished.stdout.strip()


def image_id(tag):
    return docker("image", "inspect", "--format", "{{.Id}}", tag)


def spent():
    """Answer the processor seconds of all ended children: no busy machine makes them more."""
    times = os.times()
    return times.children_user + times.children_system


def started(container):
    """Answer whether it runs, and since when."""
    return docker("inspect", "--format", "{{.State.Running}} {{.State.StartedAt}}", container)


@pytest.fixture
def bystander():
    """Return a container that runs: an engine that is started anew would end it."""
    found = docker("run", "--detach", "--network=none", "--entrypoint=sleep", SMALL, "300")
    yield found
    docker("rm", "--force", found)


@pytest.fixture
def bare_path(tmp_path):
    """Return a PATH with a shell and its everyday tools, but neither docker nor apt-get."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("bash", "sh", "dirname", "basename", "id", "flock", "cat", "env"):
        found = shutil.which(tool)
        assert found, tool
        (folder / tool).symlink_to(found)
    return str(folder)


@pytest.fixture
def private_tag():
    tag = f"fleet-agent:test-{os.getpid()}"
    yield tag
    subprocess.run(["docker", "rmi", "--force", tag], capture_output=True, check=False)


@pytest.mark.docker
def test_a_running_engine_is_found_at_once_and_left_alone(bystander):
    before = docker("info", "--format", "{{.ID}}"), started(bystander)

    began = spent()
    finished = script("engine.sh")

    assert finished.returncode == 0, finished.stderr
    assert spent() - began < 2
    assert "answers" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
    assert (docker("info", "--format", "{{.ID}}"), started(bystander)) == before


def test_without_engine_and_without_packages_it_says_what_to_install(bare_path):
    finished = script("engine.sh", PATH=bare_path, DOCKER_HOST="")

    assert finished.returncode == 1
    assert "no Docker engine answers" in finished.stderr
    assert "apt-get install docker.io" in finished.stderr
    assert finished.stdout == ""


def test_a_named_engine_that_is_silent_is_never_replaced_by_another(tmp_path):
    address = f"unix://{tmp_path}/nobody.sock"

    finished = script("engine.sh", DOCKER_HOST=address)

    assert finished.returncode == 1
    assert address in finished.stderr
    assert "unset DOCKER_HOST" in finished.stderr


@pytest.mark.docker
def test_two_at_once_find_the_same_engine():
    command = [ROOT / "scripts" / "engine.sh"]
    both = [subprocess.Popen(command, text=True, stderr=subprocess.PIPE) for _ in range(2)]

    said = [one.communicate(timeout=60)[1] for one in both]

    assert [one.returncode for one in both] == [0, 0], said
    assert said[0] == said[1]


@pytest.mark.docker
def test_the_base_image_is_made_once():
    before = image_id("fleet-base:bookworm")

    finished = script("base-image.sh")

    assert finished.returncode == 0, finished.stderr
    assert image_id("fleet-base:bookworm") == before
    assert "stands" in finished.stderr


@pytest.mark.docker
def test_the_small_image_has_what_agents_and_checks_need():
    python = "import sqlite3, ssl, sys, unittest; sys.exit(sys.version_info < (3, 11))"
    code = f"git --version && python3 -c '{python}'"

    said = docker("run", "--rm", "--network=none", "--entrypoint=sh", SMALL, "-c", code)

    assert said.startswith("git version")


@pytest.mark.docker
def test_the_sdk_is_readable_and_compiled_for_any_user():
    code = "find /opt/fleet -name '__init__.*.pyc' -readable && ls -l /usr/local/bin/fleet-agent"

    said = docker(
        "run", "--rm", "--network=none", "--user=1000", "--entrypoint=sh", SMALL, "-c", code
    )

    assert "/opt/fleet/fleet_agent/__pycache__/__init__." in said
    assert "-rwxr-xr-x" in said


@pytest.mark.docker
def test_a_missing_base_is_named_with_what_to_do(private_tag):
    options = ("--agents", "command", "--tag", private_tag)

    finished = script("agent-image.sh", *options, FLEET_BASE_TAG="fleet-base:never")

    assert finished.returncode == 1
    assert "fleet-base:never" in finished.stderr
    assert "scripts/base-image.sh" in finished.stderr


@pytest.mark.docker
@pytest.mark.parametrize("options", [("--agents", "command"), ()], ids=str)
def test_an_image_that_is_up_to_date_costs_a_second(options):
    script("agent-image.sh", *options, timeout=600)
    began = spent()

    finished = script("agent-image.sh", *options)

    assert finished.returncode == 0, finished.stderr
    assert "up to date" in finished.stderr
    assert len(finished.stderr.splitlines()) == 1
    assert spent() - began < 2


def test_an_environment_that_is_up_to_date_costs_nothing():
    began = spent()

    finished = script("venv.sh")

    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    assert spent() - began < 2


@pytest.mark.postgres
def test_the_throw_away_server_starts_once_and_leaves_nothing(tmp_path):
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "scripts", checkout / "scripts")
    server = checkout / "scripts" / "postgres.sh"

    first = subprocess.run([server, "start"], text=True, capture_output=True, check=True)
    second = subprocess.run([server, "start"], text=True, capture_output=True, check=True)
    subprocess.run([server, "stop"], check=True)

    assert first.stdout == second.stdout
    folder = Path(first.stdout.strip().partition("host=")[2])
    assert folder.is_absolute()
    assert not folder.exists()
