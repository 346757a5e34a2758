"""Merge: the merged tip is built aside, verified, and the target moved by compare-and-swap."""

from dataclasses import dataclass, replace

from fleet.app.desk import Desk
from fleet.app.tools import Tools
from fleet.domain.attempt import Attempt, Red, State
from fleet.domain.errors import StaleLeaseError, WorkspaceError
from fleet.domain.merge import PullRequest, PullRequestStatus
from fleet.domain.plan import Anticipate, Build, Land
from fleet.domain.policy import Decision, judge
from fleet.domain.profile import Project
from fleet.domain.result import Verdict, VerdictStatus, diagnosis, verdict_of
from fleet.ports import Conflict, MergedTip


@dataclass(frozen=True, kw_only=True)
class Built:
    """The merged tip and what the checks said of it."""

    pull: int
    tip: str
    merged: MergedTip
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, kw_only=True)
class InConflict:
    """The branch does not merge into the target as it is now; `reason` where no text conflicts."""

    pull: int
    tip: str
    files: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Blocked:
    """The target cannot move now; `moved_on` when its tip is another than was built on."""

    pull: int
    reason: str
    moved_on: bool = False


@dataclass(frozen=True, kw_only=True)
class Unsure:
    """Nobody can tell now whether the target moved; the same move is tried again."""

    pull: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Landed:
    """The target stands at the merged tip."""

    pull: int
    sha: str


@dataclass(frozen=True, kw_only=True)
class Anticipated:
    """What the checks said of a merge on top of others that have not landed."""

    verdicts: tuple[Verdict, ...]


def record(action: Build, desk: Desk) -> None:
    """Take the target for this merge; the schema allows one a target."""
    if action.pull.status is not PullRequestStatus.MERGING:
        desk.save(replace(action.pull, status=PullRequestStatus.MERGING))
        if not action.pull.reason:  # one that waits is looked at again and again
            what = f"pull request {action.pull.number}"
            desk.log("merge.begun", action.attempt, what=what)


def build(action: Build, tools: Tools) -> Built | InConflict | Blocked:
    """Build the merge aside and check its tree, unless just that tree was checked already."""
    pull = action.pull
    project = tools.project(pull.project)
    if project.target != pull.target:
        reason = f"it was verified for {pull.target}, fleet.yaml says {project.target} now"
        return InConflict(pull=pull.number, tip=pull.base, reason=reason)
    blocked = tools.worktrees.target_blocked(project)
    if blocked:
        return Blocked(pull=pull.number, reason=blocked)
    tip = tools.worktrees.tip(project)
    merged = _merged(pull, project, tools, tip=tip)
    if isinstance(merged, Conflict):
        return InConflict(pull=pull.number, tip=tip, files=merged.files)
    unseen = _unruled(pull, project, tools, tip=tip, merged=merged.sha)
    if unseen:
        reason = f"merging would change guarded files nobody ruled on: {', '.join(unseen[:5])}"
        return InConflict(pull=pull.number, tip=tip, reason=reason)
    verdicts = _checked(pull, project, tools, merged=merged)
    return Built(pull=pull.number, tip=tip, merged=merged, verdicts=verdicts)


def anticipate(action: Anticipate, tools: Tools) -> Anticipated:
    """Check the merge that will be built once those ahead have landed.

    Green, it is known by its tree when its turn comes; whatever else it says is nobody's verdict.
    """
    pull = action.pull
    project = tools.project(pull.project)
    tip = tools.worktrees.tip(project)
    for earlier in action.ahead:
        landed = _merged(earlier, project, tools, tip=tip)
        if isinstance(landed, Conflict):
            return Anticipated(verdicts=())
        tip = landed.sha
    merged = _merged(pull, project, tools, tip=tip)
    if isinstance(merged, Conflict):
        return Anticipated(verdicts=())
    return Anticipated(verdicts=_checked(pull, project, tools, merged=merged))


def _merged(pull: PullRequest, project: Project, tools: Tools, *, tip: str) -> MergedTip | Conflict:
    """Build the merge commit, dated as the pull request is: built again it is the very same."""
    message = f"Merge {pull.task}: {pull.title}"
    return tools.worktrees.merged(
        project, tip=tip, head=pull.head, message=message, at=pull.created
    )


def _checked(
    pull: PullRequest, project: Project, tools: Tools, *, merged: MergedTip
) -> tuple[Verdict, ...]:
    """Answer the checks' verdicts on the merged tree; what passed on it already is not run.

    In the image of today: another one may say otherwise.
    """
    image = tools.runtime.image_id(project.image)
    known = [
        v
        for v in tools.ledger.verdicts(pull.attempt)
        if v.tree == merged.tree and v.image == image and v.status is VerdictStatus.PASSED
    ]
    passed = {(v.name, v.command) for v in known}
    todo = [c for c in project.checks if (c.name, c.command) not in passed]
    verdicts = tools.verifier.check(
        project, attempt=pull.attempt, sha=merged.sha, checks=todo, overlay=False
    )
    tools.trace(pull.attempt, *({"kind": "checked", **v.contract()} for v in verdicts))
    return (*known, *verdicts)


