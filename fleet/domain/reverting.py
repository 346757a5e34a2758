"""Reverting: whether a merge still stands, and who takes it back already."""

from collections.abc import Sequence

from fleet.domain.merge import PullRequest
from fleet.domain.task import Task


def reverted_by(
    number: int, tasks: Sequence[Task], pulls: Sequence[PullRequest]
) -> PullRequest | None:
    """Answer the merged pull request that took this one back, None while it stands.

    One that was taken back itself took nothing back: then the first stands again.
    """
    keys = {task.key for task in tasks if task.reverts == number}
    for pull in pulls:
        landed = pull.task in keys and pull.merged_sha is not None
        # who takes it back has a higher number: this comes to an end
        if landed and reverted_by(pull.number, tasks, pulls) is None:
            return pull
    return None


def against_revert(pull: PullRequest, tasks: Sequence[Task], pulls: Sequence[PullRequest]) -> str:
    """Say why the merge of a pull request cannot be taken back now, "" where it can."""
    if pull.merged_sha is None:
        return f"pull request {pull.number} is {pull.status}: only a merged one can be taken back"
    for task in tasks:
        if task.reverts == pull.number and task.open:
            return f"{task.key} takes pull request {pull.number} back already"
    by = reverted_by(pull.number, tasks, pulls)
    if by is not None:
        return f"pull request {by.number} ({by.task}) took pull request {pull.number} back already"
    return ""
