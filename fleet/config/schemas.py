"""JSON Schemas of the user's files, for editors: `python -m fleet.config.schemas [DIR]`."""

import json
import sys
from pathlib import Path

from fleet.config.entry import Entry
from fleet.config.fleet_entry import FleetEntry
from fleet.config.policy_entry import PolicyEntry
from fleet.config.profile_entry import ProfileEntry

FOLDER = Path("docs/schemas")


def schemas() -> dict[str, str]:
    """Answer the text of each schema file by its name."""
    models: dict[str, type[Entry]] = {
        "fleet.schema.json": FleetEntry,
        "policies.schema.json": PolicyEntry,
        "profile.schema.json": ProfileEntry,
    }
    return {
        name: json.dumps(model.model_json_schema(), indent=2, sort_keys=True) + "\n"
        for name, model in models.items()
    }


def export(folder: Path) -> None:
    """Write every schema into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    export(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
