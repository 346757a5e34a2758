"""Words what came of many nights as a table: each blow and each fault, and what broke by it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.driver import Life

_HEAD = ("what was drawn for a night", "times", "nights", "nights with a broken promise")


@dataclass(frozen=True, kw_only=True)
class Played:
    """A night that was played: its lives, and the promises that were broken in it."""

    seed: int
    lives: Sequence[Life]
    wrong: Sequence[str]

    def times(self, what: str) -> int:
        """Answer how often that was drawn for it."""
        return sum((life.way, life.trouble).count(what) for life in self.lives)


def table(nights: Sequence[Played]) -> str:
    """Answer the table in Markdown, what strikes the coordinator first, the sums at the end."""
    ways = sorted({life.way for night in nights for life in night.lives})
    faults = {life.trouble for night in nights for life in night.lives} - {""}
    lines = [_HEAD, ("---",) * len(_HEAD)]
    lines += [_line(what, nights) for what in (*ways, *sorted(faults))]
    lives = sum(len(night.lives) for night in nights)
    broken = sum(bool(night.wrong) for night in nights)
    lines.append(("all", f"{lives} lives", str(len(nights)), str(broken)))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(what: str, nights: Sequence[Played]) -> tuple[str, ...]:
    mine = [night for night in nights if night.times(what)]
    times = sum(night.times(what) for night in mine)
    return what, str(times), str(len(mine)), str(sum(bool(night.wrong) for night in mine))
