"""The environment, read once: which home, and where its ledger is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fleet.config.load import FLEET_FILE
from fleet.domain.errors import ConfigError

_SCHEMES = ("sqlite:///", "postgresql://", "postgresql+psycopg://")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """A home, its ledger and the environment; the last two hold secrets and are never shown."""

    home: Path
    database_url: str = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)


def read_settings(home: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Find the home: the one given, else FLEET_HOME, else the nearest parent with a fleet.yaml.

    Raises ConfigError where there is none, or where FLEET_DATABASE_URL is no ledger's address.
    """
    variables = dict(os.environ if environ is None else environ)
    found = _home(home, variables.get("FLEET_HOME", ""))
    return Settings(home=found, database_url=_database(found, variables), variables=variables)


def _home(given: Path | None, variable: str) -> Path:
    named = given or (Path(variable) if variable else None)
    if named is not None:
        home = named.expanduser().resolve()
        if not (home / FLEET_FILE).exists():
            raise ConfigError(
                f"{home} is no home: it has no {FLEET_FILE}", remedy=f"fleet init {home}"
            )
        return home
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FLEET_FILE).exists():
            return folder
    raise ConfigError(
        f"neither {here} nor a folder above it has a {FLEET_FILE}",
        remedy="fleet init, or name the home with --home or FLEET_HOME",
    )


def _database(home: Path, variables: Mapping[str, str]) -> str:
    url = variables.get("FLEET_DATABASE_URL", "")
    if not url:
        return f"sqlite:///{home / '.fleet' / 'ledger.db'}"
    if not url.startswith(_SCHEMES):
        # only the part before the colon: the rest may be a password
        raise ConfigError(
            f"FLEET_DATABASE_URL starts with {url.partition(':')[0][:20]!r}",
            remedy=f"expected {' or '.join(_SCHEMES)}...",
        )
    return url
