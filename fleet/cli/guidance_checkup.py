"""What `fleet doctor` says of what people reviewed: whether attempts are given all of it."""

from typing import TYPE_CHECKING

from fleet.cli.agent_checkup import Row, row
from fleet.domain.errors import FleetError

if TYPE_CHECKING:
    from fleet.bootstrap import Office
    from fleet.domain.guidance import Guidance

_CHECK = "guidance"


def guidance_examined(office: "Office") -> Row:
    """Read constitution, bibles and skills as an attempt is given them; say what is left out."""
    from fleet.bootstrap import reviewed

    files = reviewed(office)
    try:
        found = {p.key: files.guidance(p) for p in office.fleet.projects.values()}
    except FleetError as error:
        return row(_CHECK, "fail", f"no attempt is started: {error.message}", error.remedy)
    notes = dict.fromkeys(note for guidance in found.values() for note in guidance.notes)
    if notes:
        return row(_CHECK, "warn", "; ".join(notes), "see docs/memory.md for the bounds")
    return row(_CHECK, "ok", _worded(found))


def _worded(found: "dict[str, Guidance]") -> str:
    """Say what there is; the constitution and the skills are the same for all projects."""
    bibles = [f"bible of {key}" for key, guidance in found.items() if guidance.bible]
    skills = {skill.name for guidance in found.values() for skill in guidance.skills}
    said = ["constitution"] if any(guidance.constitution for guidance in found.values()) else []
    said += [*bibles, *([f"{len(skills)} skills"] if skills else [])]
    return ", ".join(said) or "no constitution, no bible, no skills"
