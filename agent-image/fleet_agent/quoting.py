"""Puts data between fences that nothing in it can close."""

import re

_FENCE = "```"
_RUN = re.compile(r"`{3,}")


def fenced(text: str) -> str:
    """Return text between fences; it must hold none itself."""
    return f"{_FENCE}data\n{text}\n{_FENCE}"


def without_fences(text: str) -> str:
    """Return text in which each run of backticks that would be a fence is one of apostrophes."""
    return _RUN.sub(lambda run: "'" * len(run[0]), text)
