"""What fleet costs beside its containers: N no-op tasks, all merged, against a floor.

The floor is 2 N containers (one agent, one check a task) with the same flags, started straight by
the Docker SDK at the same parallelism, in the same run. The plain floor is the same but for one
flag: with the network `none` as an engine makes it, which is what somebody would start who is not
fleet, and what fleet itself did before. Repeat with:

    python bench/overhead.py --n 40 --parallel 8 --json
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean

import docker
from docker.utils import kwargs_from_env

from fleet.adapters.runtimes.hardening import container_config
from fleet.domain.limits import Limits
from fleet.ports import ContainerSpec, Mount

FILES = 200
IMAGE = "fleet-agent:small"
# no interpreter to start: what is measured is fleet, not its agent
AGENT = r"""key=$(sed -n 's/.*"task_id": *"\([A-Z0-9-]*\)".*/\1/p' "$FLEET_PACKET")
echo "$key" > "$key.txt"
"""
FLEET_YAML = """projects:
  - key: BENCH
    path: {repository}
    target: main
    check: ["sh", "scripts/check.sh"]
    image: {image}
    review: auto
limits: {{parallel: {parallel}, disk_free_gb: 0.1, memory_free_gb: 0.1, load_per_core: 1000}}
"""
PROFILE = """name: noop
agent: command
roles: [developer]
command: [sh, /opt/bench/agent.sh]
files: ["{agent}:/opt/bench/agent.sh"]
limits: {{cpus: 2, memory: 256m, pids: 64}}
"""


def main() -> None:
    """Measure once and print a line, or with --json one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=10)
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--coordinate", metavar="HOME", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.coordinate:
        coordinate(Path(arguments.coordinate))
        return
    found = measure(arguments.n, arguments.parallel)
    if arguments.json:
        print(json.dumps(found))
    else:
        print("  ".join(f"{name}={value}" for name, value in found.items()))


def measure(n: int, parallel: int) -> dict[str, float]:
    """Run fleet, and each floor before and after it; times in seconds, memory in MiB."""
    folder = Path(tempfile.mkdtemp(prefix="fleet-bench-"))
    try:
        home = prepared(folder, n=n, parallel=parallel)
        floors = [floors_of(folder, n=n, parallel=parallel)]
        began = time.monotonic()
        command = [sys.executable, __file__, "--coordinate", str(home)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        whole = time.monotonic() - began
        told = json.loads(done.stdout.splitlines()[-1])
        floors.append(floors_of(folder, n=n, parallel=parallel))
    finally:
        shutil.rmtree(folder)
    floor_s, plain_s = (mean(each) for each in zip(*floors, strict=True))
    return {
        "n": n,
        "parallel": parallel,
        "merged": told["merged"],
        "wall_s": round(told["wall_s"], 2),
        "process_s": round(whole, 2),
        "floor_s": round(floor_s, 2),
        "ratio": round(told["wall_s"] / floor_s, 2),
        "plain_floor_s": round(plain_s, 2),
        "plain_ratio": round(told["wall_s"] / plain_s, 2),
        "cpu_s": round(told["cpu_s"], 2),
        "git_cpu_s": round(told["git_cpu_s"], 2),
        "rss_mb": round(told["rss_mb"], 1),
    }


def prepared(folder: Path, *, n: int, parallel: int) -> Path:
    """Make a repository of 200 files, a home on it and N tasks; answer the home."""
    repository, home = folder / "repository", folder / "home"
    (repository / "scripts").mkdir(parents=True)
    (repository / "scripts" / "check.sh").write_text("test -f scripts/check.sh\n")
    for number in range(FILES - 1):
        (repository / f"file{number}.txt").write_text(f"{number}\n" * 20)
    git = ["git", "-C", str(repository), "-c", "user.name=bench", "-c", "user.email=b@localhost"]
    for step in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "start"]):
        subprocess.run([*git, *step], check=True)
    subprocess.run([*git, "switch", "-q", "--detach"], check=True)
    (folder / "agent.sh").write_text(AGENT)
    fleet(None, "init", str(home), "--project", f"BENCH={repository}:main")
    text = FLEET_YAML.format(repository=repository, image=IMAGE, parallel=parallel)
    (home / "fleet.yaml").write_text(text)
    shutil.rmtree(home / "profiles")
    (home / "profiles").mkdir()
    profile = PROFILE.format(agent=folder / "agent.sh")
    (home / "profiles" / "noop.yaml").write_text(profile)
    added(home, n)
    return home


