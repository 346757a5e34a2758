"""Scenarios for tests of the simulation, and nights played from them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random  # noqa: TID251 - whoever throws the dice is given them
from typing import Any

from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.app.simulation.night import Night
from fleet.domain.profile import Fleet
from fleet.domain.scenario import Batch, Behaviour, Scenario, Span
from fleet.domain.task import Priority, Review
from tests.builders import a_fleet, a_profile, a_project, an_account

EVENING = datetime(2026, 3, 14, 20, tzinfo=UTC)
DOLLAR = 1_000_000


def a_pool(*accounts, **fields: Any) -> Fleet:
    """Answer a fleet with a profile for claude, which may cost a dollar, and those accounts."""
    known = accounts or (a_claude(),)
    defaults: dict[str, Any] = {
        "projects": {"APP": a_project(review=Review.AUTO)},
        "profiles": {"dev": a_developer()},
        "accounts": {account.name: account for account in known},
        "parallel": 8,
    }
    return a_fleet(**(defaults | fields))


def a_claude(name: str = "alice", **fields: Any):
    """Answer a metered account without limits."""
    return an_account(name, **({"agent": "claude", "unmetered": False} | fields))


def a_developer(name: str = "dev", **fields: Any):
    """Answer a profile that may cost a dollar."""
    defaults: dict[str, Any] = {"agent": "claude", "command": (), "max_cost_micros": DOLLAR}
    return a_profile(name, **(defaults | fields))


def dice_of(seed: int = 1) -> Random:
    """Answer dice that always fall alike."""
    return Random(seed)


def a_behaviour(**fields: Any) -> Behaviour:
    """Answer agents that take ten minutes and half a dollar, in ten calls."""
    defaults: dict[str, Any] = {
        "seconds": Span(least=600, most=600),
        "micros": Span(least=DOLLAR // 2, most=DOLLAR // 2),
        "resets": Span(least=1200, most=1200),
        "call_every": 60.0,
    }
    return Behaviour(**(defaults | fields))


def a_scenario(*behaviours: Behaviour, count: int = 1, **fields: Any) -> Scenario:
    """Answer a night of four hours with so many tasks."""
    batch = Batch(project="APP", count=count, role="developer", priorities={Priority.NORMAL: 1})
    defaults: dict[str, Any] = {
        "fleet": a_pool(),
        "starts": EVENING,
        "lasts": timedelta(hours=4),
        "batches": (batch,),
        "behaviours": (*behaviours, a_behaviour()),
        "checks": Span(least=30, most=60),
    }
    return Scenario(**(defaults | fields))


@dataclass
class Played:
    """A night that is over."""

    night: Night
    ledger: MemoryLedger

    @property
    def merged(self) -> int:
        return sum(task.resolution == "merged" for task in self.ledger.tasks())


def played(scenario: Scenario, *, seed: int = 1) -> Played:
    """Play a night; it must keep its promises."""
    clock = ManualClock(scenario.starts)
    ledger = MemoryLedger(clock=clock)
    night = Night(scenario, ledger, clock=clock, dice=dice_of(seed))
    night.play()
    assert night.books.violations == []
    return Played(night, ledger)
