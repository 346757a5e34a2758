"""How fast a queue of verified pull requests lands, in batches of each size, against a serial one.

N green entries are made by N agents and approved; then the target moves by a commit of somebody
else's, so that every merge has to be checked anew. From there on only the queue is measured, each
time from the same copy of the home: with one merge after the other (`serial`), with batches of each
size, and with one entry that this commit made red. The check takes so many seconds of sleep in a
real container. Times are from opening the home to the last merge, or to the eviction.

    python bench/merge_queue.py --json
"""

import argparse
import json
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from overhead import added, prepared, unsaid

from fleet.app.coordinator import Order
from fleet.app.desk import Pen
from fleet.app.stations import review
from fleet.bootstrap import Office, coordinator_ready, office_open, tools
from fleet.config import read_settings
from fleet.domain import queue
from fleet.domain.merge import PullRequestStatus, merge_order
from fleet.domain.result import Verdict
from fleet.domain.task import Priority

SIZES = (1, 4, 8, 16, 32)
AIM_S, HIT_AIM_MS = 8.0, 50.0
HITS = 20
SERIAL = "serial"
# red where a file stands that the target forbids
CHECK = 'sleep {seconds}\nfor name in $(cat forbidden.txt); do test ! -e "$name" || exit 1; done\n'
FLEET_YAML = """projects:
  - key: BENCH
    path: {repository}
    check: ["sh", "scripts/check.sh"]
    image: fleet-agent:small
    review: required
    in_review_limit: 1000
    batch: {batch}
limits: {{parallel: 16, disk_free_gb: 0.1, memory_free_gb: 0.1, load_per_core: 1000}}
"""


@dataclass(frozen=True)
class Stage:
    """Where it is measured, and the copy that every measurement begins from."""

    folder: Path
    kept: Path
    n: int

    @property
    def home(self) -> Path:
        """Answer the home."""
        return self.folder / "home"

    @property
    def repository(self) -> Path:
        """Answer the repository."""
        return self.folder / "repository"

    def begin(self, *, batch: int, forbidden: str) -> None:
        """Bring back what was kept, set the size of batches, and let somebody else commit."""
        shutil.rmtree(self.folder)
        shutil.copytree(self.kept, self.folder, symlinks=True)
        configure(self, batch=batch)
        committed(self.repository, "forbidden.txt", forbidden)


