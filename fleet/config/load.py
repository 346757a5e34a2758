"""The home's YAML read as one fleet, or refused with every mistake named."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from fleet.config.cross import crossed
from fleet.config.document import Document
from fleet.config.fleet_entry import FleetEntry
from fleet.config.parse import Parsed, parse
from fleet.config.policy_entry import policy_of, read_policy
from fleet.config.problems import Problem, problem, refuse
from fleet.config.profile_entry import ProfileEntry
from fleet.config.translate import fleet_of
from fleet.domain.errors import ConfigError
from fleet.domain.profile import Fleet

FLEET_FILE = "fleet.yaml"
PROFILES = "profiles"


def load_fleet(home: Path) -> Fleet:
    """Read fleet.yaml and profiles/*.yaml of a home; raises ConfigError with file and line."""
    home = home.resolve()
    main = home / FLEET_FILE
    if not main.exists() and not main.is_symlink():
        raise ConfigError(f"{main} does not exist", remedy="make a home with: fleet init")
    problems: list[Problem] = []
    fleet = parse(main, FleetEntry, problems)
    policies = None if fleet is None else read_policy(fleet, home, problems)
    profiles = _profiles(home / PROFILES, problems)
    if fleet is not None and len(profiles) == len(_files(home / PROFILES)):
        problems.extend(crossed(fleet, profiles, home))
    refuse(problems)
    # parse answers None only after adding a problem, and refuse has let none pass
    assert fleet is not None
    documents = [fleet.document, *(each.document for each in profiles.values())]
    read = fleet_of(fleet.entry, {name: each.entry for name, each in profiles.items()}, home)
    if policies is not None:
        documents.append(policies.document)
        read = replace(read, policy=policy_of(policies.entry))
    return replace(read, source=_digest(documents))


def _digest(documents: Iterable[Document]) -> str:
    """Answer the same for files that say the same, wherever the home lies; comments are no word."""
    said = [(each.path.name, each.value) for each in documents]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _profiles(folder: Path, problems: list[Problem]) -> dict[str, Parsed[ProfileEntry]]:
    found: dict[str, Parsed[ProfileEntry]] = {}
    for path in _files(folder):
        if path.suffix != ".yaml":
            problems.append(problem(path, 1, f"expected the name {path.stem}.yaml"))
            continue
        parsed = parse(path, ProfileEntry, problems)
        if parsed is not None:
            found[path.stem] = parsed
    return found


def _files(folder: Path) -> list[Path]:
    names = sorted(folder.iterdir()) if folder.is_dir() else []
    return [each for each in names if each.suffix in {".yaml", ".yml"} and each.name[0] != "."]
