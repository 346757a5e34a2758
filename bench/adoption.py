"""How long a new coordinator takes to adopt N running containers, and what idle agents cost it.

The coordinator is killed and started anew; adopted is who was read again from its first line on.
Then its CPU is measured while all agents only sleep. Repeat with:

    python bench/adoption.py --n 50 --json
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

IMAGE = "fleet-agent:small"
FLEET_YAML = """projects:
  - {{key: BENCH, path: {repository}, check: ["true"], image: {image}, review: auto}}
limits: {{parallel: {n}, disk_free_gb: 0.1, memory_free_gb: 0.1, load_per_core: 1000}}
"""
PROFILE = """name: sleeps
agent: command
roles: [developer]
command: [sleep, "86400"]
limits: {cpus: 1, memory: 128m, pids: 64}
attempt_timeout: 24h
stall_after: 24h
"""


def main() -> None:
    """Measure once and print a line, or with --json one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3, help="lives that adopt")
    parser.add_argument("--idle", type=int, default=60, help="seconds of idling that are measured")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--coordinate", metavar="HOME", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.coordinate:
        coordinate(Path(arguments.coordinate), arguments.n)
        return
    found = measure(arguments.n, rounds=arguments.rounds, idle=arguments.idle)
    if arguments.json:
        print(json.dumps(found))
    else:
        print("  ".join(f"{name}={value}" for name, value in found.items()))


def measure(n: int, *, rounds: int, idle: int) -> dict[str, object]:
    """Start N agents, adopt them again and again, then let the last life idle."""
    folder = Path(tempfile.mkdtemp(prefix="fleet-bench-"))
    try:
        home = prepared(folder, n)
        with adopting(home, n) as (_, started):
            pass
        took, used = [], []
        for _ in range(rounds - 1):
            with adopting(home, n) as (process, seconds):
                took.append(seconds)
                used.append(cpu_of(process.pid))
        with adopting(home, n) as (process, seconds):
            took.append(seconds)
            used.append(cpu_of(process.pid))
            cpu, rss = idling(process.pid, idle)
    finally:
        removed(folder / "home")
        shutil.rmtree(folder)
    return {
        "n": n,
        "started_s": round(started, 2),
        "adopted_s": [round(seconds, 2) for seconds in took],
        "median_s": round(statistics.median(took), 2),
        "cpu_s": round(statistics.median(used), 2),
        "idle_cpu_percent": round(100 * cpu, 2),
        "rss_mb": round(rss, 1),
    }


@contextmanager
def adopting(home: Path, n: int) -> Iterator[tuple["subprocess.Popen[str]", float]]:
    """Coordinate until all N are heard, in a process that is killed at the end of the block.

    Answers the seconds from before its start.
    """
    began = time.monotonic()
    command = [sys.executable, __file__, "--coordinate", str(home), "--n", str(n)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            heard = process.stdout.readline()
            assert heard == "all heard\n", heard
            yield process, time.monotonic() - began
        finally:
            process.send_signal(signal.SIGKILL)


def idling(pid: int, seconds: int) -> tuple[float, float]:
    """Answer which share of a core a process takes, and its memory in MiB."""
    pause = Event()
    pause.wait(15)  # what adoption itself costs is over
    before, began = cpu_of(pid), time.monotonic()
    pause.wait(seconds)
    share = (cpu_of(pid) - before) / (time.monotonic() - began)
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return share, pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def cpu_of(pid: int) -> float:
    """Answer the seconds of CPU that a process has used, with those of its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def prepared(folder: Path, n: int) -> Path:
    """Make a repository, a home on it and N tasks; answer the home."""
    from fleet.app.desk import Pen
    from fleet.app.stations import intake
    from fleet.bootstrap import office_open
    from fleet.config import read_settings

    repository, home = folder / "repository", folder / "home"
    git = ["git", "-C", str(repository), "-c", "user.name=bench", "-c", "user.email=b@localhost"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(repository)], check=True)
    for step in (["commit", "--allow-empty", "-qm", "start"], ["switch", "-q", "--detach"]):
        subprocess.run([*git, *step], check=True)
    init = ["init", str(home), "--project", f"BENCH={repository}:main"]
    subprocess.run([str(Path(sys.executable).with_name("fleet")), *init], check=True)
    (home / "fleet.yaml").write_text(FLEET_YAML.format(repository=repository, image=IMAGE, n=n))
    shutil.rmtree(home / "profiles")
    (home / "profiles").mkdir()
    (home / "profiles" / "sleeps.yaml").write_text(PROFILE)
    with office_open(read_settings(home)) as office:
        pen = Pen(ledger=office.ledger, clock=office.clock, who="bench")
        for number in range(n):
            intake.add(intake.Wish(title=f"Sleep {number}"), office.fleet, pen)
    return home


def coordinate(home: Path, n: int) -> None:
    """Run the coordinator in this process, and say when all N containers are heard."""
    from fleet.adapters.runtimes import docker
    from fleet.bootstrap import coordinator_ready, office_open
    from fleet.cli.running import order_for
    from fleet.config import read_settings

    heard: set[str] = set()

    class Noted(docker.DockerRuntime):
        """An engine that notes whose first words came."""

        def follow(self, name: str) -> Iterator[bytes]:
            for chunk in super().follow(name):
                yield chunk
                # the chunk is on the decider's tray by now
                if name not in heard:
                    heard.add(name)
                    if len(heard) == n:
                        print("all heard", flush=True)

    docker.DockerRuntime = Noted  # type: ignore[misc]
    with office_open(read_settings(home)) as office:
        order = order_for(office)
        with coordinator_ready(office, order, what="bench", seen=unsaid, told=unsaid) as fleet:
            fleet.run()


def unsaid(*_: object) -> None:
    """Say nothing: only the figures are wanted."""


def removed(home: Path) -> None:
    """Remove every container of the home."""
    from fleet.adapters.home import read_id
    from fleet.adapters.runtimes.docker import DockerRuntime

    runtime = DockerRuntime(read_id(home))
    for container in runtime.containers():
        runtime.remove(container.name)


if __name__ == "__main__":
    main()
