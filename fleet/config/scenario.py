"""The file that `fleet simulate` plays, read as one scenario, or refused with every mistake."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fleet.config.chains import chained
from fleet.config.document import Document, Location
from fleet.config.fleet_entry import FleetEntry
from fleet.config.parse import Parsed, parse
from fleet.config.problems import Problem, nearest, refuse
from fleet.config.profile_entry import ProfileEntry
from fleet.config.simulation_entry import (
    BehaviourEntry,
    SimulatedProject,
    SimulatedTasks,
    SimulationEntry,
)
from fleet.config.translate import fleet_of
from fleet.domain.agent import AGENTS
from fleet.domain.profile import LOCAL, Project
from fleet.domain.result import Check
from fleet.domain.scenario import Batch, Behaviour, Scenario, Span
from fleet.domain.task import Priority, Review


def load_scenario(path: Path) -> Scenario:
    """Read the file; raises ConfigError with file and line of every mistake."""
    problems: list[Problem] = []
    parsed = parse(path, SimulationEntry, problems)
    if parsed is not None:
        problems.extend(_crossed(parsed))
    refuse(problems)
    # parse answers None only after adding a problem, and refuse has let none pass
    assert parsed is not None
    return scenario_of(parsed.entry, path.parent)


def _crossed(parsed: Parsed[SimulationEntry]) -> Iterator[Problem]:
    """Find names that stand twice, or lead nowhere."""
    entry = parsed.entry
    yield from _twice(parsed, "projects", (each.key for each in entry.projects))
    yield from _twice(parsed, "accounts", (each.name for each in entry.accounts))
    yield from _twice(parsed, "profiles", (each.name for each in entry.profiles))
    yield from _agents(parsed)
    yield from _named(parsed)
    profiles = {each.name: _profile(parsed, number) for number, each in enumerate(entry.profiles)}
    yield from chained(Parsed(_fleet_entry(entry), parsed.document), profiles)


def _twice(parsed: Parsed[SimulationEntry], where: str, names: Iterable[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, name in enumerate(names):
        if name in seen:
            yield parsed.problem((where, number), f"{name!r} stands twice in {where}")
        seen.add(name)


def _agents(parsed: Parsed[SimulationEntry]) -> Iterator[Problem]:
    entry = parsed.entry
    named = [(("accounts", n, "agent"), each.agent) for n, each in enumerate(entry.accounts)]
    named += [(("profiles", n, "agent"), each.agent) for n, each in enumerate(entry.profiles)]
    for where, agent in named:
        if agent not in AGENTS:
            yield parsed.problem(where, f"unknown agent {agent!r}{nearest(agent, AGENTS)}")


def _named(parsed: Parsed[SimulationEntry]) -> Iterator[Problem]:
    entry = parsed.entry
    projects = {each.key for each in entry.projects}
    profiles = {each.name for each in entry.profiles}
    accounts = {LOCAL.name, *(each.name for each in entry.accounts)}
    roles = {role for each in entry.profiles for role in each.roles}
    known = {"project": projects, "role": roles, "profile": profiles, "account": accounts}
    for part, items in (("tasks", entry.tasks), ("behaviours", entry.behaviours)):
        for number, item in enumerate(items):
            for key in sorted(known.keys() & type(item).model_fields.keys()):
                name, where = getattr(item, key), (part, number, key)
                if name is not None and name not in known[key]:
                    text = f"unknown {key} {name!r}{nearest(name, known[key])}"
                    yield parsed.problem(where, text)


def _profile(parsed: Parsed[SimulationEntry], number: int) -> Parsed[ProfileEntry]:
    """Answer a profile as if it stood in a file of its own, at the lines where it stands."""
    document, here = parsed.document, ("profiles", number)
    lines: dict[Location, int] = {
        where[len(here) :]: line for where, line in document.lines.items() if where[:2] == here
    }
    own = Document(path=document.path, value=None, lines=lines)
    return Parsed(parsed.entry.profiles[number], own)


def _fleet_entry(entry: SimulationEntry) -> FleetEntry:
    return FleetEntry(
        limits=entry.limits, accounts=entry.accounts, swap=entry.swap, timezone=entry.timezone
    )


def scenario_of(entry: SimulationEntry, folder: Path) -> Scenario:
    """Turn the entry into the value."""
    profiles = {each.name: each for each in entry.profiles}
    fleet = fleet_of(_fleet_entry(entry), profiles, folder)
    projects = {each.key: _project(each) for each in entry.projects}
    starts = datetime.fromisoformat(entry.starts).replace(tzinfo=fleet.timezone)
    return Scenario(
        fleet=replace(fleet, projects=projects),
        starts=starts.astimezone(UTC),
        lasts=timedelta(hours=entry.hours),
        batches=tuple(map(_batch, entry.tasks)),
        behaviours=tuple(map(_behaviour, (*entry.behaviours, BehaviourEntry()))),
        checks=_span(entry.checks_take),
    )


def _project(entry: SimulatedProject) -> Project:
    """Answer a project whose checks nobody runs and whose merges nobody has to approve."""
    return Project(
        key=entry.key,
        path="",
        target="main",
        checks=(Check(name="check", command=("true",)),),
        review=Review.AUTO,
        max_retries=entry.max_retries,
        daily_budget_micros=entry.daily_budget_usd,
        weight=entry.weight,
    )


def _batch(entry: SimulatedTasks) -> Batch:
    mixed = entry.priorities
    return Batch(
        project=entry.project,
        count=entry.count,
        role=entry.role,
        profile=entry.profile,
        priorities={each: getattr(mixed, each.value) for each in Priority},
        budget_micros=entry.budget_usd,
    )


def _behaviour(entry: BehaviourEntry) -> Behaviour:
    return Behaviour(
        profile=entry.profile,
        account=entry.account,
        seconds=_span(entry.takes),
        micros=_span(entry.costs_usd),
        resets=_span(entry.resets_after),
        call_every=entry.call_every,
        troubles=entry.troubles.shares(),
        red=entry.red,
    )


def _span(pair: tuple[float, float]) -> Span:
    return Span(least=pair[0], most=pair[1])