def _unruled(
    pull: PullRequest, project: Project, tools: Tools, *, tip: str, merged: str
) -> list[str]:
    """Answer guarded files that the merge changes but the branch itself did not.

    git follows a rename that the target made meanwhile, into a protected folder for instance.
    """
    ruling = judge(tools.worktrees.diff(project, tip, merged), project)
    if ruling.decision is Decision.ALLOW:
        return []
    seen = judge(tools.worktrees.diff(project, pull.base, pull.head), project)
    return sorted(set(ruling.files) - set(seen.files))


def land(action: Land, tools: Tools) -> Landed | Blocked:
    """Move the target to the candidate, or find that an earlier life has moved it there."""
    pull = action.pull
    project = tools.project(pull.project)
    candidate, tip = pull.candidate or "", pull.candidate_tip or ""
    try:
        waits = tools.worktrees.advance_target(project, old=tip, new=candidate)
    except (StaleLeaseError, WorkspaceError) as error:
        # an earlier life may have moved it, or this one until something failed
        if tools.worktrees.is_merged(project, candidate):
            return Landed(pull=pull.number, sha=candidate)
        moved_on = isinstance(error, StaleLeaseError)
        return Blocked(pull=pull.number, reason=str(error), moved_on=moved_on)
    if waits:
        return Blocked(pull=pull.number, reason=waits)
    return Landed(pull=pull.number, sha=candidate)


def settle(finding: Built | InConflict | Blocked | Unsure | Landed, desk: Desk) -> None:
    """Move pull request and attempt by what was found."""
    pull = desk.pull(finding.pull)
    attempt = desk.attempt(pull.attempt) if pull else None
    if pull is None or attempt is None or pull.status is not PullRequestStatus.MERGING:
        return
    match finding:
        case Built():
            _built(finding, pull, attempt, desk)
        case InConflict():
            named = f"conflict with the target in {', '.join(finding.files[:5])}"
            reason = finding.reason or named
            said = f"{reason}. The target's tip was {finding.tip}; start from it."
            _evict(pull, attempt, desk, red=Red.CONFLICT, reason=reason, diagnosis=said)
        case Blocked() | Unsure():
            _wait(finding, pull, attempt, desk)
        case Landed():
            merged = PullRequestStatus.MERGED
            desk.save(replace(pull, status=merged, merged_sha=finding.sha, reason=""))
            desk.move(attempt, State.MERGED, reason=f"merged as {finding.sha[:12]}")


def settle_anticipated(finding: Anticipated, desk: Desk) -> None:
    """Note what passed: a merge of the same tree need not be checked again."""
    for verdict in finding.verdicts:
        if verdict.status is VerdictStatus.PASSED:
            desk.append(verdict)


def _built(finding: Built, pull: PullRequest, attempt: Attempt, desk: Desk) -> None:
    for verdict in finding.verdicts:
        desk.append(verdict)
    match verdict_of(finding.verdicts):
        case VerdictStatus.PASSED:
            candidate = finding.merged.sha
            desk.save(replace(pull, candidate=candidate, candidate_tip=finding.tip, reason=""))
            desk.log("merge.verified", attempt, what=candidate)
        case VerdictStatus.FAILED:
            said = diagnosis(finding.verdicts)
            reason = "red once merged into the target"
            _evict(pull, attempt, desk, red=Red.MERGED_TIP, reason=reason, diagnosis=said)
        case VerdictStatus.ERROR:
            reason = f"the check could not run: {diagnosis(finding.verdicts)[:300]}"
            opened = replace(pull, status=PullRequestStatus.OPEN, reason=reason)
            desk.save(opened)
            desk.log("merge.error", attempt, what=reason)


def _evict(
    pull: PullRequest, attempt: Attempt, desk: Desk, *, red: Red, reason: str, diagnosis: str
) -> None:
    desk.save(replace(pull, status=PullRequestStatus.EVICTED, reason=reason))
    desk.move(attempt, State.REJECTED, reason=reason, red=red, diagnosis=diagnosis)


def _wait(finding: Blocked | Unsure, pull: PullRequest, attempt: Attempt, desk: Desk) -> None:
    """Put it back into the queue; the merge is built anew on the tip of that time.

    Where it may have landed its candidate stays: forgotten, nobody could find that out.
    """
    waiting = replace(pull, reason=finding.reason)
    if isinstance(finding, Blocked):
        queued = PullRequestStatus.QUEUED
        reason = "" if finding.moved_on else finding.reason
        waiting = replace(pull, status=queued, reason=reason, candidate=None, candidate_tip=None)
    desk.save(waiting)
    if waiting.reason != pull.reason:
        desk.log("merge.waits", attempt, what=finding.reason)
