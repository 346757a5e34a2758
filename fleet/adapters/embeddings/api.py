"""What the HTTP APIs of vectors have in common: where they are, what they know, what they take."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

# models take 2,048 to 8,192 tokens and cut or refuse what is longer; a lesson is far below
_MOST_LETTERS = 8_000

Number = Annotated[float, Field(allow_inf_nan=False)]
Row = list[Number]


class Reply(BaseModel):
    """What a provider answered: untrusted, and it may say more than we read."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


@dataclass(frozen=True, kw_only=True)
class Question:
    """A request; its headers may hold a key and are never shown."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Api(ABC):
    """One provider's API; `asked` is the dimension that fleet.yaml names, None: the model's own.

    `key_variables` are where a key is looked for, the first wins; empty: it takes none. `batch` is
    how many texts go into one request, `dimensions` what known models answer.
    """

    model: str
    base_url: str
    asked: int | None

    provider: ClassVar[str]
    usual_url: ClassVar[str]
    usual_model: ClassVar[str]
    batch: ClassVar[int]
    key_variables: ClassVar[tuple[str, ...]] = ()
    dimensions: ClassVar[Mapping[str, int]] = MappingProxyType({})

    @property
    def dimension(self) -> int | None:
        """Answer how many numbers a vector has; None: only the provider knows."""
        return self.asked or self.dimensions.get(self.model)

    @property
    def missing_model(self) -> str:
        """Answer what to do where the provider does not know the model."""
        return "check memory.model and memory.base_url in fleet.yaml"

    @property
    def unanswered(self) -> str:
        """Answer what to do where the provider gives no answer, or none now."""
        where = ", ".join(["memory.base_url", *self.key_variables, "proxy and certificates"])
        return f"check that it runs, and {where}; then try again: a coordinator does so by itself"

    @abstractmethod
    def question(self, texts: Sequence[str], key: str) -> Question:
        """Answer the request for the vectors of these; `key` is "" where none is taken."""

    @abstractmethod
    def rows(self, body: bytes) -> Sequence[Row]:
        """Read a reply: one row a text, in their order. Raises ValueError for anything else."""


def sendable(text: str) -> str:
    """Answer a text that every API takes: bounded, valid UTF-8, never empty."""
    # half a surrogate pair is no UTF-8
    whole = text[:_MOST_LETTERS].encode(errors="replace").decode()
    return whole if whole.strip() else "-"
