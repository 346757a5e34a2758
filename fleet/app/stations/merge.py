"""Merge: what tries have found is written down: who lands together, who leaves, who waits."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from fleet.app.desk import Desk
from fleet.app.stations.found import Held, InConflict, Tried, Voided
from fleet.app.stations.trying import conflicting
from fleet.domain.attempt import Red, State
from fleet.domain.merge import IN_QUEUE, PullRequest, PullRequestStatus
from fleet.domain.merging import is_merging, withdrawn
from fleet.domain.queue import flat
from fleet.domain.result import VerdictStatus
from fleet.domain.rivals import red_together


def settle(finding: Tried | InConflict | Voided | Held, desk: Desk) -> None:
    """Move pull requests and attempts by what was found; too late it changes nothing."""
    match finding:
        case Tried():
            _tried(finding, desk)
        case InConflict():
            _conflict(finding, desk)
        case Voided():
            _void(finding, desk)
        case Held():
            _held(finding, desk)


def _tried(finding: Tried, desk: Desk) -> None:
    for verdict in finding.verdicts:
        desk.append(verdict)
    ahead = flat(finding.batches[:-1])
    if finding.candidate is None or any(desk.pull(number) is not None for number in ahead):
        return
    pulls = [pull for number, _ in finding.built if (pull := _queued(number, desk))]
    landing = any(is_merging(pull) for pull in _of_target(finding, desk))
    if len(pulls) < len(finding.built) or landing:
        return
    if finding.status is VerdictStatus.PASSED:
        # what is stopped meanwhile is not written down to land: people may still send it back
        if not any(desk.halts.stop(pull.task) for pull in pulls):
            _record(finding, pulls, desk)
    elif finding.status is VerdictStatus.FAILED and len(flat(finding.tried)) == 1:
        others, told = finding.others, finding.diagnosis
        reason = red_together(others)
        red = conflicting(pulls[0], reason=reason, diagnosis=told, others=others)
        _evict(pulls[0], desk, red=Red.MERGED_TIP, finding=red)


def _queued(number: int, desk: Desk) -> PullRequest | None:
    """Answer a pull request that still waits to be merged: a human may have said no meanwhile."""
    pull = desk.pull(number)
    if pull is None or pull.status not in IN_QUEUE or withdrawn(desk.task(pull.task), pull):
        return None
    return pull


def _of_target(finding: Tried | Held, desk: Desk) -> Iterator[PullRequest]:
    for read in desk.snapshot.pulls:
        pull = desk.pull(read.number)
        if pull and (pull.project, pull.target) == (finding.project, finding.target):
            yield pull


def _record(finding: Tried, pulls: Sequence[PullRequest], desk: Desk) -> None:
    """Write down what is about to land, before the target moves."""
    candidate = finding.candidate.sha if finding.candidate else ""
    _say("", finding, desk)
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


def _conflict(finding: InConflict, desk: Desk) -> None:
    pull = _queued(finding.pull, desk)
    if pull is not None:
        _evict(pull, desk, red=Red.CONFLICT, finding=finding)


def _evict(pull: PullRequest, desk: Desk, *, red: Red, finding: InConflict) -> None:
    attempt = desk.attempt(pull.attempt)
    desk.save(replace(pull, status=PullRequestStatus.EVICTED, reason=finding.reason))
    if attempt is not None:
        why = {"reason": finding.reason, "diagnosis": finding.diagnosis}
        desk.move(attempt, State.REJECTED, red=red, others=finding.others, **why)


def _void(finding: Voided, desk: Desk) -> None:
    pull = _queued(finding.pull, desk)
    if pull is not None:
        opened = PullRequestStatus.OPEN
        desk.save(replace(pull, status=opened, reviewers=(), reason=finding.reason))
        desk.log("pull.voided", desk.attempt(pull.attempt), what=finding.reason)


def _held(finding: Held, desk: Desk) -> None:
    for verdict in finding.verdicts:
        # found again and again while it waits: only a run says something new
        if not verdict.source:
            desk.append(verdict)
    if not finding.moved_on:
        _say(finding.reason, finding, desk)


def _say(reason: str, finding: Tried | Held, desk: Desk) -> None:
    """Tell each that waits in this queue why it does, "" where nothing keeps it any more."""
    for pull in _of_target(finding, desk):
        if pull.status in IN_QUEUE and pull.reason != reason:
            desk.save(replace(pull, reason=reason))
            if reason:
                desk.log("merge.waits", desk.attempt(pull.attempt), what=reason)