def added(home: Path, n: int) -> None:
    """Add N tasks in one process: starting one for each would take longer than the bench."""
    from fleet.app.desk import Pen
    from fleet.app.stations import intake
    from fleet.bootstrap import office_open
    from fleet.config import read_settings

    with office_open(read_settings(home)) as office:
        pen = Pen(ledger=office.ledger, clock=office.clock, who="bench")
        for number in range(n):
            intake.add(intake.Wish(title=f"No-op {number}"), office.fleet, pen)


def fleet(home: Path | None, *words: str) -> None:
    """Run the fleet command."""
    place = ["--home", str(home)] if home else []
    script = Path(sys.executable).with_name("fleet")
    subprocess.run([str(script), *place, *words], check=True, stdout=subprocess.DEVNULL)


def unsaid(*_: object) -> None:
    """Say nothing: only the figures are wanted."""


def coordinate(home: Path) -> None:
    """Run the coordinator in this process and print what it used."""
    from fleet.bootstrap import coordinator_ready, office_open
    from fleet.cli.running import order_for
    from fleet.config import read_settings

    began = time.monotonic()
    with office_open(read_settings(home)) as office:
        order = order_for(office)
        with coordinator_ready(office, order, what="bench", seen=unsaid, told=unsaid) as fleet_:
            fleet_.run()
        wall = time.monotonic() - began
        merged = sum(1 for pull in office.ledger.pull_requests() if pull.merged_sha)
    used = resource.getrusage(resource.RUSAGE_SELF)
    git = resource.getrusage(resource.RUSAGE_CHILDREN)
    document = {
        "merged": merged,
        "wall_s": wall,
        "cpu_s": used.ru_utime + used.ru_stime,
        "git_cpu_s": git.ru_utime + git.ru_stime,
        "rss_mb": used.ru_maxrss / 1024,
    }
    print(json.dumps(document), flush=True)


def floors_of(folder: Path, *, n: int, parallel: int) -> tuple[float, float]:
    """Answer the seconds of the floor, and of the plain one."""
    return (
        floor(folder, n=n, parallel=parallel, network_disabled=True),
        floor(folder, n=n, parallel=parallel, network_disabled=False),
    )


def floor(folder: Path, *, n: int, parallel: int, network_disabled: bool) -> float:
    """Answer the seconds that 2 N bare containers take: N no-ops, and N checks."""
    tree = folder / "floor"
    shutil.copytree(folder / "repository", tree, dirs_exist_ok=True)
    began = time.monotonic()
    with ThreadPoolExecutor(parallel) as pool:
        disabled = {"NetworkDisabled": network_disabled}
        list(pool.map(lambda number: pair(tree, number, disabled), range(n)))
    return time.monotonic() - began


def pair(tree: Path, number: int, flags: dict[str, bool]) -> None:
    """Run one no-op container, then one check container, with these flags and fleet's others."""
    for name, words in (("agent", ("true",)), ("check", ("sh", "scripts/check.sh"))):
        spec = ContainerSpec(
            name=f"fleet-bench-{os.getpid()}-{number}-{name}",
            image=IMAGE,
            entrypoint=words[:1],
            command=words[1:],
            uid=os.getuid(),
            gid=os.getgid(),
            limits=Limits(memory_bytes=256 * 1024**2, pids=64),
            mounts=(Mount(source=str(tree), target="/workspace", writable=True),),
        )
        client = docker.APIClient(version="1.41", **kwargs_from_env())
        config = container_config(spec, "0" * 8) | flags
        client.create_container_from_config(config, name=spec.name)
        client.start(spec.name)
        client.wait(spec.name)
        client.remove_container(spec.name, v=True, force=True)
        client.close()


if __name__ == "__main__":
    main()
