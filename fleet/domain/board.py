"""Where a task stands: its status and the reason, derived from its fields and attempts."""

from dataclasses import dataclass

from fleet.domain.attempt import Attempt, Red, State
from fleet.domain.chain import barred_by, candidates, counted_of, swaps_left
from fleet.domain.halting import Halts, halts_of
from fleet.domain.merge import PullRequest, PullRequestStatus
from fleet.domain.pending import ActionStatus, PendingAction
from fleet.domain.plan import Snapshot
from fleet.domain.profile import Fleet
from fleet.domain.task import Kind, Resolution, Status, Task

MAX_REBUILDS = 2
PERMANENT = frozenset(
    {
        "agent_missing",
        "image",
        "isolation",
        "packet",
        "refused_tools",
        "setup",
        "verdict_error",
        "workspace",
    }
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A task's status with its reason; `fate` says that it must end now, and how."""

    status: Status
    reason: str = ""
    fate: Resolution | None = None


@dataclass(frozen=True, kw_only=True)
class Board:
    """A snapshot indexed for questions about one task; `halts` says what people stopped.

    `children` names those of a task by their keys, ended ones too.
    """

    snapshot: Snapshot
    fleet: Fleet
    attempts: dict[str, tuple[Attempt, ...]]
    pulls: dict[str, PullRequest]
    pending: dict[str, PendingAction]
    children: dict[str, tuple[str, ...]]
    halts: Halts


def board_of(snapshot: Snapshot, fleet: Fleet, *, halted: str = "") -> Board:
    """Index a snapshot: attempts by task, pull requests and questions by attempt.

    `halted` says why everything is stopped though the ledger holds nothing.
    """
    attempts: dict[str, list[Attempt]] = {}
    for attempt in snapshot.attempts:
        attempts.setdefault(attempt.task, []).append(attempt)
    children: dict[str, list[str]] = {}
    for key, parent in snapshot.parents.items():
        children.setdefault(parent, []).append(key)
    return Board(
        snapshot=snapshot,
        fleet=fleet,
        attempts={k: tuple(sorted(v, key=lambda a: a.number)) for k, v in attempts.items()},
        pulls={pull.attempt: pull for pull in snapshot.pulls},
        pending={action.attempt: action for action in snapshot.pending},
        children={k: tuple(v) for k, v in children.items()},
        halts=halts_of(snapshot.holds, halted=halted),
    )


def gone(project: str, board: Board) -> str:
    """Say that fleet.yaml does not name the project any more, "" while it does."""
    return "" if project in board.fleet.projects else f"project {project} is not in fleet.yaml"


def standing(task: Task, board: Board) -> Standing:
    """Derive where an open or ended task stands."""
    match task.resolution:
        case Resolution.MERGED:
            return Standing(status=Status.DONE, reason=task.reason)
        case Resolution.FAILED:
            return Standing(status=Status.FAILED, reason=task.reason)
        case Resolution.CANCELLED:
            return Standing(status=Status.CANCELLED, reason=task.reason)
        case None:
            return _open(task, board.attempts.get(task.key, ()), board)


def _open(task: Task, attempts: tuple[Attempt, ...], board: Board) -> Standing:
    if not attempts and _untouched(task):
        return _READY
    if attempts and attempts[-1].live:
        return _under_way(attempts[-1], board)
    return _between(task, attempts, board)


_READY = Standing(status=Status.READY)


def _untouched(task: Task) -> bool:
    """Tell whether nothing stands against a task's first attempt: so do most of a long queue."""
    return task.kind is Kind.ATOMIC and not task.depends and not task.cancel_requested


def _under_way(attempt: Attempt, board: Board) -> Standing:
    match attempt.state:
        case State.VERIFYING:
            against = board.halts.stop(attempt.task) or gone(attempt.project, board)
            return _being_verified(board.pending.get(attempt.id), against)
        case State.VERIFIED:
            return _in_review(board.pulls.get(attempt.id), board.halts.stop(attempt.task))
        case State.PREPARING | State.RUNNING if attempt.hindered:
            return _waits(attempt.hindered)
        case _:
            return Standing(status=Status.RUNNING, reason=f"attempt {attempt.number}")


def _being_verified(action: PendingAction | None, against: str) -> Standing:
    if action is not None and action.status is ActionStatus.PENDING:
        return _waits(f"approval {action.id}: {action.action}")
    if action is not None and action.status is ActionStatus.CLEARED:
        return _waits(f"approval {action.id} was cleared: retry or cancel the task")
    if against:
        return _waits(against)
    return Standing(status=Status.RUNNING, reason="being verified")


def _in_review(pull: PullRequest | None, stopped: str) -> Standing:
    if pull is None or pull.status is PullRequestStatus.OPEN:
        number = f"pull request {pull.number}" if pull else "pull request"
        return Standing(status=Status.REVIEW, reason=f"{number} waits for review")
    reason = stopped or pull.reason or f"pull request {pull.number}"
    return Standing(status=Status.MERGING, reason=reason)


def _waits(reason: str) -> Standing:
    return Standing(status=Status.WAITING, reason=reason)


def _ends(fate: Resolution, reason: str) -> Standing:
    return Standing(status=Status.RUNNING, reason=reason, fate=fate)


def _between(task: Task, attempts: tuple[Attempt, ...], board: Board) -> Standing:
    if attempts and attempts[-1].state is State.MERGED:
        return _ends(Resolution.MERGED, "merged")
    if task.cancel_requested:
        return _ends(Resolution.CANCELLED, "cancelled on request")
    counted = counted_of(task, attempts)
    failing = _failing_end(task, counted, board)
    return _ends(Resolution.FAILED, failing) if failing else _next(task, counted, board)


def _next(task: Task, counted: tuple[Attempt, ...], board: Board) -> Standing:
    if task.kind is not Kind.ATOMIC:
        return _parent(task, board)
    if counted and counted[-1].state is State.PAUSED:
        return _paused(counted[-1], board)
    return _dependencies(task, board)


def _failing_end(task: Task, counted: tuple[Attempt, ...], board: Board) -> str:
    last = counted[-1] if counted else None
    if last is not None and last.state is State.FAILED and last.failure_kind in PERMANENT:
        return last.reason
    red = red_count(counted, board)
    if red > task.max_retries:
        return f"{red} red attempts: {last.reason if last else ''}"
    rebuilds = sum(1 for a in counted if a.red is Red.CONFLICT and not a.by_fleet)
    if rebuilds > MAX_REBUILDS:
        return f"{rebuilds} conflicts with the target: {last.reason if last else ''}"
    return swaps_left(counted, board.fleet.swap) or _nobody_left(task, counted, board.fleet)


def _nobody_left(task: Task, counted: tuple[Attempt, ...], fleet: Fleet) -> str:
    """Say that every profile of the chain turned out unable to do the task."""
    barred = barred_by(counted)
    if not barred or candidates(task, counted, fleet):
        return ""
    causes = ", ".join(f"{profile} ended with {cause}" for profile, cause in barred.items())
    return f"no profile is left: {causes}"


def red_count(counted: tuple[Attempt, ...], board: Board) -> int:
    """Count red attempts: rejected ones but for conflicts, and requests a human rejected.

    What fleet itself proposed is no agent's: all tries of a task are left to agents after it.
    """

    def red(attempt: Attempt) -> bool:
        if attempt.state is State.PAUSED:
            action = board.pending.get(attempt.id)
            return action is not None and action.status is ActionStatus.REJECTED
        rejected = attempt.state is State.REJECTED and not attempt.by_fleet
        return rejected and attempt.red is not Red.CONFLICT

    return sum(map(red, counted))


def _parent(task: Task, board: Board) -> Standing:
    ends = [board.snapshot.resolutions.get(key) for key in board.children.get(task.key, ())]
    if not ends:
        return _waits("has no atomic child")
    if None in ends:
        return Standing(status=Status.BACKLOG, reason=f"{ends.count(None)} children are open")
    if any(end is not Resolution.MERGED for end in ends):
        return _waits("a child has not been merged")
    return _ends(Resolution.MERGED, "all children are merged")


def _paused(attempt: Attempt, board: Board) -> Standing:
    action = board.pending.get(attempt.id)
    if action is None or action.status is ActionStatus.PENDING:
        return _waits(f"approval {action.id if action else '?'}: {attempt.reason}")
    if action.status is ActionStatus.CLEARED:
        return _waits(f"approval {action.id} was cleared: retry or cancel the task")
    return Standing(status=Status.READY, reason=f"approval {action.id} was {action.status}")


def _dependencies(task: Task, board: Board) -> Standing:
    for key in task.depends:
        resolution = board.snapshot.resolutions.get(key)
        if resolution is None:
            return _waits(f"waits for {key}")
        if resolution is not Resolution.MERGED:
            return _waits(f"needs {key}, which is {resolution}")
    return _READY
