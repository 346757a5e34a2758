"""What the queue of each target needs now: a candidate to land, or merges to be tried."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fleet.domain.attempt import State
from fleet.domain.board import Board
from fleet.domain.merge import IN_QUEUE, MergeWay, PullRequest, PullRequestStatus, merge_order
from fleet.domain.pending import ActionStatus
from fleet.domain.plan import Sight
from fleet.domain.queue import Shown, tries
from fleet.domain.task import Priority, Task
from fleet.domain.tries import Land, Try

# how long a batch that is not full waits for others while some are being verified
LINGER = timedelta(seconds=2)
_IN_HAND = IN_QUEUE | {PullRequestStatus.MERGING}
_Target = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Merges:
    """What to do for all targets; `wake` is when a batch has waited long enough for others."""

    actions: tuple[Land | Try, ...] = ()
    wake: datetime | None = None


def merges(board: Board, tasks: Mapping[str, Task], sight: Sight) -> Merges:
    """Answer for each target the landing of what is checked, or the next tries."""
    if board.halts.everything:
        return Merges()
    queues = _queues(board, tasks, sight)
    company = _company(board) if queues else frozenset()
    actions: list[Land | Try] = []
    wakes: list[datetime] = []
    for target, queue in queues.items():
        landing = [pull for pull in queue if is_merging(pull)]
        if landing:
            actions.append(Land(pulls=tuple(sorted(landing, key=lambda pull: pull.place))))
            continue
        for one in _tries(target, queue, board, sight):
            until = _lingers(one, board, sight) if target[0] in company else None
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
    wanted = (pull for pull in board.snapshot.pulls if _wanted(pull, board, tasks, sight=sight))
    queues: dict[_Target, list[PullRequest]] = {}
    for pull in sorted(wanted, key=lambda pull: _turn(pull, tasks)):
        queues.setdefault((pull.project, pull.target), []).append(pull)
    return queues


def _wanted(pull: PullRequest, board: Board, tasks: Mapping[str, Task], *, sight: Sight) -> bool:
    if pull.status not in _IN_HAND or withdrawn(tasks.get(pull.task), pull):
        return False
    # what may be on the target already is seen through
    if not is_merging(pull) and (_unasked(pull, sight) or board.halts.stop(pull.task)):
        return False
    # of the task alone: this is asked each tick
    own = board.attempts.get(pull.task, ())
    return any(a.id == pull.attempt and a.state is State.VERIFIED for a in own)


def _unasked(pull: PullRequest, sight: Sight) -> bool:
    return sight.keys is not None and pull.task not in sight.keys


def _turn(pull: PullRequest, tasks: Mapping[str, Task]) -> tuple[int, datetime, int, int]:
    task = tasks.get(pull.task)
    return merge_order(pull, task.priority if task else Priority.NORMAL)


def _tries(
    target: _Target, queue: Sequence[PullRequest], board: Board, sight: Sight
) -> Iterator[Try]:
    if sight.stopping or _waits(target, queue, sight):
        return
    pulls = {pull.number: pull for pull in queue}
    shown = sight.shown.get(target, Shown())
    for batches in tries(tuple(pulls), shown, most=_most(target[0], board)):
        chosen = tuple(tuple(pulls[number] for number in batch) for batch in batches)
        yield Try(project=target[0], target=target[1], batches=chosen)


def _waits(target: _Target, queue: Sequence[PullRequest], sight: Sight) -> bool:
    """Tell whether the world has to change first; who came since then was not told why."""
    key = queue_key(*target)
    return key in sight.busy or (key in sight.cooling and all(pull.reason for pull in queue))


def _most(project: str, board: Board) -> int:
    """Answer how many may be merged together: squashed, each commit is checked by itself."""
    known = board.fleet.projects.get(project)
    return 1 if known is None or known.merge is MergeWay.SQUASH else known.batch


def _lingers(one: Try, board: Board, sight: Sight) -> datetime | None:
    """Answer until when a batch waits for others that are being verified; None: not at all."""
    shown = sight.shown.get((one.project, one.target), Shown())
    last = one.batches[-1]
    full = len(last) >= shown.width(_most(one.project, board))
    until = min(pull.created for pull in last) + LINGER
    # where the clock was set back it would be hours
    waiting = sight.now < until <= sight.now + LINGER
    numbers = tuple(number for batch in one.numbers for number in batch)
    return until if waiting and not full and not _halved(numbers, shown) else None


def _halved(numbers: Collection[int], shown: Shown) -> bool:
    """Tell whether it is tried to find a red one: nobody joins that."""
    return any(set(numbers) <= set(red) for red in shown.red)


def _company(board: Board) -> frozenset[str]:
    """Answer the projects of which somebody is being verified who asks nobody anything."""
    return frozenset(
        attempt.project
        for attempt in board.snapshot.attempts
        if attempt.state is State.VERIFYING
        and (
            attempt.id not in board.pending
            or board.pending[attempt.id].status is ActionStatus.APPROVED
        )
    )
