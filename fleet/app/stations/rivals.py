"""Rivals: whose merged work a pull request is in conflict with, or red together with."""

import logging
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath

from fleet.app.tools import Tools
from fleet.domain.errors import WorkspaceError
from fleet.domain.merge import PullRequest
from fleet.domain.profile import Project
from fleet.domain.task import Task

log = logging.getLogger(__name__)

# the oldest of many are named by nobody; each one costs a process of git
_LOOKED_AT = 200
_NAMED = 5


def merged_since(
    pull: PullRequest, tools: Tools, *, tip: str, files: Sequence[str]
) -> tuple[Task, ...]:
    """Answer the tasks whose work the tip holds and the tip it was verified against does not.

    With `files` those that changed any of them, newest first; without, whose work is nearest to
    the pull request's own: the same files, then the same folders. At most five.
    """
    project = tools.project(pull.project)
    if files:
        return changed_since(project, tools, base=pull.base, tip=tip, files=files)
    try:
        own = _paths(project, tools, pull)
        found = _changed(project, tools, base=pull.base, tip=tip)
        near = sorted(found, key=lambda one: _nearness(one[1], own), reverse=True)
        return _tasks((other for other, _ in near), tools)
    except WorkspaceError as error:
        return _nobody(project, error)


def changed_since(
    project: Project, tools: Tools, *, base: str, tip: str, files: Sequence[str]
) -> tuple[Task, ...]:
    """Answer the tasks merged after `base` that changed any of the files, newest first."""
    try:
        found = _changed(project, tools, base=base, tip=tip)
        return _tasks((other for other, paths in found if paths & set(files)), tools)
    except WorkspaceError as error:
        return _nobody(project, error)


def _nobody(project: Project, error: WorkspaceError) -> tuple[Task, ...]:
    """Let nobody be named where commits are gone: that keeps no queue from moving."""
    log.warning("rivals not found", extra={"project": project.key, "reason": str(error)})
    return ()


def _changed(
    project: Project, tools: Tools, *, base: str, tip: str
) -> Iterator[tuple[PullRequest, frozenset[str]]]:
    """Yield what was merged between the two, newest first, with the files that it changed."""
    commits = tools.worktrees.commits_between(project, base, tip)
    place = {sha: number for number, sha in enumerate(commits)}
    merged = [
        (place[pull.merged_sha], pull)
        for pull in tools.ledger.pull_requests()
        if pull.project == project.key and pull.merged_sha in place
    ]
    for _, pull in sorted(merged, key=lambda one: one[0])[:_LOOKED_AT]:
        yield pull, _paths(project, tools, pull)


def _paths(project: Project, tools: Tools, pull: PullRequest) -> frozenset[str]:
    diff = tools.worktrees.diff(project, pull.base, pull.head)
    return frozenset(path for change in diff for path in change.paths)


def _nearness(paths: Collection[str], own: Collection[str]) -> tuple[int, int]:
    shared = len(set(paths) & set(own))
    return shared, len(_folders(paths) & _folders(own))


def _folders(paths: Collection[str]) -> set[PurePosixPath]:
    return {PurePosixPath(path).parent for path in paths}


def _tasks(pulls: Iterator[PullRequest], tools: Tools) -> tuple[Task, ...]:
    keys: dict[str, None] = {}
    for pull in pulls:
        keys[pull.task] = None
        if len(keys) == _NAMED:
            break
    return tuple(tools.ledger.task(key) for key in keys)
