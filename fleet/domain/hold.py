"""Holds: what a person told the fleet to stop, until it is lifted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

FLEET = "fleet"
COORDINATOR = "coordinator"
# who lifts what its predecessor was told; no user of a machine is called so
SUCCESSOR = "the next coordinator"
_LONGEST = 200  # characters of a reason


class HoldKind(StrEnum):
    """How far it goes: `drain` lets finish what runs and starts nothing, `stop` stops it too."""

    DRAIN = "drain"
    STOP = "stop"


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A stop that stands until it is lifted; one row a subject.

    `subject` is `fleet` (everything), `task KEY`, or `coordinator`: that one asks the process which
    coordinates now to end, and the next one lifts it. `who` and `at` are of the last change.
    """

    subject: str
    kind: HoldKind
    active: bool
    who: str
    at: datetime
    reason: str = ""
    version: int = 0

    @property
    def said(self) -> str:
        """Answer it in words: who stopped it, when and why."""
        why = f": {self.reason}" if self.reason else ""
        return f"stopped by {self.who} at {self.at:%Y-%m-%d %H:%M} UTC{why}"


def task_subject(key: str) -> str:
    """Answer what the hold of a task is kept under."""
    return f"task {key}"


def reason_of(text: str) -> str:
    """Answer a reason as it is shown: one bounded line without control characters."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 3]}..."


def holds_of(holds: Iterable[Hold]) -> Mapping[str, Hold]:
    """Answer the holds that stand, by subject."""
    return {hold.subject: hold for hold in holds if hold.active}
