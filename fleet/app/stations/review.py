"""Review: what people say of pull requests and of questions, written down by compare-and-set."""

from collections.abc import Callable
from dataclasses import replace

from fleet.app.desk import Desk
from fleet.domain.attempt import Attempt, Red, State
from fleet.domain.errors import FleetError, NotFoundError, StaleLeaseError, TransientError
from fleet.domain.merge import PullRequest, PullRequestStatus
from fleet.domain.policy import ActionStatus, PendingAction
from fleet.ports import Clock, Ledger

_TRIES = 20
_OnPull = Callable[[PullRequest, Attempt, Desk], None]


def approve(number: int, *, ledger: Ledger, clock: Clock, who: str) -> PullRequest:
    """Approve a pull request at exactly its SHA, which queues it for merging."""

    def approved(pull: PullRequest, attempt: Attempt, desk: Desk) -> None:
        if pull.status is PullRequestStatus.OPEN:
            reviewers = (*pull.reviewers, who)
            queued = PullRequestStatus.QUEUED
            desk.save(replace(pull, status=queued, reviewers=reviewers, reason=""))
            desk.log("pull.approved", attempt, what=f"pull request {number} by {who}")

    return _on_pull(number, approved, ledger=ledger, clock=clock)


def reject(number: int, *, reason: str, ledger: Ledger, clock: Clock, who: str) -> PullRequest:
    """Reject a pull request; the reason is the next attempt's diagnosis and counts as red."""
    if not reason.strip():
        raise FleetError("a rejection needs a reason", remedy="--reason TEXT")

    def rejected(pull: PullRequest, attempt: Attempt, desk: Desk) -> None:
        if pull.status is PullRequestStatus.MERGING:
            raise FleetError(f"pull request {number} is being merged", remedy="wait, then revert")
        desk.save(replace(pull, status=PullRequestStatus.REJECTED, reason=reason))
        said = f"{who} rejected it: {reason}"
        desk.move(attempt, State.REJECTED, reason=said, red=Red.REVIEW, diagnosis=said)

    return _on_pull(number, rejected, ledger=ledger, clock=clock)


def _on_pull(number: int, act: _OnPull, *, ledger: Ledger, clock: Clock) -> PullRequest:
    for _ in range(_TRIES):
        snapshot = ledger.snapshot()
        desk = Desk(snapshot, at=clock.now())
        pull = desk.pull(number)
        if pull is None:
            closed = ledger.pull_request(number)
            raise FleetError(f"pull request {number} is {closed.status} already")
        attempt = desk.attempt(pull.attempt)
        if attempt is None:
            raise NotFoundError(f"pull request {number} has no attempt {pull.attempt}")
        act(pull, attempt, desk)
        try:
            ledger.commit(desk.writes())
        except StaleLeaseError:
            continue
        return ledger.pull_request(number)
    raise TransientError(f"pull request {number} changes all the time", remedy="try again")


def answer(
    identity: str,
    status: ActionStatus,
    *,
    reason: str = "",
    replace_check: bool = False,
    ledger: Ledger,
    clock: Clock,
    who: str,
) -> PendingAction:
    """Answer a pending action; an approval holds for exactly the SHA or category asked about."""
    for _ in range(_TRIES):
        action = ledger.pending_action(identity)
        if action.status is not ActionStatus.PENDING:
            raise FleetError(f"{identity} is {action.status} already")
        desk = Desk(ledger.snapshot(), at=clock.now())
        said = f"{status} by {who}" + (f": {reason}" if reason else "")
        desk.save(replace(action, status=status, answer=said, replace_check=replace_check))
        _act_on(action, status, said, desk)
        try:
            ledger.commit(desk.writes())
        except StaleLeaseError:
            continue
        return ledger.pending_action(identity)
    raise TransientError(f"{identity} changes all the time", remedy="try again")


def _act_on(action: PendingAction, status: ActionStatus, said: str, desk: Desk) -> None:
    attempt, task = desk.attempt(action.attempt), desk.task(action.task)
    if attempt is None or task is None:
        raise FleetError(f"{action.id} is about {action.task}, which has ended")
    desk.log(f"approval.{status}", attempt, what=f"{action.id} {said}")
    if status is not ActionStatus.APPROVED:
        return
    if action.sha is not None:
        desk.save(replace(attempt, approved_sha=action.sha))
    else:
        desk.save(replace(task, granted=(*task.granted, action.category)))
