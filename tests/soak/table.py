"""Words the morning after a soak as a table: what came of each kind, and why."""

import re
from collections import Counter
from collections.abc import Sequence

from tests.soak.judging import Row
from tests.soak.kinds import KINDS

_HEAD = ("kind", "n", "merged", "refused", "the reason most of them were refused for")
_LONGEST = 90


def table(rows: Sequence[Row]) -> str:
    """Answer the table in Markdown, good kinds first, with the sums at the end."""
    lines = [_HEAD, ("---",) * len(_HEAD)]
    for name in KINDS:
        mine = [row for row in rows if row.lot.kind.name == name]
        if mine:
            lines.append(_line(name, mine, reason=_reason(mine)))
    lines.append(_line("all", rows, reason=""))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(name: str, rows: Sequence[Row], *, reason: str) -> tuple[str, ...]:
    merged = sum(row.merged for row in rows)
    return (name, str(len(rows)), str(merged), str(len(rows) - merged), reason)


def _reason(rows: Sequence[Row]) -> str:
    """Answer the commonest reason, without the names of single tasks and files."""
    said = Counter(_general(row.reason) for row in rows if not row.merged)
    return said.most_common(1)[0][0] if said else ""


def _general(reason: str) -> str:
    plain = "".join(c for c in reason if c.isprintable()).replace("|", "/")
    general = re.sub(r"\b(APP|A)-\d+", r"\1-n", plain)
    return general if len(general) <= _LONGEST else f"{general[:_LONGEST].rstrip()} ..."
