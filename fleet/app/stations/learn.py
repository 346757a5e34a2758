"""Learn: what an ended attempt no longer needs is removed, and an ended task put away."""

from dataclasses import dataclass, replace

from fleet.app.desk import Desk
from fleet.app.learning import learn_from
from fleet.app.stations.keeping import keep_lost
from fleet.app.tools import Tools
from fleet.domain.attempt import Attempt
from fleet.domain.errors import WorkspaceError
from fleet.domain.plan import Clean, Retire
from fleet.domain.profile import Project
from fleet.domain.task import Resolution


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """Container, worktree and files of the attempt are gone."""

    attempt: str


@dataclass(frozen=True, kw_only=True)
class Retired:
    """The branch is put away; `note` says what could not be done.

    `version` is that of the task when its end was decided.
    """

    task: str
    version: int
    fate: Resolution
    reason: str
    note: str = ""


def clean(action: Clean, tools: Tools) -> Cleaned:
    """Remove container, network, secret, worktree and packet; the work is on the branch already."""
    attempt = action.attempt
    tools.runtime.remove(attempt.container)
    tools.networks.close(attempt.id)
    tools.secrets.drop(attempt.id)
    project = tools.fleet.projects.get(attempt.project)
    if project is not None:
        tools.worktrees.remove(project, attempt.id)
    tools.packets.drop(attempt.id)
    return Cleaned(attempt=attempt.id)


def retire(action: Retire, tools: Tools) -> Retired:
    """Delete a merged or cancelled branch, kept before it goes; a failed one stays for a retry.

    What it taught is kept before its work is put away. What its CLIs kept of their sessions goes.
    """
    task, notes = action.task, list(learn_from(action, tools))
    project = tools.fleet.projects.get(task.project)
    try:
        if project is not None:
            _put_away(action, project, tools)
    except WorkspaceError as error:
        notes.append(f"branch {task.branch} stays: {error}")
    tools.packets.drop_shelves(task.key)
    return Retired(
        task=task.key,
        version=task.version,
        fate=action.fate,
        reason=action.reason,
        note="; ".join(notes),
    )


def _put_away(action: Retire, project: Project, tools: Tools) -> None:
    branch = action.task.branch
    keep_lost(action.attempts, project, branch=branch, worktrees=tools.worktrees)
    head = tools.worktrees.head(project, branch)
    if head is None:
        return
    merged = tools.worktrees.is_merged(project, head)
    kept = _kept_name(action.attempts, action.task.key)
    if action.fate is Resolution.FAILED:
        tools.worktrees.keep(project, head, name=kept)
        return
    keep = None if merged else kept
    tools.worktrees.drop_branch(project, branch, head=head, keep=keep)


def _kept_name(attempts: tuple[Attempt, ...], key: str) -> str:
    return attempts[-1].id if attempts else key.lower()


def settle(finding: Cleaned | Retired, desk: Desk) -> None:
    """Write down that it is cleaned, or that the task has ended."""
    match finding:
        case Cleaned():
            attempt = desk.attempt(finding.attempt)
            if attempt is not None and not attempt.cleaned:
                desk.save(replace(attempt, cleaned=True))
        case Retired():
            task = desk.task(finding.task)
            # a person spoke meanwhile, perhaps asked for a retry: the planner decides anew
            if task is None or task.version != finding.version:
                return
            ended = replace(task, resolution=finding.fate, reason=finding.reason, updated=desk.at)
            desk.save(ended)
            desk.clear_questions(task.key)
            data = {"resolution": finding.fate.value}
            what = "; ".join(filter(None, (finding.reason, finding.note)))
            desk.log("task.ended", ended, what=what, data=data)
