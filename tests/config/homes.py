"""Homes written into temporary folders, for the tests of fleet.config."""

from collections.abc import Mapping
from pathlib import Path

PROJECT = 'projects: [{key: APP, path: app, check: ["sh", "scripts/check.sh"]}]\n'
DEVELOPER = 'name: dev\nagent: command\nroles: [developer]\ncommand: ["true"]\n'


def a_home(folder: Path, text: str = PROJECT, profiles: Mapping[str, str] | None = None) -> Path:
    """Write a home with a folder `app` in it."""
    (folder / "app").mkdir(exist_ok=True)
    (folder / "profiles").mkdir(exist_ok=True)
    (folder / "fleet.yaml").write_text(text)
    for name, profile in (profiles or {}).items():
        (folder / "profiles" / f"{name}.yaml").write_text(profile)
    return folder
