"""The stage of a night of chaos: what the driver, the faults and the checker share."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from random import Random  # noqa: TID251 - a night is given a seeded one
from typing import Protocol

from tests.e2e.fleets import Home
from tests.own_engine import OwnEngine


@dataclass(frozen=True, kw_only=True)
class Part:
    """How a task's agents behave (the play `kind` in agent.py), and what has to come of it.

    In the end its status is one of `ends`; where that is `done` it was merged. Where none of them
    is `done`, no marker of it may stand on the target.
    """

    kind: str
    ends: frozenset[str] = frozenset({"done"})


@dataclass(kw_only=True)
class Stage:
    """A home, its repository and its engine, with all that a fault may lay hands on.

    `folder` holds everything of the night and stays where something was broken. `disk` is the
    folder that holds nothing but the home: a small file system may be mounted there before.
    `engine` is the engine's own address, as outsiders ask it; fleet is started with what
    `variables` say, so that a fault may put a proxy of its own between the two (DOCKER_HOST).
    `own` is the engine itself where it is the night's own, None where it is the user's and not to
    be meddled with. `process` is the life of the coordinator under way, None between two lives.
    `parts` are the tasks of the night by their keys. `start` is the target's first commit.
    """

    folder: Path
    repository: Path
    home: Home
    random: Random
    engine: str = "unix:///var/run/docker.sock"
    own: OwnEngine | None = None
    variables: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[str] | None" = None
    parts: dict[str, Part] = field(default_factory=dict)
    start: str = ""
    diary: list[str] = field(default_factory=list)

    @property
    def disk(self) -> Path:
        """Answer the folder that holds the home and nothing else."""
        return self.home.folder.parent

    def note(self, text: str) -> None:
        """Write down what was done to the night, for whoever reads the folder of a failed seed."""
        self.diary.append(text)
        with (self.folder / "diary.txt").open("a") as file:
            file.write(f"{text}\n")

    def docker(self, *words: str, timeout: float = 60) -> str:
        """Ask the engine itself, beside fleet and beside any proxy."""
        done = subprocess.run(
            ["docker", "--host", self.engine, *words],
            check=True,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        return done.stdout.strip()

    def containers(self, *, running: bool = False) -> list[str]:
        """Answer the names of this home's containers, all of them or those that run."""
        label = f"label=fleet.home={self.home.home8}"
        every = () if running else ("--all",)
        return self.docker("ps", *every, "--filter", label, "--format", "{{.Names}}").split()


class Fault(Protocol):
    """Something that goes wrong for a while.

    `during` ones begin while a life of the coordinator is under way, and end before it does or
    after it; the others stand before a life begins (a proxy, a full disk) and end after it. A
    fault draws only from the stage's dice, and leaves nothing behind when it has ended.
    """

    name: str
    during: bool

    def able(self, stage: Stage) -> str:
        """Answer why it cannot be played on this stage, "" where it can."""
        ...

    def begin(self, stage: Stage) -> None:
        """Let it happen; where there is nothing to happen to (no container), do nothing."""
        ...

    def end(self, stage: Stage) -> None:
        """Let it be over; fine when it never began."""
        ...
