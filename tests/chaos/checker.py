"""The independent checker: looks at a night from outside and says which promises were broken.

It shares no code with fleet: a mistake in a rule there would be believed here.
"""

from collections.abc import Iterator

from tests.chaos import books, ends, history, remains
from tests.chaos.evidence import Evidence, gathered
from tests.chaos.stage import Stage


def check(stage: Stage) -> tuple[str, ...]:
    """Answer what is wrong, in words, after the coordinator has ended; () where all is well."""
    return tuple(judged(gathered(stage)))


def judged(evidence: Evidence) -> Iterator[str]:
    """Yield what is wrong with what was found."""
    if evidence.sound != "ok":
        yield f"ledger: {evidence.sound}"
        return
    yield from ends.tasks(evidence)
    yield from ends.attempts(evidence)
    yield from ends.events(evidence)
    yield from ends.alone(evidence)
    yield from _work(evidence)
    yield from books.money(evidence)
    yield from remains.remains(evidence)


def _work(evidence: Evidence) -> Iterator[str]:
    broken = tuple(history.broken(evidence))
    yield from broken
    if not broken:
        yield from history.target(evidence)
        yield from history.lost(evidence)
