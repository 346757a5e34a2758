"""The model of profiles/NAME.yaml."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from fleet.config.entry import Entry
from fleet.config.quantities import Bytes, Command, Micros, Name, Seconds, Text
from fleet.domain.agent import AGENTS
from fleet.domain.attempt import BY_FLEET
from fleet.domain.task import Priority

# what agents' tools are held back by, as CATEGORIES in the image says
ToolCategory = Literal["edit", "shell", "web", "agents"]
GIB = 1024**3
MIB = 1024**2


class ContainerLimitsEntry(Entry):
    """What the attempt's container may use."""

    cpus: Annotated[float, Field(gt=0, le=1024)] = 2.0
    memory: Annotated[Bytes, Field(ge=64 * MIB)] = 4 * GIB
    pids: Annotated[int, Field(ge=16, le=1_000_000)] = 512


class PriceEntry(Entry):
    """Dollars per million tokens, where the agent reports no cost."""

    input: Micros
    cached_input: Micros
    output: Micros


class ProfileEntry(Entry):
    """Which agent, which model, for which roles, within which limits.

    Times left out are those of `swap.timeout` in fleet.yaml.
    """

    name: Name
    agent: Name
    roles: Annotated[tuple[Name, ...], Field(min_length=1)]
    model: Text | None = None
    priority: Priority = Priority.NORMAL
    command: Command | None = None
    files: tuple[Text, ...] = ()
    instructions: str = ""
    max_turns: Annotated[int, Field(ge=1, le=100_000)] = 100
    max_cost_usd: Micros = 0
    attempt_timeout: Seconds | None = None
    stall_after: Seconds | None = None
    heartbeat_lost_after: Seconds | None = None
    limits: ContainerLimitsEntry = ContainerLimitsEntry()
    network: Text = "none"
    fallback: tuple[Name, ...] = ()
    escalate_to: Name | None = None
    self_check_rounds: Annotated[int, Field(ge=0, le=100)] = 0
    safe_mode: bool = False
    approved_categories: tuple[ToolCategory, ...] = ()
    teams: bool = False
    price: PriceEntry | None = None

    @model_validator(mode="after")
    def _command_belongs_to_command(self) -> Self:
        if self.agent == "command" and self.command is None:
            raise ValueError("the agent 'command' needs the key 'command': a list of texts")
        others = AGENTS.keys() - {"command"}
        if self.agent in others and (self.command is not None or self.files):
            raise ValueError("'command' and 'files' are only for the agent 'command'")
        return self

    @model_validator(mode="after")
    def _not_fleets_own(self) -> Self:
        if self.name == BY_FLEET:
            raise ValueError(f"{BY_FLEET!r} is what fleet itself does; give this one another name")
        return self
