"""Redaction: secrets out of text that is kept, by value and by shape."""

import logging
from collections.abc import Collection, Mapping
from threading import Lock
from typing import Any

from fleet.adapters.secret_shapes import assigned, shapes

# shorter words occur in ordinary text
_SHORTEST = 6
# each is looked for in all of a text
_MOST_NAMED = 200
# of a secret that was cut in two, a shorter piece is told by chance and worth nothing
_SHORTEST_PIECE = 8
# how a text ends that was cut: by an agent's runner, by a trace
_CUT = " [cut]"

MARK = "[redacted]"


class Redaction:
    """Takes secrets out of texts; `known` are values to take out wherever they stand.

    Safe to use from many threads.
    """

    def __init__(self, known: Collection[str] = ()) -> None:
        self._known: tuple[str, ...] = ()
        self._lock = Lock()
        self.learn(known)

    def learn(self, values: Collection[str]) -> None:
        """Take these values out as well from now on."""
        with self._lock:
            worth = {value for value in values if len(value) >= _SHORTEST}
            if not worth <= set(self._known):
                worth.update(self._known)
                # longest first, so that one that contains another goes whole
                self._known = tuple(sorted(worth, key=lambda value: (-len(value), value)))

    def without_known(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a JSON object without the known values; secrets known by shape alone stay."""
        if not self._known:
            return dict(told)
        return {self._plain(key): self._deep(value) for key, value in told.items()}

    def _deep(self, value: object) -> object:
        match value:
            case str():
                return self._plain(value)
            case Mapping():
                return self.without_known(value)
            case list() | tuple():
                return [self._deep(item) for item in value]
            case _:
                return value

    def _plain(self, text: str) -> str:
        for value in self._known:
            text = _without_ends(text.replace(value, MARK), value)
        return text

    def found(self, text: str) -> tuple[str, ...]:
        """Answer the known values that stand in a text."""
        return tuple(value for value in self._known if value in text)

    def clean(self, text: str) -> str:
        """Answer the text with every secret replaced by a mark."""
        text = self._plain(text)
        if len(text) < _SHORTEST:
            return text
        for _, pattern in shapes():
            text = pattern.sub(MARK, text)
        # a bare word after a name is told by chance: `token: required`
        values = {each.value for each in assigned(text) if each.quoted and MARK not in each.value}
        for value in sorted(values, key=len, reverse=True)[:_MOST_NAMED]:
            text = text.replace(value, MARK)
        return text


def redact_logs(redaction: Redaction) -> None:
    """Let nothing secret through to where this process logs."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(_RedactedLogs(redaction))


class _RedactedLogs(logging.Filter):
    """Takes secrets out of log records, their fields and tracebacks."""

    def __init__(self, redaction: Redaction) -> None:
        super().__init__()
        self._redaction = redaction
        self._format = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record; let every one pass."""
        record.msg, record.args = record.getMessage(), None
        if record.exc_info:
            record.exc_text = self._format.formatException(record.exc_info)
        for name, value in vars(record).items():
            if isinstance(value, str):
                setattr(record, name, self._redaction.clean(value))
        return True


def _without_ends(text: str, value: str) -> str:
    """Take out what is left of a value where a text was cut in the midst of it."""
    rest = _end_of(value, text[: len(value)])
    if rest:
        text = MARK + text[rest:]
    whole = text.removesuffix(_CUT)
    begun = _begin_of(value, whole[-len(value) :])
    return whole[: len(whole) - begun] + MARK + text[len(whole) :] if begun else text


def _end_of(value: str, head: str) -> int:
    """Answer how many characters a text begins with that the value ends with."""
    last = value[-_SHORTEST_PIECE:]
    at = head.rfind(last)
    while at >= 0 and not value.endswith(head[: at + len(last)]):
        at = head.rfind(last, 0, at + len(last) - 1)
    return at + len(last) if at >= 0 else 0


def _begin_of(value: str, tail: str) -> int:
    """Answer how many characters a text ends with that the value begins with."""
    first = value[:_SHORTEST_PIECE]
    at = tail.find(first)
    while at >= 0 and not value.startswith(tail[at:]):
        at = tail.find(first, at + 1)
    return len(tail) - at if at >= 0 else 0
