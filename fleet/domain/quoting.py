"""Quotes what others worded for a model: bounded, without control characters, between fences.

A fence says where data begins and ends; what is quoted cannot close it.
"""

import re

_CUT = "\n[...]\n"
_FENCE = "```"
_RUN = re.compile(r"`{3,}")


def plain(text: str, limit: int) -> str:
    """Answer at most `limit` bytes of UTF-8: printable, with line feeds and tabs, without fences.

    What is too long loses its middle: a check says at its beginning what it is, at its end how it
    went.
    """
    printable = "".join(c for c in text if c.isprintable() or c in "\n\t")
    quiet = _RUN.sub(lambda run: "'" * len(run[0]), printable).strip("\n")
    raw = quiet.encode()
    if len(raw) <= limit:
        return quiet
    left = max(0, limit - len(_CUT))
    head, tail = left // 4, left - left // 4
    return f"{_whole(raw[:head])}{_CUT}{_whole(raw[len(raw) - tail :])}"


def one_line(text: str, limit: int) -> str:
    """Answer the same on one line."""
    return plain(text, limit).replace("\n", " ").replace("\t", " ")


def fenced(lines: str) -> str:
    """Answer plain text between fences."""
    return f"{_FENCE}data\n{lines}\n{_FENCE}"


def size(text: str) -> int:
    """Answer the bytes of a text."""
    return len(text.encode())


def _whole(raw: bytes) -> str:
    return raw.decode(errors="ignore")
