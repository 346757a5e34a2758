"""The target's way: each merged change on it once, nothing refused, every step of it green."""

import json
import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.chaos import marks
from tests.chaos.evidence import Evidence

_CHECK_WITHIN = 120  # seconds
_RECORD = "\x1e"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A commit of the target's first-parent history: the marks that it adds and those it drops."""

    sha: str
    tree: str
    added: tuple[str, ...]
    dropped: tuple[str, ...]


def target(evidence: Evidence) -> Iterator[str]:
    """Yield what came onto the target otherwise than once, or must not be there."""
    way = steps(evidence)
    if way is None:
        yield f"target: {evidence.start[:12]}, where the night began, is not on it any more"
        return
    yield from _times(evidence, way)
    yield from _wanted(evidence, way)
    yield from _known(evidence, way)
    yield from _red(evidence, way)


def lost(evidence: Evidence) -> Iterator[str]:
    """Yield the marks that are in no branch and in nothing kept, or not as they were written."""
    found: dict[str, set[str]] = {}
    for mark, blob in marks.kept(evidence):
        found.setdefault(mark, set()).add(blob)
    said = marks.said(evidence)
    yield from _never_said(evidence, said)
    for mark in sorted(said):
        blobs = found.get(mark, ())
        if not blobs:
            yield f"lost: the mark {mark} is in no branch and in no kept ref"
        elif all(evidence.git("cat-file", "blob", blob) != mark for blob in blobs):
            yield f"lost: the mark {mark} is kept, but not as it was written"


def _never_said(evidence: Evidence, said: Collection[str]) -> Iterator[str]:
    """Yield who told of no mark: else nobody would notice that marks are looked for in vain."""
    torn = {row["attempt"] for row in evidence.rows["events"] if row["kind"] == "agent.gap"}
    for attempt in evidence.rows["attempts"]:
        silent = attempt["outcome"] == "finished" and marks.mark_of(attempt) not in said
        if silent and attempt["id"] not in torn:
            yield f"lost: {attempt['id']} finished and never said that it had left its mark"


def broken(evidence: Evidence) -> Iterator[str]:
    """Yield what git says against the repository."""
    try:
        evidence.git("fsck", "--full", "--strict", "--no-dangling")
    except subprocess.CalledProcessError as error:
        yield f"repository: git fsck: {(error.stdout + error.stderr).decode()[-500:]}"


def steps(evidence: Evidence) -> list[Step] | None:
    """Answer the way since the night began, oldest first; None where it left the old one."""
    branch, start = evidence.project["target"], evidence.start
    if start not in evidence.git("rev-list", "--first-parent", branch).split():
        return None
    shown = ("-m", "--first-parent", "--no-renames", "--name-status", "--reverse")
    told = evidence.git("log", *shown, f"--format={_RECORD}%H %T", f"{start}..{branch}")
    return [_step(text.splitlines()) for text in told.split(_RECORD) if text.strip()]


def _step(lines: Sequence[str]) -> Step:
    sha, tree = lines[0].split()
    changes = [line.split("\t") for line in lines[1:] if f"\t{marks.FOLDER}" in line]
    named = [(what, path.removeprefix(marks.FOLDER)) for what, path in changes]
    return Step(
        sha=sha,
        tree=tree,
        added=tuple(mark for what, mark in named if what == "A"),
        dropped=tuple(mark for what, mark in named if what != "A"),
    )


def _times(evidence: Evidence, way: Sequence[Step]) -> Iterator[str]:
    times = Counter(mark for step in way for mark in step.added)
    yield from (f"target: the mark {mark} came {n} times" for mark, n in times.items() if n > 1)
    for step in way:
        yield from (f"target: {step.sha[:12]} changes the mark {mark}" for mark in step.dropped)
        if not step.added:
            yield f"target: {step.sha[:12]} brings nobody's work"


def _wanted(evidence: Evidence, way: Sequence[Step]) -> Iterator[str]:
    """Hold what stands on the target against what the ledger says was merged."""
    merged = {row["key"] for row in evidence.rows["tasks"] if row["resolution"] == "merged"}
    stands = {mark: step.sha for step in way for mark in step.added}
    for mark in sorted(stands):
        if marks.task_of(mark) not in merged:
            yield f"target: the mark {mark} stands there, its task is not merged"
    for attempt in evidence.rows["attempts"]:
        mark = marks.mark_of(attempt)
        if attempt["state"] == "merged" and mark not in stands:
            yield f"target: {attempt['id']} is merged, its mark is not there"


def _known(evidence: Evidence, way: Sequence[Step]) -> Iterator[str]:
    """Hold the commits against what the ledger says of pull requests and verdicts."""
    shas = set(evidence.git("rev-list", evidence.project["target"]).split())
    for pull in evidence.rows["pull_requests"]:
        if pull["status"] == "merged" and pull["merged_sha"] not in shas:
            yield f"target: pull request {pull['number']} is merged as {pull['merged_sha']}: gone"
    passed = {row["tree"] for row in evidence.rows["verdicts"] if row["status"] == "passed"}
    for step in way:
        if step.tree not in passed:
            yield f"target: {step.sha[:12]} was never checked as it stands"


def _red(evidence: Evidence, way: Sequence[Step]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as scratch:
        for step in way:
            said = _checked(evidence, step.sha, Path(scratch, step.sha))
            if said:
                yield f"target: {step.sha[:12]} is red: {said}"


def _checked(evidence: Evidence, sha: str, tree: Path) -> str:
    """Check a clean checkout, with the scripts that were at the start; "" where it is green."""
    tree.mkdir()
    laid = ("-c", "core.bare=false", f"--work-tree={tree}")
    index = {"GIT_INDEX_FILE": f"{tree}.index"}
    evidence.git(*laid, "read-tree", sha, **index)
    evidence.git(*laid, "checkout-index", "--all", "--force", **index)
    evidence.git(*laid, "checkout", "--quiet", evidence.start, "--", "scripts", **index)
    done = subprocess.run(
        evidence.project["check"],
        check=False,
        cwd=tree,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=_CHECK_WITHIN,
    )
    return json.dumps((done.stdout + done.stderr)[-300:]) if done.returncode else ""
