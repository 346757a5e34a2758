"""Questions that wait for a human, and their answers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ActionStatus(StrEnum):
    """Where a pending action stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    CLEARED = "cleared"


@dataclass(frozen=True, kw_only=True)
class PendingAction:
    """Something that waits for a human's yes: what would be done, to which SHA, by which rule.

    `id` is `A-<number>`. `risks` are lines `CATEGORY: words` that policy said of the diff, `diff`
    its beginning, without secrets. `answered_by` and `answered_at` are set by whatever ends it.
    """

    id: str
    number: int
    task: str
    attempt: str
    category: str
    action: str
    created: datetime
    sha: str | None = None
    files: tuple[str, ...] = ()
    diff: str = ""
    risks: tuple[str, ...] = ()
    rule: str = ""
    dry_run: str = ""
    status: ActionStatus = ActionStatus.PENDING
    answer: str = ""
    answered_by: str = ""
    answered_at: datetime | None = None
    replace_check: bool = False
    version: int = 0
