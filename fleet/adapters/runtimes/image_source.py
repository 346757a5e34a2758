"""What agent images are built from: the build context, and the versions its lock files pin."""

import io
import json
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path

from fleet.domain.errors import ConfigError, FleetError

_CA_BUNDLE = "ca-bundle.crt"
# all that the Dockerfile copies; what else lies beside it changes no image
_PATTERNS = (
    "Dockerfile",
    "install.sh",
    "package.json",
    "package-lock.json",
    "requirements-*.txt",
    "fleet_agent/**/*.py",
)
# the agents that PyPI serves, with their packages' names there
_PYTHON_PACKAGES = {"aider": "aider-chat", "mini": "mini-swe-agent"}


def image_source() -> Path:
    """Answer the build context's folder: beside the package in a checkout, inside of it in a wheel.

    Raises FleetError when there is none.
    """
    package = Path(__file__).resolve().parents[2]
    for folder in (package.parent / "agent-image", package / "_image"):
        if (folder / "Dockerfile").is_file():
            return folder
    raise FleetError(f"no build context beside {package}", remedy="install fleet again")


def context_files(source: Path, ca_bundle: Path | None) -> dict[str, bytes]:
    """Answer the build context's files by name; raises ConfigError for an unreadable bundle."""
    files = {
        str(path.relative_to(source)): path.read_bytes()
        for pattern in _PATTERNS
        for path in source.glob(pattern)
    }
    if ca_bundle is not None:
        try:
            files[_CA_BUNDLE] = ca_bundle.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"CA bundle {ca_bundle} cannot be read: {error.strerror}",
                remedy="--ca-bundle takes a PEM file",
            ) from error
    return files


def pinned_versions(source: Path) -> dict[str, str]:
    """Answer the version of each agent's CLI that the lock files beside the Dockerfile pin."""
    named = json.loads((source / "package.json").read_bytes())["dependencies"]
    found = {name: str(package).rpartition("@")[2] for name, package in named.items()}
    for name, package in _PYTHON_PACKAGES.items():
        locked = (source / f"requirements-{name}.txt").read_text()
        pin = re.search(rf"^{re.escape(package)}==(\S+)", locked, re.MULTILINE)
        if pin is None:
            raise FleetError(f"{package} is not pinned in {source}", remedy="install fleet again")
        found[name] = pin[1]
    return found


def context_tar(files: Mapping[str, bytes]) -> io.BytesIO:
    """Pack files without times and owners: the engine's cache then knows unchanged ones again."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            archive.addfile(entry, io.BytesIO(files[name]))
    packed.seek(0)
    return packed
