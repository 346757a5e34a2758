"""How long a swap takes, against a plain start through the same coordinator, in the same run.

Each task is done by two attempts of the agent `command`: the first tells that its context is too
long, so that another profile takes over on its branch. Both starts are measured in every round,
with nothing else at work. Times are those of the ledger's events:

plain   from the dispatch of the first attempt (`attempt.leased`) until it runs
swap    from the line that told the failure (`agent.result`) until the second attempt runs
exit    the same from the end of the first container, as the engine tells it (`die`): before that
        nothing may start, for two agents of one task would be at work

Repeat with:

    python bench/swap_latency.py --n 20 --json
"""

import argparse
import json
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import docker
from overhead import prepared, unsaid

from fleet.bootstrap import Office, coordinator_ready, office_open
from fleet.cli.running import order_for
from fleet.config import read_settings
from fleet.domain.events import Event

FAILS = """import json, os
told = {"failure": {"kind": "context_too_long", "message": "too long"}}
json.dump(told, open(os.environ["FLEET_RESULT"], "w"))
raise SystemExit(1)
"""
PROFILE = """name: {name}
agent: command
roles: [{role}]
command: [python3, /opt/bench/{name}.py]
files: ["{folder}/{name}.py:/opt/bench/{name}.py"]
limits: {{cpus: 2, memory: 256m, pids: 64}}
fallback: [{fallback}]
"""


def main() -> None:
    """Measure n rounds and print medians in seconds, or with --json one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fleet-bench-"))
    try:
        found = measured(folder, asked.n)
    finally:
        shutil.rmtree(folder)
    if asked.json:
        print(json.dumps(found))
    else:
        print("  ".join(f"{name}={value}" for name, value in found.items()))


def measured(folder: Path, n: int) -> dict[str, float]:
    """Do n tasks one after the other; answer medians of both starts and of a swap's stages."""
    home = prepared(folder, n=n + 1, parallel=1)
    _profiles(home, folder)
    with office_open(read_settings(home)) as office:
        keys = [task.key for task in office.ledger.tasks()]
        # the first one warms up: images and pages are read once
        with ends_heard() as died:
            rounds = [_round(office, key, died) for key in keys][1:]
    medians = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    return {
        "n": n,
        **{name: round(each, 3) for name, each in medians.items()},
        "ratio": round(medians["swap_s"] / medians["plain_s"], 2),
        "ratio_from_exit": round(medians["from_exit_s"] / medians["plain_s"], 2),
    }


@contextmanager
def ends_heard() -> Iterator[Mapping[str, float]]:
    """Hear from the engine, inside the block, at which second each container ended."""
    died: dict[str, float] = {}
    client = docker.APIClient(version="1.41")
    stream = client.events(decode=True, filters={"type": "container", "event": "die"})

    def hear() -> None:
        for event in stream:
            died[event["Actor"]["Attributes"]["name"]] = event["timeNano"] / 1e9

    thread = Thread(target=hear, daemon=True)
    thread.start()
    try:
        yield died
    finally:
        stream.close()
        thread.join(timeout=5)
        client.close()


def _profiles(home: Path, folder: Path) -> None:
    shutil.rmtree(home / "profiles")
    (home / "profiles").mkdir()
    (folder / "fails.py").write_text(FAILS)
    shutil.copy(folder / "agent.py", folder / "works.py")
    for name, role, fallback in (("fails", "developer", "works"), ("works", "tester", "")):
        text = PROFILE.format(name=name, role=role, fallback=fallback, folder=folder)
        (home / "profiles" / f"{name}.yaml").write_text(text)


def _round(office: Office, key: str, died: Mapping[str, float]) -> dict[str, float]:
    """Let a coordinator do one task; answer how long its two starts took."""
    order = order_for(office, keys=[key])
    with coordinator_ready(office, order, what="bench", seen=unsaid, told=unsaid) as coordinator:
        coordinator.run()
    first, second = office.ledger.attempts(key)
    early, late = (_instants(office.ledger.events(attempt=a.id)) for a in (first, second))
    ended = died[first.container]
    return {
        "plain_s": early["running"] - early["leased"],
        "swap_s": late["running"] - early["result"],
        "from_exit_s": late["running"] - ended,
        "told_to_exit_s": ended - early["result"],
        "exit_to_collected_s": early["collected"] - ended,
        "collected_to_leased_s": late["leased"] - early["collected"],
        "leased_to_running_s": late["running"] - late["leased"],
    }


def _instants(events: Sequence[Event]) -> Mapping[str, float]:
    """Answer the second at which an attempt was leased, told its result, and reached a state."""
    found: dict[str, float] = {}
    for event in events:
        moved = event.kind == "attempt.moved"
        name = event.data["to"] if moved else event.kind.partition(".")[2]
        found.setdefault(name, event.at.timestamp())
    return found


if __name__ == "__main__":
    main()
