"""Gemini's API of vectors.

Source: https://ai.google.dev/api/embeddings#method:-models.batchembedcontents
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar
from urllib.parse import quote

from fleet.adapters.embeddings.api import Api, Question, Reply, Row

_USUAL = "gemini-embedding-001"
# of its own 3,072 numbers the first 768 are recommended too: a quarter of the room
_USUAL_DIMENSION = 768
# later models refuse the kind of task
_WITH_TASK = frozenset({_USUAL, "text-embedding-004"})


class _Item(Reply):
    values: Row


class _Reply(Reply):
    embeddings: list[_Item]


@dataclass(frozen=True, kw_only=True)
class GeminiApi(Api):
    """`POST /models/MODEL:batchEmbedContents`; the key goes into a header, never into the URL."""

    provider: ClassVar[str] = "gemini"
    usual_url: ClassVar[str] = "https://generativelanguage.googleapis.com/v1beta"
    usual_model: ClassVar[str] = _USUAL
    # it takes 100 and no more
    batch: ClassVar[int] = 64
    key_variables: ClassVar[tuple[str, ...]] = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    dimensions: ClassVar[Mapping[str, int]] = MappingProxyType(
        {_USUAL: _USUAL_DIMENSION, "text-embedding-004": 768}
    )

    def question(self, texts: Sequence[str], key: str) -> Question:
        model = self.model.removeprefix("models/")
        return Question(
            url=f"{self.base_url}/models/{quote(model, safe='')}:batchEmbedContents",
            headers={"x-goog-api-key": key},
            body={"requests": [self._request(f"models/{model}", text) for text in texts]},
        )

    def _request(self, model: str, text: str) -> dict[str, object]:
        request: dict[str, object] = {"model": model, "content": {"parts": [{"text": text}]}}
        if self.dimension is not None:
            request["outputDimensionality"] = self.dimension
        if self.model in _WITH_TASK:
            # a lesson and a question are embedded alike: the port knows no difference
            request["taskType"] = "SEMANTIC_SIMILARITY"
        return request

    def rows(self, body: bytes) -> Sequence[Row]:
        return [item.values for item in _Reply.model_validate_json(body).embeddings]
