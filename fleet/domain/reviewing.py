"""What a reviewer has to see, and how much they are left with: beyond that nothing is begun."""

from collections import Counter
from collections.abc import Mapping

from fleet.domain.attempt import Attempt, Outcome, State
from fleet.domain.board import Board
from fleet.domain.merge import PullRequestStatus
from fleet.domain.profile import Project
from fleet.domain.task import Review, Task


def asks_review(task: Task, attempt: Attempt, project: Project) -> bool:
    """Tell whether a person has to see what an attempt made before it is merged.

    Whoever asks for a revert knows what git takes back, but not what an agent makes of it.
    """
    own = task.reverts is None or attempt.by_fleet
    return Review.REQUIRED in ({task.review} if own else {task.review, project.review})


def crowded(board: Board) -> Mapping[str, str]:
    """Answer the projects whose reviewers have enough before them, each with words for people.

    What is being verified counts too: its slot is free again long before its pull request is open.
    """
    waiting = Counter(
        pull.project for pull in board.snapshot.pulls if pull.status is PullRequestStatus.OPEN
    )
    coming = _coming(board)
    return {
        key: _words(key, waiting[key], coming[key], limit=project.in_review_limit)
        for key, project in board.fleet.projects.items()
        if waiting[key] + coming[key] >= project.in_review_limit
    }


def spared(task: Task, board: Board, crowds: Mapping[str, str]) -> str:
    """Say why the task is not begun for the reviewer's sake, "" where nothing speaks against it.

    What was begun goes on, be it sent back by the reviewer, red or swapped: it was counted when it
    began. Who asks no reviewer is not held back either.
    """
    if task.review is Review.AUTO or board.attempts.get(task.key):
        return ""
    return crowds.get(task.project, "")


def _coming(board: Board) -> Counter[str]:
    """Count by project the attempts that are verified next, or now, for a reviewer."""
    tasks = {task.key: task for task in board.snapshot.tasks}
    return Counter(
        attempt.project
        for attempt in board.snapshot.attempts
        if _verified_next(attempt)
        # a project that fleet.yaml names no more has no reviewer to be spared
        and (project := board.fleet.projects.get(attempt.project))
        and (task := tasks.get(attempt.task))
        and asks_review(task, attempt, project)
    )


def _verified_next(attempt: Attempt) -> bool:
    collected = attempt.state is State.COLLECTED and attempt.outcome is Outcome.FINISHED
    return collected or attempt.state is State.VERIFYING


def _words(project: str, waiting: int, coming: int, *, limit: int) -> str:
    each = "pull request waits" if waiting == 1 else "pull requests wait"
    more = f", {coming} more on the way" if coming else ""
    return f"{waiting} {each} for your review in {project}{more} (in_review_limit: {limit})"
