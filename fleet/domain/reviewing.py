"""How much a reviewer is left with: beyond that no other task of a project is begun."""

from collections import Counter
from collections.abc import Mapping

from fleet.domain.board import Board
from fleet.domain.merge import PullRequestStatus
from fleet.domain.task import Review, Task


def crowded(board: Board) -> Mapping[str, str]:
    """Answer the projects whose reviewers have enough before them, each with words for people."""
    waiting = Counter(
        pull.project for pull in board.snapshot.pulls if pull.status is PullRequestStatus.OPEN
    )
    return {
        key: _words(key, waiting[key], project.in_review_limit)
        for key, project in board.fleet.projects.items()
        if waiting[key] >= project.in_review_limit
    }


def spared(task: Task, board: Board, crowds: Mapping[str, str]) -> str:
    """Say why the task is not begun for the reviewer's sake, "" where nothing speaks against it.

    What was begun goes on, be it sent back by the reviewer, red or swapped: it was counted when it
    began. Who asks no reviewer is not held back either.
    """
    if task.review is Review.AUTO or board.attempts.get(task.key):
        return ""
    return crowds.get(task.project, "")


def _words(project: str, waiting: int, limit: int) -> str:
    each = "pull request waits" if waiting == 1 else "pull requests wait"
    return f"{waiting} {each} for your review in {project} (in_review_limit: {limit})"
