"""What the runner adds to a CLI's start: from the container's start to the first model request.

Two ways in turn, each in a fresh container of the same image with the same hardening: through the
runner; and by hand, the same argv, environment and files without it. Repeat with:

    python bench/agent_start.py --json
"""

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Event

import docker

from fleet.ports import ContainerRuntime, ContainerSpec, Mount
from fleet_agent.clis import REGISTRY
from fleet_agent.clis.model import Ask, Invocation, RoundPlaces
from fleet_agent.packet import read_packet
from fleet_agent.prompts import first_prompt, system_of
from tests.containers import a_home
from tests.matrix.stage import IMAGE, KEY, Part, container_of, laid_out
from tests.matrix.subjects import SUBJECTS, Subject
from tests.model_server.running import Models, model_server

HOME = Path("/home/agent")
# fills the home like the runner does, then becomes the CLI
BY_HAND = 'cp -r /by-hand/. "$HOME" && exec "$@" </dev/null'
LONGEST = 60.0

Start = Callable[[Part, str, Path], ContainerSpec]


@dataclass(frozen=True)
class Bench:
    """What all samples share."""

    runtime: ContainerRuntime
    home8: str
    models: Models
    engine: docker.DockerClient
    folder: Path
    image: str


def main() -> None:
    """Measure every CLI; times are medians in seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=7)
    parser.add_argument("--cli", action="append")
    parser.add_argument("--image", default=IMAGE)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with bench_set_up(asked.image) as bench:
        chosen = [one for one in SUBJECTS if not asked.cli or one.name in asked.cli]
        found = {one.name: measured(bench, one, n=asked.n) for one in chosen}
    if asked.json:
        print(json.dumps(found))
        return
    for name, figures in found.items():
        print(name, "  ".join(f"{key}={value}" for key, value in figures.items()))


@contextmanager
def bench_set_up(image: str) -> Iterator[Bench]:
    """Hold a home of its own, a model server and an empty folder."""
    with (
        a_home() as (runtime, home8),
        model_server() as models,
        closing(docker.from_env()) as engine,
        tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder,
    ):
        yield Bench(runtime, home8, models, engine, Path(folder), image)


def measured(bench: Bench, subject: Subject, *, n: int) -> dict[str, float]:
    """Measure n times in turn, so that a noisy moment meets all ways alike."""
    ways: dict[str, Start] = {"runner": by_runner, "same": by_hand}
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(n):
        for way, start in ways.items():
            taken[way].append(sample(bench, subject, name=f"{way}-{number}", start=start))
    runner, same = (statistics.median(taken[way]) for way in ways)
    return {
        "n": n,
        "runner_s": round(runner, 2),
        "by_hand_s": round(same, 2),
        "ratio": round(runner / same, 2),
    }


def sample(bench: Bench, subject: Subject, *, name: str, start: Start) -> float:
    """Start one container and answer the seconds to its first request of a model."""
    mark = f"{subject.name}-{name}"
    part = Part(
        agent=subject.name,
        model=subject.model,
        base_url=f"{bench.models.url('ok')}/{mark}{subject.root}",
        network=bench.models.network,
        image=bench.image,
    )
    container = f"fleet-{mark}-{bench.home8}"
    bench.runtime.start(start(part, container, bench.folder / mark))
    try:
        asked = first_request(bench.models, mark)
        began = bench.engine.containers.get(container).attrs["State"]["StartedAt"]
    finally:
        bench.runtime.remove(container)
    return asked - datetime.fromisoformat(began).timestamp()


def first_request(models: Models, mark: str) -> float:
    """Wait for the first request whose path holds the mark; answer when it came."""
    for _ in range(int(LONGEST / 0.1)):
        for line in models.requests():
            if f"/{mark}/" in line["path"]:
                return float(line["at"])
        Event().wait(0.1)
    raise SystemExit(f"{mark} asked no model within {LONGEST:g} s")


def by_runner(part: Part, name: str, folder: Path) -> ContainerSpec:
    """Answer the container as the coordinator starts it."""
    return container_of(part, name=name, mounts=laid_out(folder, part))


def by_hand(part: Part, name: str, folder: Path) -> ContainerSpec:
    """Answer the same container with the CLI in the place of the runner."""
    mounts = laid_out(folder, part)
    invocation = REGISTRY[part.agent].invocation(_ask(folder))
    files = folder / "by-hand"
    _written(files, invocation)
    spec = container_of(part, name=name, mounts=mounts)
    return replace(
        spec,
        entrypoint=("sh", "-c", BY_HAND, "sh"),
        command=invocation.argv,
        mounts=(*mounts, Mount(source=str(files), target="/by-hand")),
        environment={**spec.environment, **invocation.environment},
    )


def _ask(folder: Path) -> Ask:
    packet = read_packet(folder / "packet.json")
    return Ask(
        packet=packet,
        prompt=first_prompt(packet),
        system=system_of(packet),
        session=None,
        places=RoundPlaces(*(HOME / name for name in ("packet", "result", "socket"))),
        home=HOME,
        secrets={"api_key": KEY},
        withheld=frozenset(),
        mcp=("fleet-agent", "mcp"),
    )


def _written(folder: Path, invocation: Invocation) -> None:
    folder.mkdir()
    for path, text in invocation.files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    for place in (folder, *folder.rglob("*")):
        place.chmod(0o755 if place.is_dir() else 0o644)


if __name__ == "__main__":
    main()
