"""Notices rounds that change nothing: the same red check over the same files."""

import re
from dataclasses import dataclass

# The first round without an effect may have met a check that fails now and then; the second is
# told the same as the first and has as little to say.
MOST_FRUITLESS = 2

# What differs from one run of a check to the next although nothing changed.
_NOISE = tuple(
    re.compile(pattern)
    for pattern in (
        r"[\x1b\N{REPLACEMENT CHARACTER}]\[[0-9;]{0,20}m",
        r"/(?:private/)?(?:var/)?tmp/[^\s'\":,)]*",
        r"0x[0-9a-fA-F]+",
        r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
        r"\d+",
    )
)


@dataclass(frozen=True)
class Red:
    """A red check: git's id of the files it met, its exit code and the end of its output.

    `tree` is None where git did not say: such a check is like no other. `exit_code` is None where
    it was killed or could not be started.
    """

    tree: str | None
    exit_code: int | None
    tail: str


class Standstill:
    """How many rounds in a row had no effect."""

    def __init__(self) -> None:
        self._last: tuple[object, ...] | None = None
        self._fruitless = 0

    def after(self, red: Red) -> bool:
        """Take note of a round's red check; say whether too many rounds had no effect."""
        now = None if red.tree is None else (red.tree, red.exit_code, gist(red.tail))
        same = now is not None and now == self._last
        self._last, self._fruitless = now, self._fruitless + 1 if same else 0
        return self._fruitless >= MOST_FRUITLESS


def gist(tail: str) -> frozenset[str]:
    """Return the lines of a check's output without what no two runs share; their order too."""
    # the first line may be cut anywhere
    whole = tail.partition("\n")[2] if "\n" in tail.strip() else tail
    for noise in _NOISE:
        whole = noise.sub("#", whole)
    return frozenset(" ".join(line.split()) for line in whole.splitlines())
