"""A lesson by rule: what was red, why, and what the attempt did about it that was merged."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fleet.domain.attempt import Attempt, Red, State
from fleet.domain.change import Diff
from fleet.domain.endings import ending
from fleet.domain.lesson import Draft, Origin
from fleet.domain.quoting import one_line
from fleet.domain.result import Verdict, VerdictStatus
from fleet.domain.teaching import Taught

_MENDED = frozenset({Red.CHECK, Red.MERGED_TIP, Red.CONFLICT})

# bytes
_LINE = 160
_TITLE = 110
_SUMMARY = 400
_LINES = 4
_FILES = 5
_READ = 400  # letters of a line that are looked at

_STRONG = re.compile(r"\w*(?:Error|Exception|Panic)\b|\b[A-Z]{1,4}\d{3,5}\b|\bfatal:|\bpanicked\b")
_WEAK = re.compile(
    r"\b(?:error|failed|failure|assert|undefined|unresolved|cannot|denied|refused|not found|"
    r"no such file|expected|missing)\b|[\w/-]+\.\w+:\d+",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """A red attempt, the one whose work was merged after it, and since which commit it differs."""

    red: Attempt
    green: Attempt
    since: str | None


def recovery_of(attempts: Sequence[Attempt]) -> Recovery | None:
    """Answer the last attempt red by a check or a conflict before the one that was merged.

    None where there are not both: only a remedy that worked is worth telling.
    """
    green = next((a for a in reversed(attempts) if a.state is State.MERGED), None)
    before = [a for a in attempts if green is not None and a.number < green.number]
    red = next((a for a in reversed(before) if a.red in _MENDED), None)
    if green is None or red is None:
        return None
    later = (a for a in reversed(attempts) if red.number < a.number <= green.number)
    # who began at the target again shares nothing with the red one but the target of that time
    anew = next((a for a in later if a.fresh), None)
    return Recovery(red=red, green=green, since=anew.base if anew else red.head)


def by_rule(recovery: Recovery, verdicts: Iterable[Verdict], changes: Diff) -> Taught | None:
    """Word what was red, why, and what the merged attempt did about it; None without a remedy.

    `verdicts` are those of the red attempt, `changes` what the green one did since. The same
    arguments give the same words.
    """
    red = recovery.red
    failed = [verdict for verdict in verdicts if verdict.status is VerdictStatus.FAILED]
    output = "\n".join(f"{verdict.stdout}\n{verdict.stderr}" for verdict in failed)
    lines = () if red.red is Red.CONFLICT else telling(output.strip() or red.diagnosis)
    names = tuple(dict.fromkeys(verdict.name for verdict in failed))
    files = tuple(change.path for change in changes if not change.deleted)[:_FILES]
    remedy = _remedy(recovery.green.summary, files)
    if not remedy:
        return None
    draft = Draft(
        title=_title(red, names, lines),
        problem=one_line(red.reason, _SUMMARY) if not lines else "; ".join(lines),
        cause="; ".join((ending(red), *map(_how, failed))),
        remedy=remedy,
        tags=(red.red.value if red.red else "", *names),
        files=files,
    )
    return Taught(draft=draft, attempt=recovery.green, origin=Origin.RULE)


def telling(output: str) -> tuple[str, ...]:
    """Answer the few lines that say what is wrong, in their order: exceptions and codes first."""
    # pytest marks the lines of an error by an E
    words = (line[:_READ].split() for line in output.splitlines())
    lines = dict.fromkeys(" ".join(line).removeprefix("E ") for line in words)
    ranked = sorted(_ranked(lines))[:_LINES]
    return tuple(one_line(line, _LINE) for _, _, line in sorted(ranked, key=lambda told: told[1]))


def _title(red: Attempt, names: Sequence[str], lines: Sequence[str]) -> str:
    if red.red is Red.CONFLICT:
        return one_line(red.reason, _TITLE)
    what = f"{', '.join(names) or 'check'} red"
    merged = " once merged" if red.red is Red.MERGED_TIP else ""
    return one_line(": ".join((f"{what}{merged}", *lines[:1])), _TITLE)


def _how(verdict: Verdict) -> str:
    said = verdict.error or f"exit code {verdict.exit_code}"
    return f"check {verdict.name}: {one_line(said, _LINE)}"


def _remedy(summary: str, files: Sequence[str]) -> str:
    said = one_line(summary, _SUMMARY).strip()
    changed = f"Changed: {', '.join(one_line(file, _LINE) for file in files)}" if files else ""
    return "; ".join(filter(None, (said, changed)))


def _ranked(lines: Iterable[str]) -> Iterator[tuple[int, int, str]]:
    for place, line in enumerate(lines):
        if _STRONG.search(line):
            yield 0, place, line
        elif _WEAK.search(line):
            yield 1, place, line
