"""Rivals: whose merged work a pull request is in conflict with, and what the next agent is told."""

from collections.abc import Sequence

from fleet.app.tools import Tools
from fleet.domain.merge import PullRequest
from fleet.domain.task import Task
from fleet.ports import Conflict


def merged_since(pull: PullRequest, tools: Tools, *, files: Sequence[str]) -> tuple[Task, ...]:
    """Answer the tasks merged since the pull request was verified; with `files` those in them."""
    return ()


def in_conflict(files: Sequence[str], others: Sequence[Task]) -> str:
    """Word the reason of an eviction."""
    return f"conflict with the target in {', '.join(files[:5])}"


def about_conflict(conflict: Conflict | None, others: Sequence[Task], *, tip: str) -> str:
    """Word the diagnosis for the next attempt."""
    files = conflict.files if conflict else ()
    return f"{in_conflict(files, others)}. The target's tip was {tip}; start from it."


def red_together(others: Sequence[str]) -> str:
    """Word the reason of an eviction where all is green apart."""
    return "red once merged into the target"
