"""Review: what people say of pull requests and of questions, written down by compare-and-set."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from fleet.app.desk import Desk, Pen
from fleet.app.stations import intake
from fleet.domain.attempt import Attempt, Red, State
from fleet.domain.errors import FleetError, NotFoundError, StaleLeaseError, TransientError
from fleet.domain.merge import PullRequest, PullRequestStatus
from fleet.domain.pending import ActionStatus, PendingAction
from fleet.domain.policy import Category, about
from fleet.domain.task import Task

_TRIES = 20
_ABBREVIATED = 7  # digits of a SHA that name a commit
_OnPull = Callable[[PullRequest, Attempt, Desk], None]


def approve(number: int, pen: Pen) -> PullRequest:
    """Approve a pull request at exactly its SHA, which queues it for merging."""

    def approved(pull: PullRequest, attempt: Attempt, desk: Desk) -> None:
        if pull.status is PullRequestStatus.OPEN:
            _refuse_cancelled(desk.task(pull.task), remedy="nothing of it is merged")
            reviewers = (*pull.reviewers, pen.who)
            yes = PullRequestStatus.APPROVED
            desk.save(replace(pull, status=yes, reviewers=reviewers, reason=""))
            desk.log("pull.approved", attempt, what=f"pull request {number} by {pen.who}")

    return _on_pull(number, approved, pen)


def unmoved(pull: PullRequest, *, at: str | None, sha: str | None) -> None:
    """Refuse a yes to anything but the commit that was verified, while it is open.

    Raises FleetError. `at` is where the branch stands, None where it is gone; `sha` is the commit,
    or its beginning, that the reviewer looked at, None where they named none.
    """
    if pull.closed:
        raise _closed(pull)
    if sha is not None and not (len(sha) >= _ABBREVIATED and pull.head.startswith(sha.lower())):
        raise FleetError(
            f"pull request {pull.number} is at {pull.head[:12]}, not at {sha}",
            remedy=f"look at it again: fleet pr diff {pull.number}",
        )
    if at is not None and at != pull.head:
        raise FleetError(
            f"{pull.branch} is at {at[:12]}, but {pull.head[:12]} was verified",
            remedy=(
                f"`git update-ref refs/heads/{pull.branch} {pull.head}` puts it back; "
                f"`fleet pr reject {pull.number} --reason TEXT` has an agent go on from there"
            ),
        )


def reject(number: int, pen: Pen, *, reason: str) -> PullRequest:
    """Reject a pull request; the reason is the next attempt's diagnosis and counts as red."""
    if not reason.strip():
        raise FleetError("a rejection needs a reason", remedy="--reason TEXT")
    intake.keepable((reason,), what="the reason")
    said = f"{pen.who} rejected it: {reason}"

    def rejected(pull: PullRequest, attempt: Attempt, desk: Desk) -> None:
        _send_back(replace(pull, reason=reason), attempt, desk, said=said)

    return _on_pull(number, rejected, pen)


def comment(number: int, texts: Sequence[str], pen: Pen) -> PullRequest:
    """Send a pull request back with comments, which stay with it; counts as red."""
    if not texts or not all(text.strip() for text in texts):
        raise FleetError("a comment needs a text", remedy="say what is to be changed")
    intake.keepable(texts, what="a comment")

    def commented(pull: PullRequest, attempt: Attempt, desk: Desk) -> None:
        stamped = (f"{pen.who}, {desk.at:%Y-%m-%d %H:%M} UTC: {text}" for text in texts)
        kept = replace(pull, comments=(*pull.comments, *stamped))
        said = f"{pen.who} commented on it: " + "\n".join(texts)
        _send_back(replace(kept, reason=said), attempt, desk, said=said)
        desk.log("pull.commented", attempt, what="\n".join(texts))

    return _on_pull(number, commented, pen)


def _send_back(pull: PullRequest, attempt: Attempt, desk: Desk, *, said: str) -> None:
    if pull.status is PullRequestStatus.MERGING:
        raise FleetError(f"pull request {pull.number} is being merged", remedy="wait, then revert")
    _refuse_cancelled(desk.task(pull.task), remedy="there is nothing to send back")
    desk.save(replace(pull, status=PullRequestStatus.REJECTED))
    desk.move(attempt, State.REJECTED, reason=said, red=Red.REVIEW, diagnosis=said)


def _refuse_cancelled(task: Task | None, *, remedy: str) -> None:
    if task is not None and task.cancel_requested:
        raise FleetError(f"{task.key} is being cancelled", remedy=remedy)


def _on_pull(number: int, act: _OnPull, pen: Pen) -> PullRequest:
    for _ in range(_TRIES):
        snapshot = pen.ledger.snapshot()
        desk = Desk(snapshot, at=pen.clock.now(), who=pen.who)
        pull = desk.pull(number)
        if pull is None:
            raise _closed(pen.ledger.pull_request(number))
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


def _closed(pull: PullRequest) -> FleetError:
    remedy = f"see `fleet task show {pull.task}`"
    if pull.merged_sha is None:
        remedy += f"; `fleet task comment {pull.task} TEXT` reaches its next attempt"
    return FleetError(f"pull request {pull.number} is {pull.status} already", remedy=remedy)


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
            raise FleetError(
                f"{identity} is {action.status} already",
                remedy=f"`fleet approval show {identity}` says by whom; see `fleet task show "
                f"{action.task}`",
            )
        if replace_check and not about(action, Category.CHECK_FILE):
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
        raise FleetError(
            f"{action.id} is about {action.task}, which has ended",
            remedy=f"see `fleet task show {action.task}`",
        )
    if status is ActionStatus.APPROVED:
        _refuse_cancelled(task, remedy=f"`fleet approval clear {action.id}` drops the question")
    desk.log(f"approval.{status}", attempt, what=f"{action.id} {said}")
    if status is ActionStatus.REJECTED and about(action, Category.SECRET):
        # it would still stand in the branch's history
        desk.save(replace(task, fresh=True))
    if status is not ActionStatus.APPROVED:
        return
    if action.sha is not None:
        desk.save(replace(attempt, approved_sha=action.sha))
    else:
        desk.save(replace(task, granted=(*task.granted, action.category)))
