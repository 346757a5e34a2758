"""What a refusal of a provider means: tried again or not, when, and what a person can do."""

import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from pydantic import ValidationError

from fleet.adapters.embeddings.api import Api, Reply
from fleet.adapters.embeddings.exchange import Answer
from fleet.domain.errors import EmbeddingError, TransientError

_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_KEY_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,60}")


class LaterError(TransientError):
    """The provider wants to be asked later: `after` so many seconds, 0: it does not say when."""

    def __init__(self, message: str, *, after: float) -> None:
        super().__init__(message)
        self.after = after


class _Told(Reply):
    code: object = None
    status: object = None
    type: object = None


class _Refusal(Reply):
    error: _Told


def refusal(answer: Answer, api: Api, *, key: str) -> LaterError | EmbeddingError:
    """Answer what a reply without vectors means; the key is never quoted, whoever repeats it."""
    said = _said(answer, key)
    if answer.status in _AGAIN or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return LaterError(said, after=_seconds(answer.headers))
    if answer.status in _KEY_REFUSED:
        named = " or ".join(api.key_variables)
        remedy = f"check {named} and memory.model in fleet.yaml" if named else api.missing_model
        return EmbeddingError(said, remedy=remedy)
    return EmbeddingError(said, remedy=api.missing_model)


def _said(answer: Answer, key: str) -> str:
    """Word the status, and the code beside it where that is a plain word.

    The sentence beside it is left out: OpenAI's quotes a part of the key.
    """
    try:
        told = _Refusal.model_validate_json(answer.body).error
    except ValidationError:
        return f"it answered {answer.status}"
    # Gemini's code is the status once more
    for word in (told.code, told.status, told.type):
        if isinstance(word, str) and _WORD.fullmatch(word) and not (key and key in word):
            return f"it answered {answer.status} ({word})"
    return f"it answered {answer.status}"


def _seconds(headers: Mapping[str, str]) -> float:
    """Answer the seconds of Retry-After: a number, or a date held against the reply's own."""
    after = headers.get("retry-after", "")
    try:
        seconds = float(after)
    except ValueError:
        seconds = _until(after, headers.get("date", ""))
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0


def _until(then: str, now: str) -> float:
    try:
        return (parsedate_to_datetime(then) - parsedate_to_datetime(now)).total_seconds()
    except (ValueError, TypeError):
        # one of them is no date, or has no timezone
        return 0.0
