"""The model of the file that `fleet simulate` plays."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from fleet.config.entry import Entry
from fleet.config.fleet_entry import AccountEntry, LimitsEntry, SwapEntry
from fleet.config.profile_entry import ProfileEntry
from fleet.config.quantities import Micros, Name, Seconds, Timezone
from fleet.domain.scenario import Trouble
from fleet.domain.task import PROJECT_KEY

LEAST_BETWEEN_CALLS = 30.0  # seconds; a stop has to come through between two calls
_MOST_TASKS = 20_000


def _instant(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(
            f"expected an instant such as 2026-03-28 22:00, found {value!r}"
        ) from error
    return value


Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=1000)]
ProjectKey = Annotated[str, StringConstraints(pattern=f"^{PROJECT_KEY.pattern}$")]
Instant = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}$"),
    AfterValidator(_instant),
]
Long = tuple[Seconds, Seconds]
Cost = tuple[Micros, Micros]


class SimulatedProject(Entry):
    """What of a project the pool looks at."""

    key: ProjectKey
    weight: Annotated[float, Field(gt=0, le=1000)] = 1
    daily_budget_usd: Micros | None = None
    max_retries: Annotated[int, Field(ge=0, le=20)] = 2


class PrioritiesEntry(Entry):
    """How the priorities of tasks are mixed: weights, in no unit."""

    critical: Weight = 0
    high: Weight = 0
    normal: Weight = 1
    low: Weight = 0

    @model_validator(mode="after")
    def _any(self) -> Self:
        if not any((self.critical, self.high, self.normal, self.low)):
            raise ValueError("expected at least one weight above 0")
        return self


class SimulatedTasks(Entry):
    """As many tasks of one kind."""

    project: ProjectKey
    count: Annotated[int, Field(ge=1, le=_MOST_TASKS)]
    role: Name = "developer"
    profile: Name | None = None
    priorities: PrioritiesEntry = PrioritiesEntry()
    budget_usd: Micros | None = None


class TroublesEntry(Entry):
    """The shares of attempts that meet a trouble; what is left of 1 goes well."""

    loop: Share = 0
    rate_limit: Share = 0
    quota: Share = 0
    overloaded: Share = 0
    network: Share = 0
    auth: Share = 0
    billing: Share = 0
    context_too_long: Share = 0
    model_not_found: Share = 0
    crash: Share = 0
    hang: Share = 0
    silent: Share = 0
    overtime: Share = 0
    vanish: Share = 0

    @model_validator(mode="after")
    def _no_more_than_all(self) -> Self:
        total = sum(self.shares().values())
        if total > 1:
            raise ValueError(f"expected shares that add up to at most 1, found {total:g}")
        return self

    def shares(self) -> dict[Trouble, float]:
        """Answer the share of each trouble."""
        return {trouble: getattr(self, trouble.value) for trouble in Trouble}


class BehaviourEntry(Entry):
    """How attempts of a profile or an account go; with neither, those of all others."""

    profile: Name | None = None
    account: Name | None = None
    takes: Long = (300.0, 1200.0)
    costs_usd: Cost = (100_000, 1_000_000)
    call_every: Seconds = 60.0
    resets_after: Long = (600.0, 3600.0)
    troubles: TroublesEntry = TroublesEntry()
    red: Share = 0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for name in ("takes", "costs_usd", "resets_after"):
            least, most = getattr(self, name)
            if least > most:
                raise ValueError(f"{name}: expected the smaller value first")
        if self.call_every < LEAST_BETWEEN_CALLS:
            raise ValueError(f"call_every: expected at least {LEAST_BETWEEN_CALLS:g}s")
        return self


class SimulationEntry(Entry):
    """The whole file: a fleet, tasks, and how agents behave."""

    starts: Instant
    hours: Annotated[float, Field(gt=0, le=168)] = 8
    timezone: Timezone = "UTC"
    limits: LimitsEntry = LimitsEntry()
    projects: Annotated[tuple[SimulatedProject, ...], Field(min_length=1)]
    accounts: tuple[AccountEntry, ...] = ()
    profiles: Annotated[tuple[ProfileEntry, ...], Field(min_length=1)]
    swap: SwapEntry = SwapEntry()
    tasks: Annotated[tuple[SimulatedTasks, ...], Field(min_length=1)]
    behaviours: tuple[BehaviourEntry, ...] = ()
    checks_take: Long = (30.0, 120.0)
