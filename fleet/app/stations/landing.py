"""Land: the target is moved to what was checked, by compare-and-swap."""

from dataclasses import replace

from fleet.app.clearance import all_stopped
from fleet.app.desk import Desk
from fleet.app.stations.found import Landed, Unmoved, Unsure
from fleet.app.stations.trying import unsynced
from fleet.app.tools import Tools
from fleet.domain.attempt import State
from fleet.domain.errors import StaleLeaseError, TransientError, WorkspaceError
from fleet.domain.merge import PullRequest, PullRequestStatus
from fleet.domain.merging import is_merging
from fleet.domain.profile import Project
from fleet.domain.tries import Land


def land(action: Land, tools: Tools) -> Landed | Unmoved | Unsure:
    """Move the target to the candidate, or find that an earlier life has moved it there.

    A remote is asked first: what it refuses has landed nowhere.
    """
    first, stopped = action.pulls[0], all_stopped(tools)
    if stopped:
        # whether an earlier life has moved it is found out once it is resumed
        return _unsure(action, stopped)
    # what was begun is ended where it was begun, whatever fleet.yaml names now
    project = replace(tools.project(first.project), target=first.target)
    candidate, tip = first.candidate or "", first.candidate_tip or ""
    try:
        unheard = _unpushed(action, project, tools)
        if unheard:
            return _unsure(action, unheard)
        waits = tools.worktrees.advance_target(project, old=tip, new=candidate)
    except (StaleLeaseError, WorkspaceError) as error:
        return _looked_at(action, project, tools, error=error)
    if not waits:
        return _landed(action)
    # the remote may hold it: forgotten here it would be merged twice
    return _unsure(action, waits) if project.remote else _unmoved(action, waits)


def _unpushed(action: Land, project: Project, tools: Tools) -> str:
    """Push the candidate; answer why nobody can tell whether the remote has it, "" if it has."""
    first = action.pulls[0]
    try:
        tools.worktrees.pushed(project, old=first.candidate_tip or "", new=first.candidate or "")
    except TransientError as error:
        return str(error)
    return ""


def _looked_at(
    action: Land, project: Project, tools: Tools, *, error: StaleLeaseError | WorkspaceError
) -> Landed | Unmoved | Unsure:
    """Find out whether it landed: an earlier life may have moved it, or this one until it failed.

    At a remote others may stand upon it by now.
    """
    waits = unsynced(project, tools)
    if tools.worktrees.is_merged(project, action.pulls[0].candidate or ""):
        return _landed(action)
    if waits:
        return _unsure(action, waits)
    return _unmoved(action, str(error), moved_on=isinstance(error, StaleLeaseError))


def _landed(action: Land) -> Landed:
    first = action.pulls[0]
    candidate = first.candidate or ""
    where = {"project": first.project, "target": first.target}
    return Landed(**where, pulls=action.numbers, candidate=candidate)


def _unmoved(action: Land, reason: str, *, moved_on: bool = False) -> Unmoved:
    first = action.pulls[0]
    return Unmoved(
        project=first.project,
        target=first.target,
        pulls=action.numbers,
        candidate=first.candidate or "",
        reason=reason,
        moved_on=moved_on,
    )


def _unsure(action: Land, reason: str) -> Unsure:
    candidate = action.pulls[0].candidate or ""
    return Unsure(pulls=action.numbers, candidate=candidate, reason=reason)


def failed(action: Land, reason: str) -> Unsure:
    """Answer what an error means that will not pass by itself: the candidate may have landed."""
    return _unsure(action, reason)


def settle(finding: Landed | Unmoved | Unsure, desk: Desk) -> None:
    """Move the pull requests that still wait for just this candidate."""
    for number in finding.pulls:
        pull = desk.pull(number)
        if pull is None or not is_merging(pull) or pull.candidate != finding.candidate:
            continue
        match finding:
            case Landed():
                _merged(pull, desk)
            case Unmoved():
                _back(finding, pull, desk)
            case Unsure():
                _wait(pull, replace(pull, reason=finding.reason), desk)


def _merged(pull: PullRequest, desk: Desk) -> None:
    attempt = desk.attempt(pull.attempt)
    if attempt is None:
        return
    sha, merged = pull.built or pull.candidate or "", PullRequestStatus.MERGED
    desk.save(replace(pull, status=merged, merged_sha=sha, place=0, reason=""))
    desk.move(attempt, State.MERGED, reason=f"merged as {sha[:12]}")


def _back(finding: Unmoved, pull: PullRequest, desk: Desk) -> None:
    """Put it back into the queue; the merge is built anew on the tip of that time."""
    queued = replace(pull, status=PullRequestStatus.QUEUED, candidate=None, candidate_tip=None)
    reason = "" if finding.moved_on else finding.reason
    _wait(pull, replace(queued, place=0, built=None, reason=reason), desk)


def _wait(pull: PullRequest, waiting: PullRequest, desk: Desk) -> None:
    if waiting == pull:
        return
    desk.save(waiting)
    if waiting.reason != pull.reason:
        desk.log("merge.waits", desk.attempt(pull.attempt), what=waiting.reason or "built anew")
