"""Marks: each attempt's agent leaves a file `marks/APP-3-2`, and says so once it is written."""

import re
from collections.abc import Iterator

from tests.chaos.evidence import Evidence, Row

FOLDER = "marks/"
_SAID = re.compile(r"\bmarked ([A-Z][A-Z0-9]*-\d+-\d+)\b")


def mark_of(attempt: Row) -> str:
    """Answer the mark of an attempt."""
    return f"{attempt['task']}-{attempt['number']}"


def task_of(mark: str) -> str:
    """Answer whose mark it is."""
    return mark.rpartition("-")[0]


def said(evidence: Evidence) -> set[str]:
    """Answer the marks that agents said they had written, by the ledger and by the traces."""
    words = [
        event["what"] for event in evidence.rows["events"] if event["kind"].startswith("agent")
    ]
    words += [path.read_text() for path in (evidence.home / "traces").glob("*.jsonl")]
    return {mark for text in words for mark in _SAID.findall(text)}


def kept(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield (mark, blob) of each mark in the history of a branch or of what is kept."""
    refs = ("--glob=refs/heads", "--glob=refs/fleet/kept")
    shown = ("-m", "--full-history", "--no-renames", "--raw", "--no-abbrev", "--format=")
    for line in evidence.git("log", *refs, *shown, "--", FOLDER).splitlines():
        facts, _, path = line.partition("\t")
        _, _, _, blob, what = facts.split()
        if what != "D":
            yield path.removeprefix(FOLDER), blob
