"""The driver: one life of the coordinator after the other, each ended or troubled as drawn."""

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random  # noqa: TID251 - a night is given a seeded one

from fleet.adapters.failpoints import ARMED_BY
from tests.chaos.stage import Fault, Stage
from tests.e2e.fleets import FLEET

LAST = 600.0  # seconds that the life may take which nothing happens to
_RUN = ("run", "--json", "--parallel", "6")
_KILLED = -signal.SIGKILL
# what a life may end with; 3 would be a bug of fleet's
_WELL = frozenset({0, 1, _KILLED})
_INSTANT, _POINT = "coordinator killed at an instant", "coordinator killed at a point"
_FAILED, _SLOW = "a step said to have failed", "a step that takes long"
# how often each is drawn, and at which passing of its point
_WAYS = {_INSTANT: 3, _POINT: 6, _FAILED: 4, _SLOW: 1}
_BLOWS = {_POINT: "kill", _FAILED: "fail", _SLOW: "slow"}
_PASSINGS = (1, 1, 1, 2, 3, 5)
_LIVES = (3, 6)
_TROUBLED = 0.5


@dataclass(frozen=True, kw_only=True)
class Life:
    """One life: how it is struck, where (a failpoint), and when it is killed at the latest.

    `begins` and `lasts` are seconds: when a fault begins after the start, and for how long.
    """

    way: str
    points: str
    kill_after: float
    fault: Fault | None
    begins: float
    lasts: float

    @property
    def trouble(self) -> str:
        """Answer the name of its fault, "" where it has none."""
        return self.fault.name if self.fault else ""

    @property
    def words(self) -> str:
        """Say in a line what is done to it."""
        fault = f", {self.trouble} after {self.begins:.1f} s" if self.fault else ""
        return f"{self.points or self.way}, killed after {self.kill_after:.1f} s{fault}"


def drawn(random: Random, points: Sequence[str], faults: Sequence[Fault]) -> list[Life]:
    """Draw the lives of a night; the same dice draw the same."""
    ways = random.choices(tuple(_WAYS), tuple(_WAYS.values()), k=random.randint(*_LIVES))
    return [_life(way, random, points, faults) for way in ways]


def _life(way: str, random: Random, points: Sequence[str], faults: Sequence[Fault]) -> Life:
    # every number is drawn whether it is used or not: the next life's do not depend on it
    token, troubled, passing = random.random(), random.random(), random.choice(_PASSINGS)
    instant, begins, lasts = random.uniform(2, 14), random.uniform(1, 6), random.uniform(1, 8)
    point = _chosen(token, points)
    fault = _chosen(token, [fault.name for fault in faults])
    return Life(
        way=way,
        points=f"{point}={_BLOWS[way]}@{passing}" if way in _BLOWS and point else "",
        kill_after=instant + (10 if way in _BLOWS else 0),
        fault=next((f for f in faults if f.name == fault and troubled < _TROUBLED), None),
        begins=begins,
        lasts=lasts,
    )


def _chosen(token: float, names: Sequence[str]) -> str | None:
    """Choose one so that a name more or less among them changes hardly any other choice."""
    return max(names, key=lambda name: sha256(f"{token}{name}".encode()).digest(), default=None)


def live(stage: Stage, life: Life) -> list[str]:
    """Let it live and be struck; answer what is wrong with how it ended."""
    fault = life.fault
    if fault is not None and (why := fault.able(stage)):
        stage.note(f"{fault.name} cannot be played: {why}")
        fault = None
    stage.note(life.words)
    deeds: list[tuple[float, Callable[[], object]]] = []
    if fault is not None:
        if fault.during:
            deeds.append((life.begins, lambda: fault.begin(stage)))
            deeds.append((life.begins + life.lasts, lambda: fault.end(stage)))
        else:
            fault.begin(stage)
    try:
        process = started(stage, {ARMED_BY: life.points})
        deeds.append((life.kill_after, process.kill))
        _act(process, deeds)
    finally:
        if fault is not None:
            fault.end(stage)
    return ended(stage, process.returncode)


def _act(
    process: "subprocess.Popen[str]", deeds: Sequence[tuple[float, Callable[[], object]]]
) -> None:
    """Do each deed at its second of the life, until the life is over."""
    began = time.monotonic()
    for at, deed in sorted(deeds, key=lambda one: one[0]):
        try:
            process.wait(max(0.0, began + at - time.monotonic()))
        except subprocess.TimeoutExpired:
            deed()
        else:
            return
    process.wait()


def finish(stage: Stage, **variables: str) -> list[str]:
    """Let it live without any fault until nothing moves any more; answer what is wrong."""
    stage.note("the last life")
    process = started(stage, variables)
    try:
        process.wait(LAST)
    except subprocess.TimeoutExpired:
        # it writes down where each of its threads stands
        process.send_signal(signal.SIGABRT)
        process.wait()
        return [f"the last life did not come to its end within {LAST:.0f} s: see {_last(stage)}"]
    return ended(stage, process.returncode)


def started(stage: Stage, variables: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start a life; what it says goes to files of its own."""
    given = {**stage.variables, "PYTHONFAULTHANDLER": "1", **variables}
    command = ["env", *(f"{name}={value}" for name, value in given.items())]
    command += [str(FLEET), *words(stage)]
    files = said(stage)
    with files[0].open("w") as out, files[1].open("w") as err:
        stage.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, text=True
        )
    return stage.process


def words(stage: Stage) -> Sequence[str]:
    """Answer the arguments of each life."""
    return ("--home", str(stage.home.folder), *_RUN)


def said(stage: Stage) -> tuple[Path, Path]:
    """Answer the files for what the next life says, and for its complaints."""
    lives = stage.folder / "lives"
    lives.mkdir(exist_ok=True)
    number = len(list(lives.glob("*.out"))) + 1
    return lives / f"{number:03}.out", lives / f"{number:03}.err"


def ended(stage: Stage, code: int) -> list[str]:
    """Answer what is wrong with how a life ended."""
    stage.process = None
    stage.note(f"ended with {code}")
    return [] if code in _WELL else [f"a life ended with {code}: see {_last(stage)}"]


def _last(stage: Stage) -> str:
    return str(max((stage.folder / "lives").glob("*.err")))