def main() -> None:
    """Measure and print a table, or with --json one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=32)
    parser.add_argument("--check-seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3, help="of the batches; serial is run once")
    parser.add_argument("--seed", type=int, default=5, help="which entry is red")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--land", metavar="HOME", help=argparse.SUPPRESS)
    parser.add_argument("--serial", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.land:
        print(json.dumps(land(Path(asked.land), serial=asked.serial)), flush=True)
        return
    with stage_set(asked.n, asked.check_seconds) as stage:
        found = measured(stage, asked)
    print(json.dumps(found) if asked.json else worded(found))


@contextmanager
def stage_set(n: int, seconds: float) -> Iterator[Stage]:
    """Make N approved pull requests, and a copy of the home and the repository that hold them."""
    folder = Path(tempfile.mkdtemp(prefix="fleet-queue-"))
    stage = Stage(folder / "stage", folder / "kept", n)
    try:
        stage.folder.mkdir()
        prepared(stage.folder, n=0, parallel=16)
        committed(stage.repository, "forbidden.txt", "")
        committed(stage.repository, "scripts/check.sh", CHECK.format(seconds=seconds))
        configure(stage, batch=1)
        added(stage.home, n)
        approved(stage)
        shutil.copytree(stage.folder, stage.kept, symlinks=True)
        yield stage
    finally:
        shutil.rmtree(folder)


def approved(stage: Stage) -> None:
    """Let all agents work and all checks run, then say yes to every pull request."""
    with office_open(read_settings(stage.home)) as office:
        run(office, merges_only=False)
        pulls = [pull for pull in office.ledger.pull_requests() if not pull.closed]
        if len(pulls) != stage.n:
            raise SystemExit(f"{len(pulls)} of {stage.n} became pull requests: see fleet task list")
        pen = Pen(ledger=office.ledger, clock=office.clock, who="bench")
        for pull in pulls:
            review.approve(pull.number, pen)


def run(office: Office, *, merges_only: bool) -> None:
    """Run a coordinator until nothing moves any more."""
    order = Order(parallel=16, merges_only=merges_only)
    with coordinator_ready(office, order, what="bench", seen=unsaid, told=unsaid) as coordinator:
        coordinator.run()


def configure(stage: Stage, *, batch: int) -> None:
    """Write fleet.yaml."""
    text = FLEET_YAML.format(repository=stage.repository, batch=batch)
    (stage.home / "fleet.yaml").write_text(text)


def committed(repository: Path, name: str, text: str) -> None:
    """Commit a file to the target, where somebody else would."""
    git = ["git", "-C", str(repository), "-c", "user.name=bench", "-c", "user.email=b@localhost"]
    subprocess.run([*git, "switch", "-q", "main"], check=True)
    (repository / name).write_text(text)
    for step in (["add", name], ["commit", "-qm", name, "--allow-empty"]):
        subprocess.run([*git, *step], check=True)
    subprocess.run([*git, "switch", "-q", "--detach"], check=True)


def measured(stage: Stage, asked: argparse.Namespace) -> dict[str, Any]:
    """Measure all sizes, green and with a red one, in turn."""
    place = Random(asked.seed).randrange(stage.n)  # noqa: S311 - no secret
    red = in_order(stage)[place]
    hit_ms = hit(stage)
    serial = landed(stage, batch=1, serial=True)
    sizes = [size for size in SIZES if size <= stage.n]
    rounds = [
        {size: (landed(stage, batch=size), landed(stage, batch=size, red=red)) for size in sizes}
        for _ in range(asked.rounds)
    ]
    return {
        "n": stage.n,
        "check_s": asked.check_seconds,
        "red_place": place + 1,
        "serial_s": serial["merged_s"],
        "serial_checks": serial["checks"],
        "sizes": [row(size, [one[size] for one in rounds], stage.n, place) for size in sizes],
        "hit_ms": hit_ms,
        "hit_aim_ms": HIT_AIM_MS,
    }


def in_order(stage: Stage) -> list[str]:
    """Answer the tasks in the order in which they are merged."""
    with office_open(read_settings(stage.home)) as office:
        pulls = (pull for pull in office.ledger.pull_requests() if not pull.closed)
        return [p.task for p in sorted(pulls, key=lambda p: merge_order(p, Priority.NORMAL))]


def row(
    size: int, found: Sequence[tuple[dict[str, Any], ...]], n: int, place: int
) -> dict[str, Any]:
    """Answer the medians of one size: all green, then with one red.

    A red one is to be found in as many checks, one after the other, as there are batches up to its
    own, and as often as its own can be halved.
    """
    green, red = ([each[which] for each in found] for which in (0, 1))
    return {
        "batch": size,
        "seconds": middle(green, "merged_s"),
        "aim_s": AIM_S * math.ceil(n / size),
        "checks": middle(green, "checks"),
        "red_found_s": middle(red, "found_s"),
        "red_found_steps": middle(red, "found_steps"),
        "aim_steps": place // size + 1 + math.ceil(math.log2(size)),
        "red_seconds": middle(red, "merged_s"),
        "red_checks": middle(red, "checks"),
    }


def middle(found: Sequence[dict[str, Any]], name: str) -> float:
    """Answer the median of a figure."""
    return round(statistics.median(each[name] for each in found), 2)


def landed(
    stage: Stage, *, batch: int, serial: bool = False, red: str | None = None
) -> dict[str, Any]:
    """Let the queue land, in a process of its own; raises SystemExit where it did not."""
    stage.begin(batch=batch, forbidden=f"{red or 'nobody'}.txt\n")
    words = ["--serial"] if serial else []
    command = [sys.executable, __file__, "--land", str(stage.home), *words]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    evicted = [] if red is None else [red]
    if (found["merged"], found["evicted"]) != (stage.n - len(evicted), evicted):
        raise SystemExit(f"batches of {batch}, {red} red: {found}")
    return found


def land(home: Path, *, serial: bool) -> dict[str, Any]:
    """Run the queue to its end in this process and answer what it took."""
    if serial:
        queue.TRIES = 1
    began = datetime.now(UTC)
    with office_open(read_settings(home)) as office:
        run(office, merges_only=True)
        moved = [e for e in office.ledger.events() if e.kind == "attempt.moved" and e.at >= began]
        ends = {to: [e.at for e in moved if e.data["to"] == to] for to in ("merged", "rejected")}
        pulls, ran = office.ledger.pull_requests(), checks(office, since=began)
        found = max(ends["rejected"], default=None)
        return {
            "merged": len(ends["merged"]),
            "merged_s": seconds(began, max(ends["merged"])),
            "evicted": [p.task for p in pulls if p.status is PullRequestStatus.EVICTED],
            "found_s": found and seconds(began, found),
            "found_steps": found and steps([v for v in ran if v.at <= found]),
            "checks": len(ran),
        }


def seconds(began: datetime, end: datetime) -> float:
    """Answer how long it took."""
    return (end - began).total_seconds()


def checks(office: Office, *, since: datetime) -> list[Verdict]:
    """Answer the checks that were run, by their ends; what others were given of them is no run."""
    attempts = office.ledger.attempts()
    said = (verdict for attempt in attempts for verdict in office.ledger.verdicts(attempt.id))
    return sorted((v for v in said if not v.source and v.at >= since), key=lambda v: v.at)


def steps(ran: Sequence[Verdict]) -> int:
    """Answer how many checks were run one after the other: what overlaps counts once."""
    count, free = 0, datetime.min.replace(tzinfo=UTC)
    for verdict in ran:
        if verdict.at - timedelta(seconds=verdict.duration_seconds) >= free:
            count, free = count + 1, verdict.at
    return count


def hit(stage: Stage) -> float:
    """Answer the milliseconds that a tree takes which was checked before; a median."""
    stage.begin(batch=1, forbidden="nobody.txt\n")
    with office_open(read_settings(stage.home)) as office:
        bundle = tools(office, run="")
        project, found = office.fleet.projects["BENCH"], []
        for attempt in office.ledger.attempts()[:HITS]:
            began = time.monotonic()
            (verdict,) = bundle.verifier.check(
                project,
                attempt=attempt.id,
                sha=attempt.head or "",
                checks=project.checks,
                overlay=True,
            )
            found.append(1000 * (time.monotonic() - began))
            if not verdict.source:
                raise SystemExit(f"{attempt.id} was checked again: is the image another one now?")
    return round(statistics.median(found), 1)


def worded(found: dict[str, Any]) -> str:
    """Word what was found as a table."""
    said = (
        f"{found['n']} entries, check of {found['check_s']:g} s, serial {found['serial_s']:.1f} s"
    )
    said += f" ({found['serial_checks']} checks), cache hit {found['hit_ms']} ms\n\n"
    names = tuple(found["sizes"][0])
    rows = [names, ("---",) * len(names), *(tuple(one.values()) for one in found["sizes"])]
    return said + "\n".join(f"| {' | '.join(map(str, each))} |" for each in rows)


if __name__ == "__main__":
    main()
