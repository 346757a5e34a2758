"""Read model of what is kept of a task's work though it was not merged."""

from collections.abc import Iterable, Mapping
from shlex import quote

from fleet.app.views.row import Row, moment
from fleet.domain.attempt import Attempt
from fleet.domain.clearing import KEPT_REFS, Leftover
from fleet.ports import Ledger

_BEFORE = "-before"


def kept_rows(key: str, kept: Iterable[Leftover], ledger: Ledger) -> list[Row]:
    """Answer the `kept` of `task show`: where the work is, why it is there, how to look at it."""
    attempts = {attempt.id: attempt for attempt in ledger.attempts(key)}
    return [
        {
            "ref": each.name,
            "sha": each.sha,
            "at": moment(each.at),
            "why": _why(each, attempts),
            "look": f"git -C {quote(each.where)} log -p {each.name}",
        }
        for each in kept
        if each.task == key
    ]


def _why(kept: Leftover, attempts: Mapping[str, Attempt]) -> str:
    attempt = attempts.get(kept.attempt)
    if attempt is None:
        return "its attempt is not in the ledger" if kept.attempt else "its branch was put away"
    beside = kept.name.removeprefix(f"{KEPT_REFS}{attempt.id}")
    if beside.startswith(_BEFORE):
        return f"attempt {attempt.number} began at the target; its branch held this before"
    reason = f": {attempt.reason}" if attempt.reason else ""
    return f"attempt {attempt.number} is {attempt.state}{reason}"
