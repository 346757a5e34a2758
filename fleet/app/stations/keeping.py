"""Keeping: what an attempt left is kept where its branch does not hold it any more."""

from collections.abc import Sequence

from fleet.domain.attempt import Attempt
from fleet.domain.profile import Project
from fleet.ports import Worktrees


def keep_lost(
    attempts: Sequence[Attempt], project: Project, *, branch: str, worktrees: Worktrees
) -> None:
    """Keep the newest head of these attempts, oldest first, where somebody moved the branch.

    Older ones were looked at when the next attempt began. Raises as `Worktrees.keep_lost` does.
    """
    for attempt in reversed(attempts):
        if attempt.head is not None:
            worktrees.keep_lost(project, attempt.head, branch=branch, name=attempt.id)
            return
