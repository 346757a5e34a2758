"""A night of the soak: a home, its tasks, and `fleet run` that is killed now and then."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random  # noqa: TID251 - a soak is given a seeded one
from typing import Any

from fleet.app.desk import Pen
from fleet.app.stations import intake
from fleet.bootstrap import office_open
from fleet.config import read_settings
from tests.e2e.fleets import Home
from tests.soak.kinds import Lot
from tests.soak.project import a_project

IMAGE = "fleet-agent:small"
_AGENT = Path(__file__).with_name("agent.py")
COST_USD = 0.01  # what every attempt says that it cost
_LONGEST = 3600  # seconds of the last life


@dataclass
class Night:
    """Where it is played; `lots` are its tasks by their keys."""

    folder: Path
    home: Home = field(init=False)
    start: str = field(init=False)
    lots: dict[str, Lot] = field(default_factory=dict)
    kills: int = 0

    def __post_init__(self) -> None:
        self.repository = self.folder / "repository"
        self.canary, self.sang = self.folder / "canary", self.folder / "sang"
        self.canary.write_text(f'#!/bin/sh\necho "$0 $*" >> {self.sang}\n')
        self.canary.chmod(0o755)
        self.start = a_project(self.repository)
        self.home = Home(self.folder / "home", self.repository, image=IMAGE).made()
        self.home.configure(swap={"timeout": {"max_swaps": 0}, "error": {"max_swaps": 0}})
        for name, keys in {"plays": {}, "short": {"attempt_timeout": "3s"}}.items():
            limits = {"cpus": 2, "memory": "256m", "pids": 64}
            self.home.agent(name, _AGENT.read_text(), limits=limits, **keys)

    def add(self, lots: Sequence[Lot]) -> None:
        """Add the tasks in this process: starting one for each would take longer than the night."""
        with office_open(read_settings(self.home.folder)) as office:
            pen = Pen(ledger=office.ledger, clock=office.clock, who="soak")
            for lot in lots:
                wish = intake.Wish(
                    title=lot.title,
                    goal=json.dumps(self._play(lot)),
                    profile=lot.kind.profile,
                    max_retries=lot.kind.retries,
                )
                self.lots[intake.add(wish, office.fleet, pen).key] = lot

    def _play(self, lot: Lot) -> dict[str, Any]:
        fields = {"kind": lot.kind.name, "group": lot.group}
        return {**fields, "canary": str(self.canary), "cost_usd": COST_USD}

    def play(self, random: Random, *, kills: int, parallel: int) -> None:
        """Run until nothing moves any more; before that kill the coordinator so many times."""
        words = ("run", "--json", "--parallel", str(parallel))
        longest = max(4.0, 0.8 * len(self.lots) / (kills + 1))
        for _ in range(kills):
            process = self.home.start(*words)
            try:
                process.communicate(timeout=random.uniform(2, longest))
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                self.kills += 1
        done = self.home.run(*words, timeout=_LONGEST)
        assert done.code in {0, 1}, done.err
