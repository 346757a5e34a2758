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

LONGEST = 120.0


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
            mark = f"m-{number}-1"
            part = _part(subject, case, models, mark=mark)
            part = replace(part, image=case.image or stage.image)
            found = play(runtime, home8, part=part, folder=stage.folder / mark)
            return judged(subject, case, found, first=first_request(models, mark))

        return list(pool.map(cell, range(len(asked))))


def first_request(models: Models, mark: str) -> float | None:
    """Answer when a model was first asked under this mark, in seconds since 1970."""
    asked = (line["at"] for line in models.requests() if f"/{mark}/" in line["path"])
    return min(asked, default=None)


def judged(subject: Subject, case: Case, found: Played, *, first: float | None) -> Cell:
    """Hold what came of it against what is specified."""
    diagnostics = found.diagnostics
    kind = diagnostics["failure_kind"] or SUCCESS
    seconds = found.ended - (found.began if first is None else first)
    faults = [
        f"{kind} instead of {' or '.join(sorted(case.kinds))}" if kind not in case.kinds else "",
        f"after {seconds:.1f} s" if seconds > case.within else "",
        "no model was asked" if case.asks and first is None else "",
        _undone(found) if kind == SUCCESS else "",
    ]
    return Cell(
        subject,
        case,
        kind,
        seconds,
        diagnostics["retry_after_seconds"],
        diagnostics["message"] or "",
        "; ".join(fault for fault in faults if fault),
    )


def _part(subject: Subject, case: Case, models: Models, *, mark: str) -> Part:
    url = models.closed_url if case.path is None else f"{models.url(case.path)}/{mark}"
    return Part(
        agent=subject.name,
        model=subject.model,
        base_url=url + subject.root,
        network=models.network,
        credential=case.credential.get(subject.name, "api_key"),
        secret=case.secret,
        # what is never told at all is a wrong cell, not a matrix that never ends
        limits={"attempt_timeout_seconds": LONGEST, **case.limits},
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
