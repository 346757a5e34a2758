"""Makes text that came from an agent fit for a line, a ledger and a terminal."""

import re

_MARK = " [cut]"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Control characters but line feed and tab would steer a terminal, PostgreSQL refuses NUL, and
# lone surrogates cannot be encoded.
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def clean(text: str, limit: int) -> str:
    """Return at most `limit` characters without control characters and lone surrogates."""
    shortened = text if len(text) <= limit else text[: limit - len(_MARK)] + _MARK
    return _HARMFUL.sub(_REPLACEMENT, shortened)


def clean_tail(data: bytes, limit: int) -> str:
    """Return the last `limit` bytes as clean text."""
    text = data[-limit:].decode("utf-8", errors="replace").replace("\r\n", "\n")
    return clean(text, limit)


def last_line(data: bytes, limit: int) -> str:
    """Return the last line that holds something, clean, at most `limit` characters."""
    line = data.strip().rpartition(b"\n")[2]
    return clean(line.decode("utf-8", errors="replace").strip(), limit)


def plain_line(text: str, limit: int) -> str:
    """Return at most `limit` characters on one line, without what cannot be seen."""
    shortened = text if len(text) <= limit else text[: limit - len(_MARK)] + _MARK
    return " ".join("".join(c if c.isprintable() else " " for c in shortened).split())
