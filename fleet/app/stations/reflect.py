"""Reflect: what recurs becomes an ordinary task whose pull request a person reviews."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fleet.app.desk import Pen
from fleet.app.stations.intake import next_number, numbered
from fleet.domain.binding import REFLECTION
from fleet.domain.digest import Digest, digest
from fleet.domain.errors import ConfigError
from fleet.domain.profile import LOCAL, Fleet, Profile
from fleet.domain.reflecting import Record, noticed
from fleet.domain.reflection import reflections_in
from fleet.domain.task import Resolution, Review, Task
from fleet.ports import Ledger

ROLE = "evaluator"


@dataclass(frozen=True, kw_only=True)
class Reflecting:
    """What an evaluator is asked, where and of whom; `known` is a task that asks just that."""

    project: str
    profile: str
    digest: Digest
    known: Task | None


class _KnownError(Exception):
    """Somebody wrote the same task meanwhile."""

    def __init__(self, task: Task) -> None:
        super().__init__(task.key)
        self.task = task


def reflecting(
    ledger: Ledger, fleet: Fleet, *, since: datetime, profile: str | None = None
) -> Reflecting | None:
    """Answer what there is to reflect on, None where nothing was noticed.

    Raises ConfigError where no project holds `memory/`, or nobody can evaluate.
    """
    key = fleet.memory.project
    if key is None:
        raise ConfigError(
            "no project holds the constitution and the skills, so nobody could review a change",
            remedy="name one under memory: project: in fleet.yaml; its repository holds memory/",
        )
    evaluator = _evaluator(fleet, profile)
    seen = noticed(_record(ledger, since))
    if not seen:
        return None
    told = digest(seen, since=since)
    known = _known(told, ledger.tasks(project=key))
    return Reflecting(project=key, profile=evaluator, digest=told, known=known)


def ask(wanted: Reflecting, fleet: Fleet, pen: Pen) -> Task:
    """Find or create the task; a person reviews its pull request, whatever the project says."""
    project = fleet.projects[wanted.project]

    def made(tasks: Sequence[Task], at: datetime) -> Task:
        known = _known(wanted.digest, tasks)
        if known is not None:
            raise _KnownError(known)
        number = next_number(tasks)
        return Task(
            key=f"{project.key}-{number}",
            project=project.key,
            number=number,
            title="Reflect: propose what should hold from now on",
            created=at,
            updated=at,
            goal=wanted.digest.goal,
            role=ROLE,
            profile=wanted.profile,
            labels=(REFLECTION, wanted.digest.name),
            max_retries=project.max_retries,
            review=Review.REQUIRED,
        )

    try:
        return numbered(project.key, made, pen)
    except _KnownError as error:
        return error.task


def _known(told: Digest, tasks: Iterable[Task]) -> Task | None:
    """Answer the task that asked the same, while it is open or where it was merged."""
    for task in tasks:
        asked = task.labels == (REFLECTION, told.name)
        if asked and task.resolution in (None, Resolution.MERGED):
            return task
    return None


def _record(ledger: Ledger, since: datetime) -> Record:
    return Record(
        attempts=[a for a in ledger.attempts() if a.ended is not None and a.ended >= since],
        receipts=ledger.receipts(since=since),
        lessons=ledger.lessons(),
        reflections=reflections_in(ledger.events(since=since)),
        since=since,
    )


def _evaluator(fleet: Fleet, wanted: str | None) -> str:
    """Answer who evaluates: who is wanted, else a model that has an account, else the rules."""
    if wanted is not None:
        if wanted not in fleet.profiles:
            known = ", ".join(sorted(fleet.profiles))
            raise ConfigError(f"no profile {wanted}", remedy=f"profiles: {known}")
        return wanted
    able = sorted(
        (profile for profile in fleet.profiles.values() if ROLE in profile.roles),
        key=lambda profile: (_by_rules(profile), profile.priority.rank, profile.name),
    )
    agents = {account.agent for account in fleet.accounts.values()} | {LOCAL.agent}
    chosen = next((profile for profile in able if profile.agent in agents), None)
    if chosen is None:
        raise ConfigError(
            "no profile with the role evaluator has an account",
            remedy="copy the shipped rules-evaluator.yaml into profiles/, or add an account",
        )
    return chosen.name


def _by_rules(profile: Profile) -> bool:
    return profile.agent == LOCAL.agent
