"""The container of one check: its names, its mounts, its surroundings."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from fleet.domain.errors import FleetError
from fleet.domain.etc import etc_files
from fleet.domain.limits import Limits
from fleet.domain.profile import Project
from fleet.domain.result import Check
from fleet.ports import Checkout, ContainerSpec, Mount

_ENVIRONMENT = {
    "HOME": "/home/agent",
    **{f"GIT_{who}_NAME": "fleet check" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "fleet@localhost" for who in ("AUTHOR", "COMMITTER")},
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One check at one SHA, for an attempt; `overlay` takes check files from the target."""

    home8: str
    project: Project
    attempt: str
    sha: str
    check: Check
    overlay: bool

    @property
    def name(self) -> str:
        """Answer the fixed name of its tree, of the characters `a-z0-9-` alone."""
        parts = (self.home8, self.check.name, *self.check.command, self.sha, str(self.overlay))
        digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]
        slug = re.sub(r"[^a-z0-9]+", "-", self.check.name.lower())[:20].strip("-")
        return f"{self.attempt}-{slug or 'check'}-{digest}"

    @property
    def container(self) -> str:
        """Answer the fixed name of its container."""
        return f"fleet-check-{self.name}"

    @property
    def scripts(self) -> tuple[str, ...]:
        """Answer the check files that its command names."""
        named = (word.removeprefix("./") for word in self.check.command)
        return tuple(word for word in named if word in self.project.check_files)

    @property
    def limits(self) -> Limits:
        """Answer what its container may use."""
        return self.check.limits or Limits()

    @property
    def overlaid(self) -> tuple[str, ...]:
        """Answer the paths that are taken from the target."""
        return self.project.check_files if self.overlay else ()


def check_spec(wanted: Wanted, checkout: Checkout, *, image: str) -> ContainerSpec:
    """Answer the container: no network, no credential; raises FleetError on a full disk."""
    etc = _etc_files(checkout)
    return ContainerSpec(
        name=wanted.container,
        image=image,
        entrypoint=wanted.check.command[:1],
        command=wanted.check.command[1:],
        uid=checkout.uid,
        gid=checkout.gid,
        limits=wanted.limits,
        mounts=(
            Mount(source=checkout.path, target="/workspace", writable=True),
            Mount(source=checkout.git_file, target="/workspace/.git"),
            Mount(source=checkout.git_dir, target="/fleet/git", writable=True),
            *(Mount(source=path, target=path) for path in checkout.objects),
            *(Mount(source=path, target=f"/etc/{name}") for name, path in etc.items()),
        ),
        environment=_ENVIRONMENT,
        labels={"fleet.attempt": wanted.attempt, "fleet.purpose": "check"},
    )


def _etc_files(checkout: Checkout) -> dict[str, str]:
    """Write them into the throw-away git directory: gone with it, whoever is killed."""
    paths = {}
    try:
        for name, text in etc_files(checkout.uid, checkout.gid).items():
            path = Path(checkout.git_dir, name)
            path.write_text(text)
            path.chmod(0o644)
            paths[name] = str(path)
    except OSError as error:
        raise FleetError(f"{checkout.git_dir} cannot be written: {error.strerror}") from error
    return paths
