"""`fleet-agent reflect`: the evaluator without a model, as the program of an agent `command`."""

import json
import sys
from pathlib import Path

from fleet_agent.amend import LARGEST, amended, noticed_in
from fleet_agent.fields import FieldError, fields_of
from fleet_agent.files import UnfitFileError, read_plain_file, write_below
from fleet_agent.system import environment

_LARGEST_PACKET = 8 * 1024 * 1024


def reflect(workspace: Path) -> int:
    """Amend the memory in the workspace; return 0, or 1 where something is wrong with the task."""
    try:
        files = _files(workspace)
        for path, text in files.items():
            write_below(workspace, path, text)
    except (FieldError, UnfitFileError, OSError) as error:
        sys.stderr.write(f"fleet-agent reflect: {error}\n")
        return 1
    summary = f"Proposed by rules: {', '.join(files) or 'nothing new'}."
    result = environment().get("FLEET_RESULT")
    if result:
        Path(result).write_text(json.dumps({"summary": summary}), encoding="utf-8")
    sys.stdout.write(f"{summary}\n")
    return 0


def _files(workspace: Path) -> dict[str, str]:
    packet = environment().get("FLEET_PACKET")
    if not packet:
        raise FieldError("FLEET_PACKET is not set: this runs only inside an attempt")
    fields = fields_of(read_plain_file(packet, _LARGEST_PACKET), "packet")
    return amended(noticed_in(fields.text("goal")), lambda path: _text(workspace / path))


def _text(path: Path) -> str:
    """Return a file's text, "" where there is none."""
    try:
        return read_plain_file(path, LARGEST * 4).decode()
    except FileNotFoundError:
        return ""
    except UnfitFileError as error:
        raise UnfitFileError(f"{path} {error}") from error
    except UnicodeDecodeError as error:
        raise UnfitFileError(f"{path} is not UTF-8") from error
