"""Propose: fleet itself makes the first attempt of a task that takes a merge back."""

from dataclasses import dataclass, replace

from fleet.app.desk import Desk
from fleet.app.stations import rivals
from fleet.app.tools import Terms, Tools
from fleet.domain.attempt import BY_FLEET, Attempt, Outcome, Red, State, attempt_id
from fleet.domain.errors import WorkspaceError
from fleet.domain.merge import PullRequest
from fleet.domain.plan import Propose
from fleet.domain.profile import Project
from fleet.domain.proposing import own_turn
from fleet.domain.rivals import about_revert, not_taken_back
from fleet.domain.task import Resolution, Task
from fleet.ports import Conflict

_PATCH = 4000


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """The commit that takes the merge back stands on the task's branch."""

    task: str
    base: str
    head: str
    summary: str


@dataclass(frozen=True, kw_only=True)
class Clashing:
    """Git alone cannot take it back: later work stands on it, that of `others` for instance."""

    task: str
    base: str
    reason: str
    diagnosis: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pointless:
    """The task ends at once: there is nothing to take back, or nobody could without a human."""

    task: str
    resolution: Resolution
    reason: str


def carry_out(action: Propose, tools: Tools) -> Proposed | Clashing | Pointless:
    """Build the revert on the target's tip and find or make the task's branch at it."""
    task, project = action.task, tools.project(action.task.project)
    pull = tools.ledger.pull_request(task.reverts or 0)
    if pull.merged_sha is None:
        reason = f"pull request {pull.number} is {pull.status}: there is nothing to take back"
        return failed(action, reason)
    tip = tools.worktrees.tip(project)
    what = f"pull request {pull.number} of {pull.task}, merged as {pull.merged_sha}"
    message = f"{task.title}\n\nThis takes back {what}."
    made = tools.worktrees.reverted(
        project, tip=tip, merged=pull.merged_sha, message=message, at=task.created
    )
    if isinstance(made, Conflict):
        return _clashing(task, pull, tools, tip=tip, conflict=made)
    _put_away(task, project, tools, unless=made.sha)
    if made.sha == tip:
        reason = f"nothing of pull request {pull.number} is left in {project.target}"
        return Pointless(task=task.key, resolution=Resolution.MERGED, reason=reason)
    tools.worktrees.plant(project, task.branch, sha=made.sha)
    return Proposed(task=task.key, base=tip, head=made.sha, summary=f"This takes back {what}.")


def failed(action: Propose, reason: str) -> Pointless:
    """Answer the end of a task that nobody could do before a human acted."""
    return Pointless(task=action.task.key, resolution=Resolution.FAILED, reason=reason)


def _put_away(task: Task, project: Project, tools: Tools, *, unless: str) -> None:
    """Keep elsewhere what an earlier life or try proposed, on a tip that has moved on since."""
    head = tools.worktrees.head(project, task.branch)
    if head not in {None, unless}:
        kept = f"{task.key.lower()}-{head[:12]}"
        tools.worktrees.drop_branch(project, task.branch, head=head, keep=kept)


def _clashing(
    task: Task, pull: PullRequest, tools: Tools, *, tip: str, conflict: Conflict
) -> Clashing:
    project, merged = tools.project(task.project), pull.merged_sha or ""
    others = rivals.changed_since(project, tools, base=merged, tip=tip, files=conflict.files)
    reason = not_taken_back(pull, conflict.files, others)
    patch = _patch(pull, project, tools)
    return Clashing(
        task=task.key,
        base=tip,
        reason=reason,
        diagnosis=about_revert(reason, conflict.sides, others, merged=merged, patch=patch),
        others=tuple(other.key for other in others),
    )


def _patch(pull: PullRequest, project: Project, tools: Tools) -> str:
    """Answer the beginning of what it brought, "" where its own branch is gone for good."""
    try:
        return tools.worktrees.patch(project, pull.base, pull.head, limit=_PATCH)
    except WorkspaceError:
        return ""


def settle(finding: Proposed | Clashing | Pointless, desk: Desk, terms: Terms) -> None:
    """Open the attempt that is verified like any other, or that says why an agent is needed."""
    task = desk.task(finding.task)
    before = [a for a in desk.snapshot.attempts if a.task == finding.task]
    # an earlier life may have written it down already
    if task is None or not own_turn(task, before):
        return
    match finding:
        case Pointless():
            _end(finding, task, desk)
        case Proposed():
            attempt = _opened(task, desk, terms, number=len(before) + 1, base=finding.base)
            proposed = replace(attempt, head=finding.head, summary=finding.summary)
            desk.save(proposed)
            desk.log("attempt.proposed", proposed, what=finding.summary)
        case Clashing():
            attempt = _opened(task, desk, terms, number=len(before) + 1, base=finding.base)
            why = {"reason": finding.reason, "diagnosis": finding.diagnosis}
            desk.move(attempt, State.REJECTED, red=Red.CONFLICT, others=finding.others, **why)


def _end(finding: Pointless, task: Task, desk: Desk) -> None:
    """End the task; one that is to be cancelled is left to that."""
    if task.cancel_requested:
        return
    ended = replace(
        task, resolution=finding.resolution, reason=finding.reason, updated=desk.at, fresh=False
    )
    desk.save(ended)
    data = {"resolution": finding.resolution.value}
    desk.log("task.ended", ended, what=finding.reason, data=data)


def _opened(task: Task, desk: Desk, terms: Terms, *, number: int, base: str) -> Attempt:
    """Answer an attempt that nobody ran: nothing of it is to be cleaned, settled or waited for."""
    if task.fresh:
        desk.save(replace(task, fresh=False))
    return Attempt(
        id=attempt_id(task.key, number, terms.home8),
        task=task.key,
        project=task.project,
        number=number,
        profile=BY_FLEET,
        account=BY_FLEET,
        branch=task.branch,
        state=State.VERIFYING,
        created=desk.at,
        fresh=True,
        base=base,
        outcome=Outcome.FINISHED,
        cleaned=True,
    )
