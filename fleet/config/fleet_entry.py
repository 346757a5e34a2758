"""The model of fleet.yaml."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from fleet.config.entry import Entry
from fleet.config.memory_entry import MemoryEntry
from fleet.config.project_entry import ProjectEntry
from fleet.config.quantities import (
    BaseUrl,
    CronText,
    Gigabytes,
    HomeFolder,
    Micros,
    Name,
    NetworkName,
    PassedName,
    Seconds,
    SwapCount,
    Text,
    TimeOfDay,
    Timezone,
    VariableName,
)
from fleet.domain.agent import CredentialKind
from fleet.domain.attempt import BY_FLEET
from fleet.domain.profile import LOCAL, OnClose
from fleet.domain.task import Priority

GIB = 1024**3
Count = Annotated[int, Field(ge=1, le=10_000)]
Parallel = Annotated[int, Field(ge=1, le=256)]
Requests = Annotated[int, Field(ge=1, le=10_000_000)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class LimitsEntry(Entry):
    """What this machine gives the fleet."""

    parallel: Parallel = 4
    disk_free_gb: Gigabytes = 5 * GIB
    memory_free_gb: Gigabytes = 1 * GIB
    load_per_core: Annotated[float, Field(gt=0, le=1000)] = 4
    worktree_gb: Gigabytes = 5 * GIB
    run_budget_usd: Micros | None = None
    night_swaps: Annotated[int, Field(ge=0, le=10_000)] = 50


class CredentialEntry(Entry):
    """Where an account's secret is found; never the secret itself."""

    env: VariableName | None = None
    file: Text | None = None
    kind: CredentialKind

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("expected either 'env' or 'file'")
        return self


class WindowEntry(Entry):
    """When an account may be used: `days` are those on which it opens.

    Up to the same or an earlier time it stays open over midnight.
    """

    opens: Annotated[TimeOfDay, Field(alias="from")]
    to: TimeOfDay
    timezone: Timezone
    days: Annotated[
        tuple[Day, ...], Field(json_schema_extra={"minItems": 1, "uniqueItems": True})
    ] = DAYS

    @field_validator("days")
    @classmethod
    def _each_once(cls, value: tuple[Day, ...]) -> tuple[Day, ...]:
        if not value:
            raise ValueError("expected at least one day")
        twice = [day for day in DAYS if value.count(day) > 1]
        if twice:
            raise ValueError(f"expected each day once, found {twice[0]} again")
        return value


class AccountEntry(Entry):
    """A credential's place in the pool."""

    name: Name
    agent: Name
    owner: str = ""
    parallel: Count | None = None
    daily_budget_usd: Micros | None = None
    unmetered: bool = False
    credential: CredentialEntry | None = None
    base_url: BaseUrl | None = None
    env_passthrough: tuple[PassedName, ...] = ()
    expires: date | None = None
    hard_limit: bool = False
    daily_requests: Requests | None = None
    window: WindowEntry | None = None
    on_window_close: OnClose = OnClose.FINISH
    priority: Priority = Priority.NORMAL
    timezone: Timezone | None = None

    @model_validator(mode="after")
    def _not_the_built_in(self) -> Self:
        if self.name in {LOCAL.name, BY_FLEET}:
            raise ValueError(f"the account {self.name!r} is built in; give this one another name")
        return self


class TimeoutSwapEntry(Entry):
    """Defaults of every profile's times, and how often a task may swap."""

    heartbeat_lost_after: Seconds = 60.0
    stall_after: Seconds = 600.0
    attempt_timeout: Seconds = 3600.0
    max_swaps: SwapCount = 2


class ErrorSwapEntry(Entry):
    """How long an account cools after a provider's error, and how often a task may swap for one."""

    cooldown: Seconds = 300.0
    max_cooldown: Seconds = 18000.0
    max_swaps: SwapCount = 4


class CriticSwapEntry(Entry):
    """After how many red attempts a stronger profile takes over.

    A profile's own `escalate_to` wins over the one here.
    """

    after_failures: Count = 2
    escalate_to: Name | None = None


class SwapEntry(Entry):
    """When an attempt is ended and continued with another slot."""

    timeout: TimeoutSwapEntry = TimeoutSwapEntry()
    error: ErrorSwapEntry = ErrorSwapEntry()
    critic: CriticSwapEntry = CriticSwapEntry()


class RunEntry(Entry):
    """A run that begins by the clock and ends when it next shows `until`.

    `parallel` holds instead of that of the limits while it is under way.
    """

    until: TimeOfDay
    parallel: Parallel | None = None


class ReportEntry(Entry):
    """A report that is written by the clock, into a folder of the home."""

    since: Seconds
    to: HomeFolder


class ScheduleEntry(Entry):
    """Something that `fleet up` does by the clock of a timezone, where it has none the fleet's."""

    name: Name
    cron: CronText
    timezone: Timezone | None = None
    run: RunEntry | None = None
    report: ReportEntry | None = None

    @model_validator(mode="after")
    def _one_purpose(self) -> Self:
        if (self.run is None) == (self.report is None):
            raise ValueError("expected either 'run' or 'report'")
        return self


class TracesEntry(Entry):
    """How long traces and the logs of checks are kept once their task has ended."""

    keep_days: Annotated[int, Field(ge=1, le=36_500)] = 30


class FleetEntry(Entry):
    """The whole of fleet.yaml."""

    projects: tuple[ProjectEntry, ...] = ()
    limits: LimitsEntry = LimitsEntry()
    accounts: tuple[AccountEntry, ...] = ()
    swap: SwapEntry = SwapEntry()
    schedule: tuple[ScheduleEntry, ...] = ()
    memory: MemoryEntry = MemoryEntry()
    traces: TracesEntry = TracesEntry()
    policies: Text | None = None
    timezone: Timezone = "UTC"
    networks: tuple[NetworkName, ...] = ()
    egress_host_exposed: bool = False
