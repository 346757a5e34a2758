"""`make agents-matrix`: plays the matrix, writes docs/agents.md, fails where a cell is wrong."""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.matrix.cases import CASES
from tests.matrix.grid import Stage, played
from tests.matrix.page import page
from tests.matrix.stage import IMAGE
from tests.matrix.subjects import NAMES, OTHERS, SUBJECTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "agents.md"


def main() -> int:
    """Play what was asked for; only a whole matrix is written down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cli", action="append", help="only this CLI; may be repeated")
    parser.add_argument("--case", action="append", help="only cases whose name holds this text")
    parser.add_argument("--image", default=IMAGE)
    parser.add_argument("--parallel", type=int, default=2)
    asked = parser.parse_args()
    subjects = [one for one in (*SUBJECTS, *OTHERS) if one.name in (asked.cli or NAMES)]
    cases = [one for one in CASES if not asked.case or any(text in one.name for text in asked.case)]
    with tempfile.TemporaryDirectory(prefix="fleet-matrix-") as folder:
        cells = played(subjects, cases, stage=Stage(Path(folder), asked.image, asked.parallel))
    text = page(cells, versions(asked.image))
    if asked.cli or asked.case:
        sys.stdout.write(text)
    else:
        PAGE.write_text(text)
    wrong = [cell for cell in cells if cell.fault]
    for cell in wrong:
        sys.stderr.write(f"{cell.subject.name}, {cell.case.name}: {cell.fault} ({cell.message})\n")
    return 1 if wrong else 0


def versions(image: str) -> dict[str, str | None]:
    """Answer the version of every CLI in an image."""
    command = ["docker", "run", "--rm", "--entrypoint", "fleet-agent", image, "versions"]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, str | None] = json.loads(told.stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())
