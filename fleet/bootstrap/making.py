"""What is made from nothing: a home, and a night with a virtual clock."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fleet.adapters.system import SystemIds
from fleet.bootstrap.office import office_open, worktrees
from fleet.config import read_settings, scaffold_home
from fleet.domain.errors import ConfigError
from fleet.domain.scenario import Scenario


def home_made(
    directory: Path, projects: Sequence[tuple[str, Path, str | None]], *, take_over: bool
) -> Iterator[str]:
    """Make a home and claim its repositories; yield a line for each thing that was done.

    Raises ConfigError before anything is made, WorkspaceError for a repository that cannot be
    worked on or that another home has claimed (`take_over` claims it all the same).
    """
    for path in scaffold_home(directory, projects, home8=SystemIds().token()[:8]):
        yield f"made {path}"
    with office_open(read_settings(directory)) as office:
        git = worktrees(office)
        for key, path, _ in projects:
            stands = office.fleet.projects[key].path
            # the file is the owner's: a home that stands already is not changed by a command
            if stands != str(path.expanduser().resolve()):
                raise ConfigError(
                    f"{directory / 'fleet.yaml'} has project {key} at {stands}",
                    remedy="change its path there by hand",
                )
        for project in office.fleet.projects.values():
            if take_over:
                git.take_over(project)
            tip = git.validate(project)
            for name in project.check_files:
                if not git.has_file(project, tip, name):
                    yield f"{project.key}: edit {name} and commit it to {project.target}"


def simulated(scenario: Scenario, *, seed: int) -> dict[str, Any]:
    """Play a night with a virtual clock and answer its outcome; a seed always gives the same."""
    from random import Random  # noqa: TID251 - whoever throws the dice is given them

    from fleet.adapters.memory import ManualClock, MemoryLedger
    from fleet.app.simulation.night import Night
    from fleet.app.simulation.outcome import outcome

    clock = ManualClock(scenario.starts)
    ledger = MemoryLedger(clock=clock)
    dice = Random(seed)  # noqa: S311 - chance, no secret
    night = Night(scenario, ledger, clock=clock, dice=dice)
    night.play()
    return outcome(scenario, night, ledger)
