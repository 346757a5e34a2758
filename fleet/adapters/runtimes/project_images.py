"""Images that projects describe themselves, built from the target's tree and nothing else."""

import hashlib
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from docker import APIClient
from docker.errors import APIError

from fleet.adapters.git.locks import RepositoryLocks
from fleet.adapters.git.place import FOR_A_BUILD
from fleet.adapters.runtimes.building import Build, Told, built, found_base, known
from fleet.adapters.runtimes.engine import Connection
from fleet.domain.errors import ConfigError
from fleet.domain.profile import Project
from fleet.ports import Worktrees

PROJECT = "fleet.project"
_HOME = "fleet.home"


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """A project's image: its name tells the tree and all else that goes into it."""

    project: Project
    dockerfile: str
    sha: str
    tree: str
    base: dict[str, Any]

    @property
    def repository(self) -> str:
        return f"fleet-project-{self.project.key.lower()}"

    @property
    def tag(self) -> str:
        inputs = "\n".join([self.tree, self.dockerfile, self.base["Id"]])
        content = hashlib.sha256(inputs.encode()).hexdigest()
        return f"{self.repository}:{self.tree[:12]}-{content[:8]}"


class ProjectImages:
    """Finds or builds the images of a home's projects; `base_url` as for the runtime."""

    def __init__(
        self, worktrees: Worktrees, home: Path, home8: str, *, base_url: str | None = None
    ) -> None:
        self._worktrees = worktrees
        self._home8 = home8
        self._locks = RepositoryLocks(home / ".fleet" / "locks")
        self._engine = Connection(base_url)

    def ready(self, project: Project, told: Told) -> Project:
        """Answer the project with the image that its dockerfile makes of the target's tree.

        Built, each line told, unless it stands already; without a dockerfile nothing is done.
        Raises ConfigError for a dockerfile that does not stand in the target or does not build on
        the project's image, FleetError when a step fails.
        """
        if project.dockerfile is None:
            return project
        with self._engine.asking(f"image of {project.key}") as client:
            wanted = self._wanted(client, project, project.dockerfile, told)
            with self._locks.held(f"image-{project.key}"):
                if known(client, wanted.tag) is None:
                    self._make(client, wanted, told)
        return replace(project, image=wanted.tag)

    def drop_others(self, project: Project) -> None:
        """Remove this home's older images of a project, whose image is `project.image` now.

        Those that a container uses stay. Only for who holds the home: an attempt of another
        coordinator may be about to start in one.
        """
        labels = [f"{_HOME}={self._home8}", f"{PROJECT}={project.key}"]
        with self._engine.asking(f"images of {project.key}") as client:
            for image in client.images(filters={"label": labels}):
                for tag in image["RepoTags"] or ():
                    if tag not in {project.image, "<none>:<none>"}:
                        _drop(client, tag)

    def _wanted(self, client: APIClient, project: Project, dockerfile: str, told: Told) -> _Wanted:
        sha = self._worktrees.tip(project)
        if not self._worktrees.has_file(project, sha, dockerfile):
            raise ConfigError(
                f"dockerfile {dockerfile} of {project.key} does not stand in {project.target}",
                remedy=f"commit it to {project.target}; a link is not followed",
            )
        return _Wanted(
            project=project,
            dockerfile=dockerfile,
            sha=sha,
            tree=self._worktrees.tree(project, sha),
            base=found_base(client, project.image, told),
        )

    def _make(self, client: APIClient, wanted: _Wanted, told: Told) -> None:
        project = wanted.project
        told(f"building {wanted.tag} from {project.image} by {wanted.dockerfile}")
        with tempfile.TemporaryFile() as context:
            self._pack(wanted, context)
            build = Build(
                name=wanted.tag,
                context=context,
                dockerfile=wanted.dockerfile,
                arguments={"BASE": project.image},
                labels={PROJECT: project.key, _HOME: self._home8},
            )
            image = built(client, build, told)
        _require_kinship(client, wanted, image)
        client.tag(image, wanted.tag)

    def _pack(self, wanted: _Wanted, context: IO[bytes]) -> None:
        """Write the tree as a tar: never the user's checkout, where files lie that git ignores."""
        project, name = wanted.project, f"{FOR_A_BUILD}{wanted.project.key}"
        try:
            checkout = self._worktrees.checkout(project, wanted.sha, name=name, overlay=())
            with tarfile.open(fileobj=context, mode="w") as archive:
                archive.add(checkout.path, arcname=".", filter=_anonymous)
        finally:
            self._worktrees.drop_checkout(project, name)
        context.seek(0)


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Answer an entry without owner and time; a link stays a link, read by nobody here."""
    if entry.name == "./.git":
        return None
    return entry.replace(uid=0, gid=0, uname="", gname="", mtime=0, deep=False)


def _require_kinship(client: APIClient, wanted: _Wanted, image: str) -> None:
    """Raise ConfigError, and remove the image, unless it still is what runs fleet's attempts."""
    made, base = known(client, image) or {}, wanted.base
    inherited = base["RootFS"]["Layers"]
    where = f"{wanted.dockerfile} of {wanted.project.key}"
    if made["RootFS"]["Layers"][: len(inherited)] != inherited:
        fault = f"{where} does not build on {wanted.project.image}"
        remedy = "begin it with `ARG BASE` and `FROM ${BASE}`; its last stage too"
    elif _start(made) != _start(base):
        fault = f"{where} changes how the container starts"
        remedy = "take ENTRYPOINT and CMD out of it"
    else:
        return
    _drop(client, image)
    raise ConfigError(fault, remedy=remedy)


def _start(image: Mapping[str, Any]) -> tuple[object, object]:
    return image["Config"]["Entrypoint"], image["Config"]["Cmd"]


def _drop(client: APIClient, image: str) -> None:
    try:
        client.remove_image(image)
    except APIError:
        # a container uses it, or another image is built on it
        return
