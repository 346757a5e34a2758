"""Whoever reads in the README why something waits finds the very words that fleet says."""

import re

import pytest

from fleet.domain.guarding import UNCOUNTED, Disk, Machine, guards
from fleet.domain.profile import Fleet
from fleet.domain.stopping import outgrown
from tests.builders import a_fleet, an_attempt
from tests.conftest import ROOT

TABLE = (ROOT / "README.md").read_text().split("## Why does it wait?")[1].split("\n## ")[0]


def said() -> list[str]:
    """Answer all that the guards can say."""
    fleet: Fleet = a_fleet()
    full = Disk(whose="the home", path="/home", free=0)
    crowded = Disk(whose="project APP", path="/srv", free=2**60, files=0)
    machine = Machine(disks=(full, crowded), memory=0, load=1000)
    lacks = [guard.lack for guard in guards(machine, fleet)]
    grounds = [outgrown(an_attempt(), size, fleet) for size in (2**60, UNCOUNTED)]
    return [*lacks, *(ground[1] for ground in grounds if ground is not None)]


def patterns() -> list[str]:
    """Answer the reasons of the table; words in capitals and dots stand for anything."""
    reasons = (cell.split(" | ")[0] for cell in TABLE.splitlines() if cell.startswith("| `"))
    quoted = [each for cell in reasons for each in re.findall(r"`([^`]+)`", cell)]
    loose = [re.escape(each).replace(r"\.\.\.", ".+") for each in quoted]
    return [re.sub(r"(?<!\w)[A-Z]+(?!\w)", "[^()]+", each) for each in loose]


@pytest.mark.parametrize("reason", said())
def test_what_a_guard_says_stands_in_the_readme(reason: str) -> None:
    assert [each for each in patterns() if re.fullmatch(each, reason)]


def test_every_guard_says_something() -> None:
    assert len(said()) == 6
    assert all(said())
