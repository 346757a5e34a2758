"""Plays every CLI through every case and says which cells are not as specified."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tests.containers import a_home
from tests.matrix.cases import SUCCESS, Case
from tests.matrix.stage import Part, Played, play
from tests.matrix.subjects import Subject
from tests.model_server.plays import GREETING, PROGRESS
from tests.model_server.running import Models, model_server


@dataclass(frozen=True)
class Stage:
    """Where it is played: a folder for the attempts, the image, how many containers at once."""

    folder: Path
    image: str
    parallel: int


@dataclass(frozen=True)
class Cell:
    """What one CLI made of one case; `fault` is empty where that is as specified."""

    subject: Subject
    case: Case
    kind: str
    seconds: float
    again_after: float | None
    message: str
    fault: str


def played(subjects: Sequence[Subject], cases: Sequence[Case], *, stage: Stage) -> list[Cell]:
    """Play all of it."""
    asked = [(subject, case) for subject in subjects for case in cases]
    with (
        a_home() as (runtime, home8),
        model_server() as models,
        ThreadPoolExecutor(stage.parallel) as pool,
    ):

        def cell(number: int) -> Cell:
            subject, case = asked[number]
            part = replace(_part(subject, case, models), image=case.image or stage.image)
            place = stage.folder / f"m-{number}-1"
            return judged(subject, case, play(runtime, home8, part=part, folder=place))

        return list(pool.map(cell, range(len(asked))))


def judged(subject: Subject, case: Case, found: Played) -> Cell:
    """Hold what came of it against what is specified."""
    diagnostics = found.diagnostics
    kind = diagnostics["failure_kind"] or SUCCESS
    faults = [
        f"{kind} instead of {' or '.join(sorted(case.kinds))}" if kind not in case.kinds else "",
        f"after {found.seconds:.1f} s" if found.seconds > case.within else "",
        _undone(found) if kind == SUCCESS else "",
    ]
    return Cell(
        subject,
        case,
        kind,
        found.seconds,
        diagnostics["retry_after_seconds"],
        diagnostics["message"] or "",
        "; ".join(fault for fault in faults if fault),
    )


def _part(subject: Subject, case: Case, models: Models) -> Part:
    url = models.closed_url if case.path is None else models.url(case.path)
    return Part(
        agent=subject.name,
        model=subject.model,
        base_url=url + subject.root,
        network=models.network,
        credential=case.credential.get(subject.name, "api_key"),
        secret=case.secret,
        limits=case.limits,
        uid=case.uid,
    )


def _undone(found: Played) -> str:
    """Answer what a success has not done; empty where all of it is."""
    done = {
        "greeting.txt": found.text("greeting.txt") == GREETING,
        "copied.txt": found.text("copied.txt") == GREETING,
        "progress": [line["message"] for line in found.of("progress")] == [PROGRESS],
        "usage": (found.diagnostics["usage"] or {}).get("output_tokens", 0) > 0,
    }
    missing = [name for name, well in done.items() if not well]
    return f"not done: {', '.join(missing)}" if missing else ""
