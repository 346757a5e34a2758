"""Acceptance criteria: which of them a check shows, told without guessing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fleet.domain.result import Verdict, VerdictStatus, verdict_of

# what a check is called that ran with the check files of the target
_AT_TARGET = "@target"


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """An acceptance criterion; `check` is the one its text names, `status` what that said.

    Both are None where it names none: then nobody but a human can tell.
    """

    text: str
    check: str | None = None
    status: VerdictStatus | None = None

    @property
    def shown(self) -> bool:
        """Tell whether the check that it names is green."""
        return self.status is VerdictStatus.PASSED


def criteria(accept: Sequence[str], verdicts: Sequence[Verdict]) -> tuple[Criterion, ...]:
    """Mark each criterion by the verdicts that were given on the very commit in review."""
    names = {verdict.name.removesuffix(_AT_TARGET) for verdict in verdicts}
    return tuple(_marked(text, named_check(text, names), verdicts) for text in accept)


def named_check(text: str, names: Iterable[str]) -> str | None:
    """Answer the check that a criterion names: `NAME: ...`, or NAME in backquotes.

    A name within a sentence does not count: "check that all tests are fast" speaks of no check.
    """
    beginning = text.partition(":")[0].strip().casefold() if ":" in text else None
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    for name in longest_first:
        if name.casefold() == beginning or f"`{name}`" in text:
            return name
    return None


def _marked(text: str, name: str | None, verdicts: Sequence[Verdict]) -> Criterion:
    if name is None:
        return Criterion(text=text)
    its = tuple(each for each in verdicts if each.name.removesuffix(_AT_TARGET) == name)
    return Criterion(text=text, check=name, status=verdict_of(its))
