"""What the queue of each target needs now: a candidate to land, or merges to be tried."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fleet.domain.attempt import State
from fleet.domain.board import Board
from fleet.domain.merge import MergeWay, PullRequest, PullRequestStatus, merge_order
from fleet.domain.pending import ActionStatus
from fleet.domain.plan import Land, Sight, Try
from fleet.domain.queue import Line, tries
from fleet.domain.task import Priority, Task

# how long a batch that is not full waits for others while some are being verified
LINGER = timedelta(seconds=2)
_IN_HAND = frozenset(
    {PullRequestStatus.APPROVED, PullRequestStatus.QUEUED, PullRequestStatus.MERGING}
)
_Target = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Merges:
    """What to do for all targets; `wake` is when a batch has waited long enough for others."""

    actions: tuple[Land | Try, ...] = ()
    wake: datetime | None = None


def merges(board: Board, tasks: Mapping[str, Task], sight: Sight) -> Merges:
    """Answer for each target the landing of what is checked, or the next tries."""
    actions: list[Land | Try] = []
    wakes: list[datetime] = []
    for target, queue in _queues(board, tasks, sight).items():
        landing = [pull for pull in queue if is_merging(pull)]
        if landing:
            actions.append(Land(pulls=tuple(sorted(landing, key=lambda pull: pull.place))))
        elif not sight.stopping and queue_key(*target) not in sight.cooling:
            for one in _tries(target, queue, board, sight):
                until = _lingers(one, board, sight)
                if until is None:
                    actions.append(one)
                else:
                    wakes.append(until)
    return Merges(actions=tuple(actions), wake=min(wakes, default=None))


def queue_key(project: str, target: str) -> str:
    """Answer the key of a queue that waits for the world to change."""
    return f"queue {project}/{target}"


def is_merging(pull: PullRequest | None) -> bool:
    """Tell whether its candidate may be on the target already."""
    return pull is not None and pull.status is PullRequestStatus.MERGING


def withdrawn(task: Task | None, pull: PullRequest | None) -> bool:
    """Tell whether a cancelled task is still to be kept out of the target."""
    return task is not None and task.cancel_requested and not is_merging(pull)


def _queues(
    board: Board, tasks: Mapping[str, Task], sight: Sight
) -> dict[_Target, list[PullRequest]]:
    verified = {a.id for a in board.snapshot.attempts if a.state is State.VERIFIED}
    queues: dict[_Target, list[PullRequest]] = {}
    for pull in sorted(board.snapshot.pulls, key=lambda pull: _turn(pull, tasks)):
        wanted = sight.keys is None or pull.task in sight.keys or is_merging(pull)
        wanted = wanted and not withdrawn(tasks.get(pull.task), pull)
        if wanted and pull.status in _IN_HAND and pull.attempt in verified:
            queues.setdefault((pull.project, pull.target), []).append(pull)
    return queues


def _turn(pull: PullRequest, tasks: Mapping[str, Task]) -> tuple[int, datetime, int, int]:
    task = tasks.get(pull.task)
    return merge_order(pull, task.priority if task else Priority.NORMAL)


def _tries(
    target: _Target, queue: Sequence[PullRequest], board: Board, sight: Sight
) -> Iterator[Try]:
    pulls = {pull.number: pull for pull in queue}
    line = sight.lines.get(target, Line())
    for batches in tries(tuple(pulls), line, most=_most(target, board)):
        chosen = tuple(tuple(pulls[number] for number in batch) for batch in batches)
        yield Try(project=target[0], target=target[1], batches=chosen)


def _most(target: _Target, board: Board) -> int:
    """Answer how many may be merged together: squashed, each commit of the line is checked."""
    project = board.fleet.projects.get(target[0])
    return 1 if project is None or project.merge is MergeWay.SQUASH else project.batch


def _lingers(one: Try, board: Board, sight: Sight) -> datetime | None:
    """Answer until when a batch waits for others that are being verified; None: not at all."""
    last = one.batches[-1]
    until = min(pull.created for pull in last) + LINGER
    full = len(last) >= _most((one.project, one.target), board)
    sought = bool(sight.lines.get((one.project, one.target), Line()).red)
    if full or sought or sight.now >= until or not _company(one.project, board):
        return None
    return until


def _company(project: str, board: Board) -> bool:
    """Tell whether somebody of the project is being verified who asks nobody anything."""
    return any(
        attempt.project == project
        and attempt.state is State.VERIFYING
        and (
            attempt.id not in board.pending
            or board.pending[attempt.id].status is ActionStatus.APPROVED
        )
        for attempt in board.snapshot.attempts
    )
