"""docs/settings.md tells every key of the user's files, with the default that holds."""

import json
import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from fleet.config import fleet_entry, profile_entry, project_entry
from fleet.config.document import read_document
from fleet.config.entry import Entry
from fleet.config.memory_entry import MemoryEntry
from tests.conftest import ROOT

SECTIONS: dict[str, type[Entry]] = {
    "fleet.yaml": fleet_entry.FleetEntry,
    "limits": fleet_entry.LimitsEntry,
    "traces": fleet_entry.TracesEntry,
    "projects": project_entry.ProjectEntry,
    "checks": project_entry.CheckEntry,
    "accounts": fleet_entry.AccountEntry,
    "credential": fleet_entry.CredentialEntry,
    "window": fleet_entry.WindowEntry,
    "swap.timeout": fleet_entry.TimeoutSwapEntry,
    "swap.error": fleet_entry.ErrorSwapEntry,
    "swap.critic": fleet_entry.CriticSwapEntry,
    "schedule": fleet_entry.ScheduleEntry,
    "memory": MemoryEntry,
    "profiles/NAME.yaml": profile_entry.ProfileEntry,
}


def told(section: str) -> dict[str, str]:
    """Answer the keys of a section, each with its default as it is written."""
    text = (ROOT / "docs" / "settings.md").read_text()
    body = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    found: dict[str, str] = {}
    for keys, defaults in re.findall(r"^\| (`.*?) \| (.*?) \|", body, re.MULTILINE):
        names = [each.strip("`") for each in keys.split(", ")]
        # a list of the default's own has commas too
        values = defaults.split(", ") if "[" not in defaults or len(names) > 1 else [defaults]
        found.update(zip(names, values * (1 if len(values) > 1 else len(names)), strict=True))
    return found


@pytest.mark.parametrize(("section", "model"), SECTIONS.items())
def test_each_key_of_the_users_files_is_told(section: str, model: type[Entry]):
    keys = [field.alias or name for name, field in model.model_fields.items()]

    assert sorted(told(section)) == sorted(keys)


@pytest.mark.parametrize(("section", "model"), SECTIONS.items())
def test_each_default_is_the_one_that_holds(section: str, model: type[Entry], tmp_path: Path):
    written = told(section)
    for name, field in model.model_fields.items():
        text = written[field.alias or name]
        if field.is_required():
            assert text == "required" or text == "-", name
        else:
            assert read(text, field, tmp_path) == field.default, name


def read(text: str, field: FieldInfo, folder: Path) -> object:
    """Answer the value that a written default stands for, as a file that holds it gives."""
    if text == "-":
        return None
    file = folder / "one.yaml"
    file.write_text(f"key: {text.strip('`')}\n")
    value = read_document(file).value
    assert isinstance(value, dict)
    # the metadata is what turns "10m" into seconds
    kind: TypeAdapter[object] = TypeAdapter(field.rebuild_annotation())
    return kind.validate_json(json.dumps(value["key"]), strict=True)
