"""Asks every CLI of the image which version it is."""

import subprocess
from pathlib import Path

from fleet_agent.clis import REGISTRY
from fleet_agent.clis.model import Cli
from fleet_agent.fields import FieldError, fields_of
from fleet_agent.files import UnfitFileError, read_plain_file
from fleet_agent.text import clean

_LISTED = Path("/opt/fleet/versions.json")
_LARGEST = 64 * 1024
_PATIENCE_SECONDS = 60
_LONGEST = 80


def versions() -> dict[str, str | None]:
    """Return each CLI's version by its name; None for one that is not there or does not answer."""
    # an attempt that only looks up a version starts sooner without it
    from concurrent.futures import ThreadPoolExecutor

    asked = {name: cli for name, cli in REGISTRY.items() if cli.version}
    with ThreadPoolExecutor() as pool:
        return dict(zip(asked, pool.map(_version, asked.values()), strict=True))


def installed(cli: Cli, listed: Path = _LISTED) -> str | None:
    """Return the version that the image was built with; None where it does not say."""
    try:
        told = fields_of(read_plain_file(listed, _LARGEST), listed.name)
        return told.optional_text(cli.version[0]) if cli.version else None
    except (OSError, UnfitFileError, FieldError):
        return None


def _version(cli: Cli) -> str | None:
    try:
        done = subprocess.run(
            cli.version,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=_PATIENCE_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    lines = done.stdout.decode("utf-8", errors="replace").strip().splitlines()
    return clean(lines[0].strip(), _LONGEST) if lines else None
