"""The night that chaos is let loose on: a home, a repository, and tasks of every kind."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random  # noqa: TID251 - a night is given a seeded one
from typing import Any

from fleet.app.desk import Pen
from fleet.app.stations import intake
from fleet.bootstrap import office_open
from fleet.config import read_settings
from tests.chaos.stage import Part, Stage
from tests.e2e.fleets import Home
from tests.own_engine import OwnEngine
from tests.repos import a_repository, git

IMAGE = "fleet-agent:small"
_AGENT = Path(__file__).with_name("agent.py")
_FILES = {
    "scripts/check.sh": "for red in red/*; do test ! -e $red || exit 1; done\n",
    "page.txt": "".join(f"line {line}\n" for line in range(60)),
    "list.txt": "the end\n",
}
_DONE, _FAILED, _WAITS = frozenset({"done"}), frozenset({"failed"}), frozenset({"waiting"})
# what comes of each kind in the end, whatever happened to the night
ENDS = {
    "good": _DONE,
    "page": _DONE,
    "conflict": _DONE,
    "red_then_good": _DONE,
    "slow": _DONE,
    "hangs": _DONE,
    "mutes": _DONE,
    "late": _DONE,
    "swaps": _DONE,
    "crashes": _DONE,
    "red": _FAILED,
    "hopeless": _FAILED,
    "asks": _WAITS,
}
_MANY = {"good": 4, "page": 3, "conflict": 2, "red_then_good": 2, "slow": 2, "mutes": 0}
WHOLE = tuple(kind for kind in ENDS for _ in range(_MANY.get(kind, 1)))
SMALL = ("good", "red_then_good", "conflict", "conflict")
# whoever hangs or is too slow has somebody who takes over
_PROFILES = {"hangs": "hangs", "mutes": "hangs", "late": "late"}
# dollars for a million tokens: an attempt that ends by itself costs a cent, any other 5 at most
_PRICE = {"input": 10, "cached_input": 1, "output": 10}
_MONEY = {"price": _PRICE, "max_cost_usd": 0.05}
# what breaks off is the night's fault: nobody is to run out of tries by it
_PATIENT = {
    "timeout": {"max_swaps": 40, "heartbeat_lost_after": "8s"},
    "error": {"max_swaps": 40, "cooldown": "2s", "max_cooldown": "4s"},
}


@contextmanager
def night(
    folder: Path, kinds: Sequence[str], *, random: Random, own: OwnEngine | None = None
) -> Iterator[Stage]:
    """Answer a night with a task of each kind, in the order of the dice; its containers go."""
    stage = _stage(folder, random, own)
    drawn = list(kinds)
    random.shuffle(drawn)
    add(stage, drawn)
    try:
        yield stage
    finally:
        if stage.process is not None:
            stage.process.kill()
            stage.process.wait()
        left = stage.containers()
        if left:
            stage.docker("rm", "--force", *left)


def _stage(folder: Path, random: Random, own: OwnEngine | None) -> Stage:
    repository = a_repository(folder / "repository", _FILES)
    start = git(repository, "rev-parse", "HEAD")
    git(repository, "switch", "--quiet", "--detach")
    home = Home(folder / "disk" / "home", repository, image=IMAGE)
    # a small file system may be mounted there before
    home.folder.parent.mkdir(exist_ok=True)
    home.made()
    accounts = [_account("ada-1"), _account("bob-1")]
    home.configure(accounts=accounts, swap=_PATIENT, limits=_ROOM)
    _profiles(home)
    given: dict[str, Any] = {"own": own, "engine": own.url} if own else {}
    variables = {"DOCKER_HOST": own.url} if own else {}
    return Stage(
        folder=folder,
        repository=repository,
        home=home,
        random=random,
        start=start,
        variables=variables,
        **given,
    )


# a machine where a night of chaos is played is busy, and who adds tasks until each step has failed
# needs more swaps than any real night
_ROOM = {
    "parallel": 6,
    "night_swaps": 10_000,
    "disk_free_gb": 0.01,
    "memory_free_gb": 0.01,
    "load_per_core": 1000,
}


def _account(name: str) -> dict[str, Any]:
    owner = name.partition("-")[0]
    return {"name": name, "owner": owner, "agent": "command", "daily_budget_usd": 1000}


def _profiles(home: Home) -> None:
    text = _AGENT.read_text()
    small: dict[str, Any] = {"limits": {"cpus": 2, "memory": "256m", "pids": 64}, **_MONEY}
    home.agent("plays", text, **small)
    second = {"command": ["python3", "/opt/second.py", "second"], "roles": ["helper"]}
    home.agent("second", text, **small, **second)
    home.agent("hangs", text, **small, stall_after="6s", fallback=["second"])
    home.agent("late", text, **small, attempt_timeout="5s", fallback=["second"])


def add(stage: Stage, kinds: Sequence[str]) -> None:
    """Add the tasks in this process: starting one for each would take longer than the night."""
    with office_open(read_settings(stage.home.folder)) as office:
        pen = Pen(ledger=office.ledger, clock=office.clock, who="chaos")
        for place, kind in enumerate(kinds):
            wish = intake.Wish(
                title=f"{kind} {place}",
                goal=json.dumps({"kind": kind, "place": place % 9}),
                profile=_PROFILES.get(kind, "plays"),
                max_retries=1 if kind == "red" else 3,
            )
            key = intake.add(wish, office.fleet, pen).key
            stage.parts[key] = Part(kind=kind, ends=ENDS[kind])
