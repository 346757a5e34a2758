"""OpenAI's API of vectors, which gateways speak too.

Source: https://platform.openai.com/docs/api-reference/embeddings/create
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from fleet.adapters.embeddings.api import Api, Question, Reply, Row


class _Item(Reply):
    index: int
    embedding: Row


class _Reply(Reply):
    data: list[_Item]


@dataclass(frozen=True, kw_only=True)
class OpenAiApi(Api):
    """`POST /embeddings` under a base that ends in /v1."""

    provider: ClassVar[str] = "openai"
    usual_url: ClassVar[str] = "https://api.openai.com/v1"
    usual_model: ClassVar[str] = "text-embedding-3-small"
    # 2,048 are taken, of 300,000 tokens together
    batch: ClassVar[int] = 64
    key_variables: ClassVar[tuple[str, ...]] = ("OPENAI_API_KEY",)
    dimensions: ClassVar[Mapping[str, int]] = MappingProxyType(
        {
            "text-embedding-3-small": 1536,
            "text-embedding-3-large": 3072,
            "text-embedding-ada-002": 1536,
        }
    )

    def question(self, texts: Sequence[str], key: str) -> Question:
        body: dict[str, object] = {
            "model": self.model,
            "input": list(texts),
            "encoding_format": "float",
        }
        if self.asked is not None:
            body["dimensions"] = self.asked
        return Question(
            url=f"{self.base_url}/embeddings",
            headers={"Authorization": f"Bearer {key}"},
            body=body,
        )

    def rows(self, body: bytes) -> Sequence[Row]:
        items = sorted(_Reply.model_validate_json(body).data, key=lambda item: item.index)
        if [item.index for item in items] != list(range(len(items))):
            raise ValueError("the items are not numbered from 0")
        return [item.embedding for item in items]
