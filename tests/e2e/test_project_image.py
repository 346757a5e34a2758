"""A project's own image on its whole way: built by `fleet run`, used by agents and checks."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from tests.e2e.fleets import Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(400)]

DOCKERFILE = (
    "ARG BASE\nFROM ${BASE}\nCOPY tool /usr/local/bin/tool\nRUN chmod 755 /usr/local/bin/tool\n"
)
USES_TOOL = "import subprocess; subprocess.run(['tool'], check=True)"
REWRITES = "open('fleet.Dockerfile', 'a').write('RUN true\\n')"


@pytest.fixture
def home(tmp_path: Path, repository: Path) -> Iterator[Home]:
    """A home whose project needs a tool, for its agents as for its check."""
    (repository / "fleet.Dockerfile").write_text(DOCKERFILE)
    # an image is named by its tree: none of an earlier test, or of another suite, has this one
    (repository / "tool").write_text(f"#!/bin/sh\necho made >> made.txt\n# {token_hex(8)}\n")
    (repository / "scripts" / "check.sh").write_text("tool && test -s made.txt\n")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "an image of its own")
    git(repository, "branch", "-f", "main", "HEAD")
    home = Home(tmp_path / "home", repository, settings={"dockerfile": "fleet.Dockerfile"}).made()
    yield home
    left = home.containers()
    if left:
        subprocess.run(["docker", "rm", "-f", *left], check=True, capture_output=True)
    for image in images_of(home):
        subprocess.run(["docker", "rmi", "-f", image], check=True, capture_output=True)


def images_of(home: Home) -> list[str]:
    """Answer the names of the images that the home had built."""
    listed = subprocess.run(
        ["docker", "images", "-q", "--filter", f"label=fleet.home={home.home8}"],
        check=True,
        capture_output=True,
        text=True,
    )
    return list(dict.fromkeys(listed.stdout.split()))


def test_a_run_builds_it_for_agents_and_checks_and_keeps_one(home: Home) -> None:
    home.agent("uses", USES_TOOL)
    home.task("use the tool")

    first = home.run("run", "--json")
    home.task("use it again")
    second = home.run("run", "--json")

    assert (first.code, first.json["merged"]) == (0, 1), first.err
    assert "building fleet-project-app:" in first.err
    # the merge made another tree of it, and no older image is kept
    assert (second.code, second.json["merged"]) == (0, 1), second.err
    assert len(images_of(home)) == 1


def test_a_change_of_the_dockerfile_waits_for_a_human(home: Home) -> None:
    home.agent("rewrites", REWRITES)
    key = home.task("change the image")

    done = home.run("run", "--json")

    assert done.code == 1
    assert home.show(key)["reason"].startswith("approval A-1: the diff changes protected paths")


def test_it_is_built_by_hand_and_a_wrong_name_is_refused_with_the_nearest(home: Home) -> None:
    built = home.run("image", "build", "--project", "APP")
    again = home.run("image", "build", "--project", "APP")
    unknown = home.run("image", "build", "--project", "APQ")

    assert built.out.startswith("fleet-project-app:"), built.err
    assert again.err == ""
    assert (again.code, again.out) == (0, built.out)
    assert unknown.code == 1
    assert "there is no project 'APQ'; did you mean 'APP'?" in unknown.err
