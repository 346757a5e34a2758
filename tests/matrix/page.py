"""Words the matrix as a page of the documentation."""

import re
from collections.abc import Sequence

from tests.matrix.cases import AT_ONCE, QUIET, SOON, Case
from tests.matrix.grid import Cell
from tests.matrix.subjects import Subject

HEAD = """\
# The agents, tried

Written by `make agents-matrix`; do not edit. Each cell is the real CLI in the real image, started
by the real runner in a hardened container, against the scripted models of `tests/model_server`.

A cell says what fleet called the end, and how many seconds after the CLI's first request of a model
(or, where none came, after the runner's first line). In brackets: when the CLI told to come back.

Bounds: {soon:g} s for every failure with default settings, {at_once:g} s where the fault is on our
own side; hangs are cut by the watchdog, here set to {quiet:g} s of silence. A success has written a
file and run a shell command by real tool calls, called `report_progress` over MCP, and told its
usage.
"""


def page(cells: Sequence[Cell], versions: dict[str, str | None]) -> str:
    """Word the page; a cell that is not as specified says so."""
    subjects = list(dict.fromkeys(cell.subject for cell in cells))
    found = {(cell.subject.name, cell.case.name): cell for cell in cells}
    cases = list({cell.case.name: cell.case for cell in cells}.values())
    rows = [
        ["case", *(f"{one.name} {_number(versions[one.name])}" for one in subjects)],
        ["---"] * (len(subjects) + 1),
        *(_row(case, subjects, found) for case in cases),
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{HEAD.format(soon=SOON, at_once=AT_ONCE, quiet=QUIET)}\n{table}\n"


def _number(told: str | None) -> str:
    """Answer the number in what a CLI says of its version."""
    found = re.search(r"\d[\w.-]*", told or "")
    return found[0] if found else "absent"


def _row(case: Case, subjects: list[Subject], found: dict[tuple[str, str], Cell]) -> list[str]:
    cells = [found.get((subject.name, case.name)) for subject in subjects]
    return [case.name, *(_cell(cell) if cell else "" for cell in cells)]


def _cell(cell: Cell) -> str:
    again = f" (in {cell.again_after:.0f} s)" if cell.again_after is not None else ""
    wrong = f" **{cell.fault}**" if cell.fault else ""
    return f"{cell.kind} {cell.seconds:.1f}{again}{wrong}"
