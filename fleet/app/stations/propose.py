"""Propose: fleet itself makes the first attempt of a task that takes a merge back."""

from dataclasses import dataclass, replace

from fleet.app.desk import Desk
from fleet.app.tools import Terms, Tools
from fleet.domain.attempt import Attempt, Outcome, State, attempt_id
from fleet.domain.errors import ConfigError
from fleet.domain.plan import Propose
from fleet.domain.task import Resolution
from fleet.ports import Conflict

BY_FLEET = "fleet"


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """The commit that takes the merge back stands on the task's branch."""

    task: str
    base: str
    head: str


@dataclass(frozen=True, kw_only=True)
class Unable:
    """It cannot be taken back by git alone."""

    task: str
    reason: str


def carry_out(action: Propose, tools: Tools) -> Proposed | Unable:
    """Build the revert aside and find or make the task's branch at it."""
    task = action.task
    project = tools.project(task.project)
    pull = tools.ledger.pull_request(task.reverts or 0)
    if pull.merged_sha is None:
        raise ConfigError(f"pull request {pull.number} was not merged", remedy="nothing to revert")
    tip = tools.worktrees.tip(project)
    made = tools.worktrees.reverted(
        project, tip=tip, merged=pull.merged_sha, message=task.title, at=task.created
    )
    if isinstance(made, Conflict):
        files = ", ".join(made.files[:5])
        return Unable(task=task.key, reason=f"it does not revert cleanly: {files}")
    tools.worktrees.plant(project, task.branch, sha=made.sha)
    return Proposed(task=task.key, base=tip, head=made.sha)


def settle(finding: Proposed | Unable, desk: Desk, terms: Terms) -> None:
    """Open the attempt that is verified like any other."""
    task = desk.task(finding.task)
    if task is None:
        return
    if isinstance(finding, Unable):
        desk.save(replace(task, resolution=Resolution.FAILED, reason=finding.reason))
        desk.log("task.ended", task, what=finding.reason)
        return
    attempt = Attempt(
        id=attempt_id(task.key, 1, terms.home8),
        task=task.key,
        project=task.project,
        number=1,
        profile=BY_FLEET,
        account=BY_FLEET,
        branch=task.branch,
        state=State.VERIFYING,
        created=desk.at,
        base=finding.base,
        head=finding.head,
        outcome=Outcome.FINISHED,
        summary=task.goal,
        cleaned=True,
    )
    desk.save(attempt)
    desk.log("attempt.proposed", attempt, what=finding.head)
