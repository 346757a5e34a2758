"""The model of one project in fleet.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from fleet.config.entry import Entry
from fleet.config.profile_entry import ContainerLimitsEntry
from fleet.config.quantities import (
    Branch,
    Command,
    Host,
    Micros,
    Name,
    Pattern,
    RepositoryPath,
    Seconds,
    SetupCommand,
    Text,
)
from fleet.domain.merge import MergeWay
from fleet.domain.task import PROJECT_KEY, Review


class CheckEntry(Entry):
    """One deterministic check; `timeout` bounds its container's life."""

    name: Name
    command: Command
    timeout: Seconds = 1800.0
    limits: ContainerLimitsEntry | None = None
    no_tests_pattern: Pattern | None = None
    repeat_red: Annotated[int, Field(ge=0, le=10)] = 0


class ProjectEntry(Entry):
    """A git repository the fleet works on."""

    key: Annotated[str, StringConstraints(pattern=f"^{PROJECT_KEY.pattern}$")]
    path: Text
    target: Branch = "main"
    check: Command | None = None
    checks: tuple[CheckEntry, ...] = ()
    check_files: tuple[RepositoryPath, ...] | None = None
    protected: tuple[RepositoryPath, ...] = ()
    image: Text = "fleet-agent:small"
    dockerfile: RepositoryPath | None = None
    review: Review = Review.REQUIRED
    setup: tuple[SetupCommand, ...] = ()
    setup_timeout: Seconds = 600.0
    max_retries: Annotated[int, Field(ge=0, le=20)] = 2
    egress_allow: tuple[Host, ...] = ()
    needs: tuple[Literal["submodules", "lfs"], ...] = ()
    daily_budget_usd: Micros | None = None
    weight: Annotated[float, Field(gt=0, le=1000)] = 1
    checks_at_once: Annotated[int, Field(ge=1, le=64)] = 1
    merge: MergeWay = MergeWay.MERGE
    batch: Annotated[int, Field(ge=1, le=64)] = 16
    remote: Text | None = None
    in_review_limit: Annotated[int, Field(ge=1, le=10_000)] = 10

    @model_validator(mode="after")
    def _one_way_to_check(self) -> Self:
        if (self.check is None) == (not self.checks):
            raise ValueError("expected either 'check' or a non-empty 'checks'")
        names = [each.name for each in self.checks]
        if len(set(names)) < len(names):
            raise ValueError(f"check names must differ, found {', '.join(names)}")
        return self

    @model_validator(mode="after")
    def _nothing_unpopulated(self) -> Self:
        if self.needs:
            raise ValueError(
                f"{' and '.join(self.needs)} are not populated; put them into the project's image"
            )
        return self
