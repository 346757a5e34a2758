"""Merge: the target is moved to what was checked, by compare-and-swap."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fleet.app.desk import Desk
from fleet.app.stations import rivals
from fleet.app.stations.trying import Held, InConflict, Tried, Voided, conflicting
from fleet.app.tools import Tools
from fleet.domain.attempt import Red, State
from fleet.domain.errors import StaleLeaseError, WorkspaceError
from fleet.domain.merge import PullRequest, PullRequestStatus
from fleet.domain.plan import Land
from fleet.domain.queue import flat
from fleet.domain.result import VerdictStatus, diagnosis

_QUEUED = frozenset({PullRequestStatus.APPROVED, PullRequestStatus.QUEUED})


@dataclass(frozen=True, kw_only=True)
class Unsure:
    """Nobody can tell now whether the target moved; the same move is tried again."""

    pulls: tuple[int, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class Landed:
    """The target stands at the candidate of these pull requests."""

    project: str
    target: str
    pulls: tuple[int, ...]
    sha: str


def land(action: Land, tools: Tools) -> Landed | Held:
    """Move the target to the candidate, or find that an earlier life has moved it there.

    A remote is asked first: what it refuses has landed nowhere.
    """
    first = action.pulls[0]
    project = tools.project(first.project)
    candidate, tip = first.candidate or "", first.candidate_tip or ""
    try:
        tools.worktrees.pushed(project, old=tip, new=candidate)
        waits = tools.worktrees.advance_target(project, old=tip, new=candidate)
    except (StaleLeaseError, WorkspaceError) as error:
        # an earlier life may have moved it, or this one until something failed
        if tools.worktrees.is_merged(project, candidate):
            return _moved(action)
        return _kept(action, str(error), moved_on=isinstance(error, StaleLeaseError))
    return _kept(action, waits) if waits else _moved(action)


def _moved(action: Land) -> Landed:
    first = action.pulls[0]
    return Landed(
        project=first.project,
        target=first.target,
        pulls=action.numbers,
        sha=first.candidate or "",
    )


def _kept(action: Land, reason: str, *, moved_on: bool = False) -> Held:
    first = action.pulls[0]
    return Held(
        project=first.project,
        target=first.target,
        pulls=action.numbers,
        reason=reason,
        moved_on=moved_on,
    )


def settle(finding: Tried | InConflict | Voided | Held | Unsure | Landed, desk: Desk) -> None:
    """Move pull requests and attempts by what was found."""
    match finding:
        case Tried():
            _tried(finding, desk)
        case InConflict() | Voided():
            _gone(finding, desk)
        case Held() | Unsure() | Landed():
            for number in finding.pulls:
                _each(finding, number, desk)


def _tried(finding: Tried, desk: Desk) -> None:
    for verdict in finding.verdicts:
        desk.append(verdict)
    ahead = flat(finding.batches[:-1])
    if finding.candidate is None or any(desk.pull(number) is not None for number in ahead):
        return
    pulls = [desk.pull(number) for number, _ in finding.built]
    queued = [pull for pull in pulls if pull is not None and pull.status in _QUEUED]
    if len(queued) < len(pulls) or _landing(queued[0], desk):
        return
    if finding.status is VerdictStatus.PASSED:
        _merge(finding, queued, desk)
    elif len(flat(finding.tried)) == 1:
        said = diagnosis(finding.verdicts)
        reason = rivals.red_together(finding.others)
        red = conflicting(queued[0], reason=reason, diagnosis=said, others=finding.others)
        _evict(queued[0], desk, red=Red.MERGED_TIP, finding=red)


def _landing(pull: PullRequest, desk: Desk) -> bool:
    """Tell whether a candidate of the same target is on its way already."""
    target, merging = (pull.project, pull.target), PullRequestStatus.MERGING
    standing = (desk.pull(each.number) for each in desk.snapshot.pulls)
    return any(
        each is not None and each.status is merging and (each.project, each.target) == target
        for each in standing
    )


def _merge(finding: Tried, pulls: Sequence[PullRequest], desk: Desk) -> None:
    """Write down what is about to land, before the target moves."""
    candidate = finding.candidate.sha if finding.candidate else ""
    for place, (pull, (_, built)) in enumerate(zip(pulls, finding.built, strict=True)):
        merging = replace(
            pull,
            status=PullRequestStatus.MERGING,
            candidate=candidate,
            candidate_tip=finding.base,
            place=place,
            built=built,
            reason="",
        )
        desk.save(merging)
        _own_verdicts(finding, pull, desk)
        desk.log("merge.verified", desk.attempt(pull.attempt), what=candidate)


def _own_verdicts(finding: Tried, pull: PullRequest, desk: Desk) -> None:
    """Let each that lands have the verdicts; the output stays with the one that was run for."""
    for verdict in finding.verdicts:
        if verdict.attempt != pull.attempt:
            source = verdict.source or verdict.attempt
            own = replace(verdict, attempt=pull.attempt, source=source, stdout="", stderr="")
            desk.append(own)


def _evict(pull: PullRequest, desk: Desk, *, red: Red, finding: InConflict) -> None:
    attempt = desk.attempt(pull.attempt)
    desk.save(replace(pull, status=PullRequestStatus.EVICTED, reason=finding.reason))
    if attempt is not None:
        why = {"reason": finding.reason, "diagnosis": finding.diagnosis}
        desk.move(attempt, State.REJECTED, red=red, others=finding.others, **why)


def _gone(finding: InConflict | Voided, desk: Desk) -> None:
    pull = desk.pull(finding.pull)
    if pull is None or pull.status not in _QUEUED:
        return
    if isinstance(finding, InConflict):
        _evict(pull, desk, red=Red.CONFLICT, finding=finding)
    else:
        _void(finding, pull, desk)


def _void(finding: Voided, pull: PullRequest, desk: Desk) -> None:
    opened = PullRequestStatus.OPEN
    desk.save(replace(pull, status=opened, reviewers=(), reason=finding.reason))
    desk.log("pull.voided", desk.attempt(pull.attempt), what=finding.reason)


def _each(finding: Held | Unsure | Landed, number: int, desk: Desk) -> None:
    pull = desk.pull(number)
    if pull is None or pull.status is PullRequestStatus.OPEN:
        return
    if isinstance(finding, Landed):
        _landed(finding, pull, desk)
    else:
        _wait(finding, pull, desk)


def _wait(finding: Held | Unsure, pull: PullRequest, desk: Desk) -> None:
    """Put it back into the queue; the merge is built anew on the tip of that time.

    Where it may have landed its candidate stays: forgotten, nobody could find that out.
    """
    waiting = replace(pull, reason=finding.reason)
    if isinstance(finding, Held):
        reason = "" if finding.moved_on else finding.reason
        waiting = replace(waiting, reason=reason, place=0, built=None)
        waiting = replace(waiting, candidate=None, candidate_tip=None)
        if pull.status is PullRequestStatus.MERGING:
            waiting = replace(waiting, status=PullRequestStatus.QUEUED)
    if waiting == pull:
        return
    desk.save(waiting)
    if waiting.reason != pull.reason:
        desk.log("merge.waits", desk.attempt(pull.attempt), what=finding.reason)


def _landed(finding: Landed, pull: PullRequest, desk: Desk) -> None:
    attempt = desk.attempt(pull.attempt)
    if attempt is None or pull.status is not PullRequestStatus.MERGING:
        return
    sha = pull.built or finding.sha
    merged = PullRequestStatus.MERGED
    desk.save(replace(pull, status=merged, merged_sha=sha, place=0, reason=""))
    desk.move(attempt, State.MERGED, reason=f"merged as {sha[:12]}")
