"""Vectors over HTTP: batches, retries, checks of what is answered, and a rest after a failure."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from threading import Event
from urllib.parse import urlsplit

from fleet.adapters.embeddings.api import Api, Row, sendable
from fleet.adapters.embeddings.circuit import Circuit
from fleet.adapters.embeddings.exchange import Exchange
from fleet.adapters.embeddings.refusals import LaterError, refusal
from fleet.adapters.libraries import library
from fleet.domain.errors import EmbeddingError, TransientError
from fleet.domain.lesson import Vector
from fleet.memory_ports import Embedder
from fleet.ports import Clock

_SPACE_LETTERS = re.compile(r"[^a-zA-Z0-9._-]")
_LONGEST_MODEL = 120


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a batch is tried, the pauses between tries, the rest of who failed; in seconds."""

    total: float = 20.0
    pauses: tuple[float, ...] = (0.5, 1.0, 2.0)
    rest: float = 60.0


# a launch waits for one batch
PATIENCE = Patience()


class RemoteEmbedder(Embedder):
    """Asks one provider; safe to use from many threads. Texts leave this machine."""

    def __init__(
        self,
        api: Api,
        variables: Mapping[str, str],
        clock: Clock,
        patience: Patience = PATIENCE,
    ) -> None:
        self._api = api
        self._variables = variables
        self._clock = clock
        self._patience = patience
        self._exchange = Exchange(variables)
        self._circuit = Circuit(clock, patience.rest)
        self._pause = Event()  # never set: only time may pass
        self._learnt: int | None = None

    def space(self) -> str:
        if self._dimension is None:
            self.embed(["dimension"])
        model = _SPACE_LETTERS.sub("_", self._api.model)[:_LONGEST_MODEL]
        if model != self._api.model:
            # two models of nearly the same name are two spaces
            model = f"{model}-{sha256(self._api.model.encode()).hexdigest()[:8]}"
        return f"{self._api.provider}-{model}-{self._dimension}"

    def embed(self, texts: Sequence[str]) -> tuple[Vector, ...]:
        key = self._key()
        sent = [sendable(text) for text in texts]
        starts = range(0, len(sent), self._api.batch)
        batches = [sent[at : at + self._api.batch] for at in starts]
        return tuple(vector for batch in batches for vector in self._batch(batch, key))

    @property
    def _dimension(self) -> int | None:
        return self._api.dimension or self._learnt

    def _key(self) -> str:
        names = self._api.key_variables
        if not names:
            return ""
        name = next((n for n in names if self._variables.get(n, "").strip()), None)
        if name is None:
            raise self._told(f"there is no {' or '.join(names)}", "set it where fleet is started")
        key = self._variables[name].strip()
        # the HTTP library quotes a header that cannot be sent
        if not key.isascii() or not key.isprintable() or " " in key:
            raise self._told(f"{name} is no key", "set it to the key alone, on one line")
        return key

    def _batch(self, texts: Sequence[str], key: str) -> list[Vector]:
        self._circuit.enter()
        try:
            vectors = self._tried(texts, key)
        except TransientError as error:
            wish = error.after if isinstance(error, LaterError) else 0.0
            failure = self._told(error.message, self._api.unanswered)
            self._circuit.failed(failure, wish)
            raise failure from error
        except EmbeddingError as error:
            failure = self._told(error.message, error.remedy)
            self._circuit.failed(failure, 0.0)
            raise failure from error
        self._circuit.worked()
        return vectors

    def _tried(self, texts: Sequence[str], key: str) -> list[Vector]:
        """Ask until it answers; raises the last error where no try, or no time, is left."""
        late = self._clock.monotonic() + self._patience.total
        for pause in self._patience.pauses:
            try:
                return self._once(texts, key, late - self._clock.monotonic())
            except TransientError as error:
                wish = error.after if isinstance(error, LaterError) else 0.0
                if self._clock.monotonic() + max(pause, wish) >= late:
                    raise
                self._pause.wait(max(pause, wish))
        return self._once(texts, key, late - self._clock.monotonic())

    def _once(self, texts: Sequence[str], key: str, seconds: float) -> list[Vector]:
        answer = self._exchange.post(self._api.question(texts, key), max(0.1, seconds))
        if answer.status != HTTPStatus.OK:
            raise refusal(answer, self._api, key=key)
        try:
            rows = self._api.rows(answer.body)
        except ValueError as error:
            raise _nonsense("what it answered is not what its API answers") from error
        self._check(rows, len(texts))
        return [_vector(row) for row in rows]

    def _check(self, rows: Sequence[Row], wanted: int) -> None:
        if len(rows) != wanted:
            raise _nonsense(f"it answered {len(rows)} vectors for {wanted} texts")
        size = self._dimension or len(rows[0])
        other = next((len(row) for row in rows if len(row) != size), size)
        if other != size or not size:
            raise EmbeddingError(
                f"it answered a vector of {other} numbers instead of {size}",
                remedy=f"set memory.dimension in fleet.yaml, to {other} if that is right",
            )
        self._learnt = size

    def _told(self, message: str, remedy: str) -> EmbeddingError:
        parts = urlsplit(self._api.base_url)
        where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        return EmbeddingError(
            f"no vectors of {self._api.provider} at {where}: {message}", remedy=remedy
        )


def _nonsense(message: str) -> EmbeddingError:
    return EmbeddingError(message, remedy="check memory.base_url and memory.model in fleet.yaml")


def _vector(row: Row) -> Vector:
    """Answer the row with length one: what a provider cut short is no longer of that length."""
    with library("numpy"):
        import numpy as np

    numbers = np.array(row, dtype=np.float64)
    with np.errstate(over="ignore"):
        length = float(np.linalg.norm(numbers))
    if not math.isfinite(length) or length == 0:
        raise _nonsense("it answered a vector without a direction")
    return (numbers / length).astype("<f4").tobytes()
