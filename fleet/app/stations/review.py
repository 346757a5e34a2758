"""Review: what people say of pull requests and of questions, written down by compare-and-set."""

from collections.abc import Callable
from dataclasses import replace

from fleet.app.desk import Desk, Pen
from fleet.domain.attempt import Attempt, Red, State
from fleet.domain.errors import FleetError, NotFoundError, StaleLeaseError, TransientError
from fleet.domain.merge import PullRequest, PullRequestStatus
from fleet.domain.pending import ActionStatus, PendingAction
from fleet.domain.policy import about_check_files

_TRIES = 20
_OnPull = Callable[[PullRequest, Attempt, Desk], None]


def approve(number: int, pen: Pen) -> PullRequest:
    """Approve a pull request at exactly its SHA, which queues it for merging."""

    def approved(pull: PullRequest, attempt: Attempt, desk: Desk) -> None:
        if pull.status is PullRequestStatus.OPEN:
            reviewers = (*pull.reviewers, pen.who)
            yes = PullRequestStatus.APPROVED
            desk.save(replace(pull, status=yes, reviewers=reviewers, reason=""))
            desk.log("pull.approved", attempt, what=f"pull request {number} by {pen.who}")

    return _on_pull(number, approved, pen)


def reject(number: int, pen: Pen, *, reason: str) -> PullRequest:
    """Reject a pull request; the reason is the next attempt's diagnosis and counts as red."""
    if not reason.strip():
        raise FleetError("a rejection needs a reason", remedy="--reason TEXT")

    def rejected(pull: PullRequest, attempt: Attempt, desk: Desk) -> None:
        if pull.status is PullRequestStatus.MERGING:
            raise FleetError(f"pull request {number} is being merged", remedy="wait, then revert")
        task = desk.task(pull.task)
        if task is not None and task.cancel_requested:
            raise FleetError(f"{pull.task} is being cancelled", remedy="there is nothing to reject")
        desk.save(replace(pull, status=PullRequestStatus.REJECTED, reason=reason))
        said = f"{pen.who} rejected it: {reason}"
        desk.move(attempt, State.REJECTED, reason=said, red=Red.REVIEW, diagnosis=said)

    return _on_pull(number, rejected, pen)


def _on_pull(number: int, act: _OnPull, pen: Pen) -> PullRequest:
    for _ in range(_TRIES):
        snapshot = pen.ledger.snapshot()
        desk = Desk(snapshot, at=pen.clock.now(), who=pen.who)
        pull = desk.pull(number)
        if pull is None:
            closed = pen.ledger.pull_request(number)
            raise FleetError(f"pull request {number} is {closed.status} already")
        attempt = desk.attempt(pull.attempt)
        if attempt is None:
            raise NotFoundError(f"pull request {number} has no attempt {pull.attempt}")
        act(pull, attempt, desk)
        try:
            pen.ledger.commit(desk.writes())
        except StaleLeaseError:
            continue
        return pen.ledger.pull_request(number)
    raise TransientError(f"pull request {number} changes all the time", remedy="try again")


def answer(
    identity: str,
    status: ActionStatus,
    pen: Pen,
    *,
    reason: str = "",
    replace_check: bool = False,
) -> PendingAction:
    """Answer a pending action; an approval holds for exactly the SHA or category asked about."""
    for _ in range(_TRIES):
        action = pen.ledger.pending_action(identity)
        if action.status is not ActionStatus.PENDING:
            raise FleetError(f"{identity} is {action.status} already")
        if replace_check and not about_check_files(action):
            raise FleetError(f"{identity} is not about check files", remedy="approve it plainly")
        desk = Desk(pen.ledger.snapshot(), at=pen.clock.now(), who=pen.who)
        said = f"{status} by {pen.who}" + (f": {reason}" if reason else "")
        answered = replace(action, answered_by=pen.who, answered_at=desk.at)
        desk.save(replace(answered, status=status, answer=said, replace_check=replace_check))
        _act_on(action, status, said, desk)
        try:
            pen.ledger.commit(desk.writes())
        except StaleLeaseError:
            continue
        return pen.ledger.pending_action(identity)
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
