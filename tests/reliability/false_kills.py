"""Measures how often who works is ended, and how soon who hangs, on real containers."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.e2e.fleets import Home, git
from tests.model_server.running import model_server
from tests.model_server.troubles import Refusal
from tests.reliability.cases import CASES, HEARTBEAT_LOST_AFTER, STALL_AFTER, Case
from tests.repos import a_repository

ASKED = "/v1/messages"


@dataclass(frozen=True, kw_only=True)
class Lived:
    """How the first attempt of a task went: whether it was ended, why, and after how long."""

    case: Case
    ended: bool
    kind: str
    why: str
    seconds: float

    @property
    def right(self) -> bool:
        """Tell whether it was judged as it deserves."""
        return self.ended is not self.case.works


def main() -> int:
    """Play every case so many times; print a table, and fail where one was judged wrongly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="of each case")
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--scale", type=int, default=1, help="50: the limits that are set unasked")
    parser.add_argument("--only", nargs="*", default=[case.name for case in CASES])
    told = parser.parse_args()
    cases = [case for case in CASES if case.name in told.only]
    with tempfile.TemporaryDirectory(prefix="fleet-false-kills-") as folder:
        place = Path(folder)
        lived = measured(place, cases * told.runs, scale=told.scale, parallel=told.parallel)
    sys.stdout.write("\n".join(_table(cases, lived)) + "\n")
    return 0 if all(one.right for one in lived) else 1


def measured(folder: Path, order: Sequence[Case], *, scale: int, parallel: int) -> list[Lived]:
    """Let a fleet of its own do these in their order, and answer how each went."""
    with model_server() as models:
        home = _home(folder)
        home.configure(networks=[models.network])
        for case in {case.name: case for case in order}.values():
            network = {"network": models.network} if case.asks else {}
            script = case.script(scale=scale, model=models.url(Refusal.RATE_PLAIN) + ASKED)
            _profile(home, case, script, scale=scale, **network)
        try:
            return _played(home, order, parallel=parallel)
        finally:
            left = home.containers()
            if left:
                subprocess.run(["docker", "rm", "-f", *left], check=True, capture_output=True)


def _home(folder: Path) -> Home:
    files = {"scripts/check.sh": "true\n", "readme.txt": "hello\n"}
    repository = a_repository(folder / "repository", files)
    git(repository, "switch", "-q", "--detach")
    home = Home(folder / "home", repository).made()
    home.configure(limits={"night_swaps": 10_000})
    return home


def _profile(home: Home, case: Case, script: str, *, scale: int, **keys: Any) -> None:
    told = {
        "roles": [case.name],
        "stall_after": f"{STALL_AFTER * scale}s",
        "heartbeat_lost_after": f"{min(HEARTBEAT_LOST_AFTER * scale, 60)}s",
        "limits": {"cpus": 0.5, "memory": "256m", "pids": 64},
    }
    home.agent(case.name, script, **told, **keys)


def _played(home: Home, order: Sequence[Case], *, parallel: int) -> list[Lived]:
    def added(case: Case) -> str:
        return home.task(case.name, "--role", case.name, "--profile", case.name)

    keys = list(map(added, order))
    done = home.run("run", "--json", "--parallel", str(parallel), timeout=3600)
    if not done.out:
        raise AssertionError(done.err)
    return list(map(_lived, map(home.show, keys), order))


def _lived(task: dict[str, Any], case: Case) -> Lived:
    first = task["attempts"][0]
    swap = first["swap"] or {}
    began, ended = (datetime.fromisoformat(first[name]) for name in ("started", "last_beat"))
    return Lived(
        case=case,
        ended=first["state"] not in {"merged", "verified"},
        kind=swap.get("kind") or first["state"],
        why=swap.get("why") or first["reason"],
        seconds=(ended - began).total_seconds(),
    )


def _table(cases: Sequence[Case], lived: Sequence[Lived]) -> list[str]:
    rows = ["| agent | runs | ended | expected | seconds, median (longest) | as |"]
    rows.append("|---|---|---|---|---|---|")
    for case in cases:
        own = sorted((one for one in lived if one.case is case), key=lambda one: one.seconds)
        if not own:
            continue
        ended = sum(one.ended for one in own)
        middle, longest = own[len(own) // 2].seconds, own[-1].seconds
        kinds = json.dumps(sorted({one.kind for one in own}))
        expected = 0 if case.works else len(own)
        rows.append(
            f"| {case.does} | {len(own)} | {ended} | {expected} | {middle:.0f} ({longest:.0f}) "
            f"| {kinds} |"
        )
    wrong = [f"{one.case.name}: {one.kind}: {one.why}" for one in lived if not one.right]
    return [*rows, *wrong]


if __name__ == "__main__":
    sys.exit(main())
