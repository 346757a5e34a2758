"""Mistakes in the user's files: gathered, and refused together with file, line and remedy."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from fleet.domain.errors import ConfigError

SHOWN = 10
NAMES_SHOWN = 12


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake: where it stands and what was expected instead."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


def problem(file: Path, line: int, text: str) -> Problem:
    """Make a problem whose text stays on one line, whatever the user's file holds."""
    plain = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return Problem(file=str(file), line=line, text=plain)


def refuse(problems: Iterable[Problem]) -> None:
    """Raise ConfigError naming the first ten problems, one a line; nothing when there is none."""
    ordered = sorted(set(problems))
    if not ordered:
        return
    lines = [str(each) for each in ordered[:SHOWN]]
    if len(ordered) > SHOWN:
        lines.append(f"and {len(ordered) - SHOWN} more")
    raise ConfigError("\n".join(lines))


def nearest(word: str, names: Iterable[str]) -> str:
    """Answer a hint that ends a problem's text: the nearest valid name, else the valid names."""
    known = sorted(names)
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    if 0 < len(known) <= NAMES_SHOWN:
        return f"; expected one of: {', '.join(known)}"
    return "" if known else "; there is none"
