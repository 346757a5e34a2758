"""A project's own image: made of its target's tree on fleet's, and of nothing else."""

import os
import subprocess
from dataclasses import replace

import pytest

from fleet.adapters.runtimes.project_images import ProjectImages
from fleet.domain.errors import ConfigError, FleetError
from tests.contract.worktrees import a_stage
from tests.repos import a_commit, write

pytestmark = pytest.mark.docker

DOCKERFILE = "ARG BASE\nFROM ${BASE}\nCOPY tools /tools\n"


class Yard:
    """A project with a dockerfile, and what its images are built with."""

    def __init__(self, root):
        self.stage = a_stage(root, {"fleet.Dockerfile": DOCKERFILE, "tools/a": "one"})
        self.home8 = os.urandom(4).hex()
        images = ProjectImages(self.stage.worktrees, self.stage.home, self.home8)
        key = f"T{self.home8.upper()}"
        self.project = replace(self.stage.project, key=key, dockerfile="fleet.Dockerfile")
        self.images = images
        self.told: list[str] = []

    def ready(self, **changes):
        return self.images.ready(replace(self.project, **changes), self.told.append)

    def commit(self, files):
        return a_commit(self.stage.repository, files)

    def read(self, image, path):
        command = ["docker", "run", "--rm", "--network=none", "--entrypoint=cat", image, path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else None


@pytest.fixture
def yard(tmp_path, engine):
    made = Yard(tmp_path)
    yield made
    for image in engine.images(filters={"label": f"fleet.home={made.home8}"}):
        engine.remove_image(image["Id"], force=True)


def test_it_is_built_of_the_targets_tree_and_again_only_when_that_changed(yard):
    first = yard.ready()
    assert yard.told[0].startswith(f"building {first.image} from fleet-agent:small")

    yard.told.clear()
    yard.commit({})
    again = yard.ready()
    yard.commit({"tools/a": "two"})
    other = yard.ready()

    tree = yard.stage.git("rev-parse", "main^{tree}")
    assert again.image == first.image != other.image
    assert f":{tree[:12]}-" in other.image
    assert yard.read(first.image, "/tools/a") == "one"
    assert yard.read(other.image, "/tools/a") == "two"


def test_a_project_without_a_dockerfile_keeps_its_image(yard):
    assert yard.ready(dockerfile=None).image == "fleet-agent:small"
    assert yard.told == []


def test_neither_the_users_files_nor_what_a_link_points_to_enters_the_image(yard, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    (yard.stage.repository / "tools" / "link").symlink_to(secret)
    yard.commit({".gitignore": "*.key\n"})
    write(yard.stage.repository, {"tools/own.key": "the user's", "tools/a": "not committed"})

    image = yard.ready().image

    assert yard.read(image, "/tools/a") == "one"
    assert yard.read(image, "/tools/own.key") is None
    assert yard.read(image, "/tools/link") is None
    assert not (yard.stage.home / ".fleet" / "checks" / f"image-{yard.project.key}").exists()


def test_a_copied_link_brings_nothing_of_the_host(yard, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    (yard.stage.repository / "link").symlink_to(secret)
    yard.commit({"fleet.Dockerfile": "ARG BASE\nFROM ${BASE}\nCOPY link /copied\n"})

    with pytest.raises(FleetError, match="was not built"):
        yard.ready()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("FROM fleet-base:bookworm\nRUN true\n", r"does not build on fleet-agent:small.*FROM \$"),
        (DOCKERFILE + 'ENTRYPOINT ["sh"]\n', "changes how the container starts"),
        (DOCKERFILE + 'CMD ["--help"]\n', "changes how the container starts"),
    ],
)
def test_an_image_that_cannot_run_attempts_is_refused_and_removed(yard, engine, text, said):
    yard.commit({"fleet.Dockerfile": text})

    with pytest.raises(ConfigError, match=said):
        yard.ready()

    assert engine.images(filters={"label": f"fleet.home={yard.home8}"}) == []


def test_a_missing_or_linked_dockerfile_and_a_missing_base_are_refused(yard):
    (yard.stage.repository / "linked").symlink_to("fleet.Dockerfile")
    yard.commit({})

    for name in ("never", "linked"):
        with pytest.raises(ConfigError, match=rf"{name} of T\w+ does not stand in main"):
            yard.ready(dockerfile=name)
    with pytest.raises(FleetError, match=r"small-never is neither here.*fleet image build"):
        yard.ready(image="fleet-agent:small-never")


def test_a_red_step_is_told_and_names_no_image(yard):
    yard.commit({"fleet.Dockerfile": "ARG BASE\nFROM ${BASE}\nRUN echo the reason && false\n"})

    with pytest.raises(FleetError, match="was not built"):
        yard.ready()

    assert "the reason" in yard.told


def test_older_images_go_but_not_one_that_a_container_uses(yard, engine):
    used = yard.ready().image
    container = engine.create_container(used)
    yard.commit({"tools/a": "two"})
    unused = yard.ready().image
    yard.commit({"tools/a": "three"})
    now = yard.ready()

    yard.images.drop_others(now)

    assert [bool(engine.images(tag)) for tag in (used, unused, now.image)] == [True, False, True]
    engine.remove_container(container)
