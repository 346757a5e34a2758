"""Turns an event into one line that is never too long."""

import json

LINE_LIMIT = 64 * 1024
_MARK = " [cut]"


def frame(event: dict[str, object]) -> bytes:
    """Return the event as a line of at most 64 KiB: its texts and lists are cut until it fits."""
    line = _encode(event)
    limit = LINE_LIMIT
    while len(line) > LINE_LIMIT and limit:
        limit //= 2
        line = _encode(_cut(event, limit))
    return line


def _encode(event: object) -> bytes:
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", errors="replace") + b"\n"


def _cut(value: object, limit: int) -> object:
    if isinstance(value, str):
        return value if len(value) <= limit else value[:limit] + _MARK
    if isinstance(value, list | tuple):
        return [_cut(item, limit) for item in value[:limit]]
    if isinstance(value, dict):
        return {key: _cut(item, limit) for key, item in value.items()}
    return value
