"""The model of `memory:` in fleet.yaml."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from fleet.config.entry import Entry
from fleet.config.quantities import BaseUrl, Text
from fleet.domain.lesson import Autosave

_SERVER = re.compile(r"(?:\[[0-9A-Fa-f:]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):([0-9]+)")
_LAST_PORT = 65_535
_KIB = 1024


def _server(value: str) -> str:
    found = _SERVER.fullmatch(value)
    if found is None or not 1 <= int(found[1][:6]) <= _LAST_PORT:
        raise ValueError(f"expected HOST:PORT of a Chroma server, found {value!r}")
    return value


Server = Annotated[Text, AfterValidator(_server)]
Share = Annotated[float, Field(ge=0, le=0.5)]
# the container's runner tells an agent three at most, whatever else it is given
TopK = Annotated[int, Field(ge=0, le=3)]


class MemoryEntry(Entry):
    """How lessons are found, kept and measured."""

    provider: Literal["local", "openai", "ollama", "gemini"] = "local"
    model: Text | None = None
    base_url: BaseUrl | None = None
    dimension: Annotated[int, Field(ge=1, le=16_384)] | None = None
    server: Server | None = None
    top_k: TopK = 3
    floor: Annotated[float, Field(ge=0, le=1)] = 0.25
    autosave: Autosave = Autosave.OFF
    held_out: Share = 0.1
    project: Text | None = None
    map_bytes: Annotated[int, Field(ge=0, le=64 * _KIB)] = 6 * _KIB

    @model_validator(mode="after")
    def _local_is_what_it_is(self) -> Self:
        given = {"model": self.model, "base_url": self.base_url, "dimension": self.dimension}
        named = [name for name, value in given.items() if value is not None]
        if self.provider == "local" and named:
            # a key that changes nothing would be believed to
            raise ValueError(
                f"the provider local has its own model; leave out {' and '.join(named)}, "
                "or name the provider: openai, ollama or gemini"
            )
        return self
