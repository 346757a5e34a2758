"""What is found in the morning, read from outside: the ledger's rows, git, the engine's lists.

Plain sqlite3, git and docker alone: what judges fleet must not believe its code.
"""

import json
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.stage import Part, Stage

Row = Mapping[str, Any]

TABLES = (
    "tasks",
    "attempts",
    "pull_requests",
    "pending_actions",
    "verdicts",
    "reservations",
    "settlements",
    "events",
    "terms",
)
# nothing that is configured for this user, or was planted, may change what is seen
_SEALED = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_ATTR_NOSYSTEM": "1",
}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A home after its night: `parts` says what should have come of each task.

    `containers` and `networks` are those that bear the home's label, by name. `witnessed` is what
    the engine told while the night went on, empty where nobody listened.
    """

    home: Path
    repository: Path
    start: str
    parts: Mapping[str, Part]
    rows: Mapping[str, Sequence[Row]]
    sound: str
    containers: Sequence[str] = ()
    networks: Sequence[str] = ()
    witnessed: Sequence[Row] = ()

    @property
    def state(self) -> Path:
        """Answer the folder of fleet's own files."""
        return self.home / ".fleet"

    @property
    def home8(self) -> str:
        """Answer the home's id."""
        return (self.state / "id").read_text().strip()

    @property
    def project(self) -> Row:
        """Answer the home's project as it is configured."""
        found: Row = json.loads((self.home / "fleet.yaml").read_text())["projects"][0]
        return found

    def price(self, profile: str) -> Row:
        """Answer a profile's price in dollars of a million tokens, empty where it has none."""
        path = self.home / "profiles" / f"{profile}.yaml"
        found: Row = json.loads(path.read_text()).get("price", {}) if path.is_file() else {}
        return found

    def of(self, task: str, table: str) -> list[Row]:
        """Answer a task's rows of a table, as they stand in it."""
        return [row for row in self.rows[table] if row["task"] == task]

    def git(self, *words: str, **variables: str) -> str:
        """Ask the repository; raises CalledProcessError where git refuses."""
        command = ["git", "-C", str(self.repository), *words]
        environment = _SEALED | variables
        done = subprocess.run(command, check=True, capture_output=True, env=environment)
        return done.stdout.decode(errors="replace").strip()


def gathered(stage: Stage) -> Evidence:
    """Look at a stage whose coordinator has ended."""
    place, folder = stage.home.folder, stage.folder / "witness.jsonl"
    label = f"label=fleet.home={stage.home.home8}"
    listed = stage.docker("network", "ls", "--filter", label, "--format", "{{.Name}}")
    rows, sound = read_ledger(place / ".fleet" / "ledger.db")
    return Evidence(
        home=place,
        repository=stage.repository,
        start=stage.start,
        parts=stage.parts,
        rows=rows,
        sound=sound,
        containers=stage.containers(),
        networks=listed.split(),
        witnessed=_lines(folder) if folder.exists() else (),
    )


def read_ledger(path: Path) -> tuple[Mapping[str, Sequence[Row]], str]:
    """Answer all rows of a ledger by table, none of a damaged one, and what SQLite says: "ok"."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as opened:
        opened.row_factory = sqlite3.Row
        try:
            (sound,) = opened.execute("PRAGMA integrity_check").fetchone()
            rows = {table: [dict(row) for row in opened.execute(_ALL[table])] for table in TABLES}
        except sqlite3.DatabaseError as error:
            return {}, str(error)
    return rows, str(sound)


_ALL = {table: f"SELECT * FROM {table} ORDER BY rowid" for table in TABLES}


def _lines(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines()]
