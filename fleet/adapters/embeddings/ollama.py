"""Ollama's API of vectors, on this machine or another.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from fleet.adapters.embeddings.api import Api, Question, Reply, Row


class _Reply(Reply):
    embeddings: list[Row]


@dataclass(frozen=True, kw_only=True)
class OllamaApi(Api):
    """`POST /api/embed`; it takes no key."""

    provider: ClassVar[str] = "ollama"
    usual_url: ClassVar[str] = "http://localhost:11434"
    usual_model: ClassVar[str] = "nomic-embed-text"
    # a processor without a graphics card takes a second for some of these
    batch: ClassVar[int] = 16
    dimensions: ClassVar[Mapping[str, int]] = MappingProxyType(
        {"nomic-embed-text": 768, "all-minilm": 384, "mxbai-embed-large": 1024, "bge-m3": 1024}
    )

    @property
    def missing_model(self) -> str:
        return f"ollama pull {self.model}, or check memory.base_url in fleet.yaml"

    def question(self, texts: Sequence[str], key: str) -> Question:  # noqa: ARG002 - none is taken
        body: dict[str, object] = {"model": self.model, "input": list(texts), "truncate": True}
        if self.asked is not None:
            body["dimensions"] = self.asked
        return Question(url=f"{self.base_url}/api/embed", headers={}, body=body)

    def rows(self, body: bytes) -> Sequence[Row]:
        return _Reply.model_validate_json(body).embeddings
