"""Pull requests and the order in which they are merged."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fleet.domain.task import Priority


class PullRequestStatus(StrEnum):
    """Where a verified branch stands on its way into the target."""

    OPEN = "open"
    APPROVED = "approved"
    QUEUED = "queued"
    MERGING = "merging"
    MERGED = "merged"
    REJECTED = "rejected"
    EVICTED = "evicted"


class MergeWay(StrEnum):
    """How a branch enters the target: as a merge commit, or as one commit of its own."""

    MERGE = "merge"
    SQUASH = "squash"


IN_QUEUE = frozenset({PullRequestStatus.APPROVED, PullRequestStatus.QUEUED})
CLOSED = frozenset(
    {PullRequestStatus.MERGED, PullRequestStatus.REJECTED, PullRequestStatus.EVICTED}
)


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """A verified branch awaiting review or merge; `head` is the exact SHA that may land.

    `candidate` is the merge built aside on `candidate_tip` and verified, written down before the
    target moves, so that a restart can tell whether it landed. Those that land together share
    it: `place` is where in this batch it stands, `built` its own merge commit within. `size` is
    the number of lines it changes, `risk` what policy noticed of it, `comments` what reviewers
    said.
    """

    number: int
    task: str
    project: str
    attempt: str
    branch: str
    target: str
    base: str
    head: str
    title: str
    created: datetime
    status: PullRequestStatus = PullRequestStatus.OPEN
    summary: str = ""
    reason: str = ""
    candidate: str | None = None
    candidate_tip: str | None = None
    place: int = 0
    built: str | None = None
    merged_sha: str | None = None
    reviewers: tuple[str, ...] = ()
    size: int = 0
    risk: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    version: int = 0

    @property
    def closed(self) -> bool:
        """Tell whether it has come to an end."""
        return self.status in CLOSED


def merge_order(pull: PullRequest, priority: Priority) -> tuple[int, datetime, int, int]:
    """Order the queue: priority, then age, then size, then number."""
    return (priority.rank, pull.created, pull.size, pull.number)
