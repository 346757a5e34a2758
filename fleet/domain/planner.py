"""The heart: `plan` reads a snapshot and answers the actions to take; it changes nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from fleet.domain.attempt import Attempt, Outcome, Red, State, end_of
from fleet.domain.board import Board, board_of, standing
from fleet.domain.merge import PullRequest, PullRequestStatus, merge_order
from fleet.domain.plan import (
    Action,
    Anticipate,
    Build,
    Clean,
    Collect,
    Conclude,
    Dispatch,
    Follow,
    Land,
    Launch,
    Plan,
    Retire,
    Sight,
    Snapshot,
    Stop,
    Verify,
    Wait,
)
from fleet.domain.policy import ActionStatus
from fleet.domain.pool import Slot, choose_slot
from fleet.domain.profile import Fleet, Profile
from fleet.domain.task import Priority, Status, Task

OVERTIME_GRACE = timedelta(seconds=30)
# merges checked in advance, on top of those before them: what waits for a check waits less
AHEAD = 2
_FRESH_AFTER = frozenset({Red.CONFLICT, Red.MERGED_TIP})
_IN_HAND = frozenset(
    {PullRequestStatus.APPROVED, PullRequestStatus.QUEUED, PullRequestStatus.MERGING}
)


def plan(snapshot: Snapshot, fleet: Fleet, sight: Sight) -> Plan:
    """Answer what to do now; the same arguments give the same answer."""
    board = board_of(snapshot, fleet)
    tasks = {task.key: task for task in snapshot.tasks}
    actions: list[Action] = []
    for attempt in snapshot.attempts:
        actions += _for_attempt(attempt, tasks.get(attempt.task), board, sight)
    actions += _merges(board, tasks, sight)
    actions += _retirements(board)
    dispatches, waits = _dispatches(board, sight)
    actions += dispatches
    free = tuple(action for action in actions if action.key not in sight.busy | sight.cooling)
    return Plan(actions=free, waits=tuple(waits), idle=not free and _at_rest(board, sight))


def _at_rest(board: Board, sight: Sight) -> bool:
    """Tell whether nothing moves: what waits for the world to change does not count."""
    moving = {State.LEASED, State.PREPARING, State.RUNNING, State.COLLECTED}
    return not sight.busy and not any(
        attempt.state in moving and f"collect {attempt.id}" not in sight.cooling
        for attempt in board.snapshot.attempts
    )


def _for_attempt(
    attempt: Attempt, task: Task | None, board: Board, sight: Sight
) -> Iterator[Action]:
    match attempt.state:
        case State.LEASED | State.PREPARING if task is not None:
            yield from _before_the_start(attempt, task, sight)
        case State.RUNNING if task is not None:
            yield from _while_it_runs(attempt, task, board.fleet, sight)
        case State.COLLECTED:
            yield from _once_collected(attempt, task)
        case State.VERIFYING if task is not None:
            yield from _verification(attempt, task, board, sight)
        case State.VERIFIED if task is not None and _withdrawn(task, board.pulls.get(attempt.id)):
            yield Conclude(attempt=attempt, to=State.CANCELLED, reason="cancelled on request")
        case _:
            pass
    if (attempt.outcome is not None or not attempt.live) and not attempt.cleaned:
        yield Clean(attempt=attempt)


def _before_the_start(attempt: Attempt, task: Task, sight: Sight) -> Iterator[Action]:
    if attempt.state is State.LEASED and (sight.stopping or task.cancel_requested):
        yield Conclude(attempt=attempt, to=State.CANCELLED, reason="stopped before it started")
    else:
        yield Launch(attempt=attempt, task=task)


def _while_it_runs(attempt: Attempt, task: Task, fleet: Fleet, sight: Sight) -> Iterator[Action]:
    if attempt.id in sight.exited:
        yield Collect(attempt=attempt, task=task)
        return
    if attempt.id not in sight.followed:
        yield Follow(attempt=attempt)
    if attempt.stopping is not None:
        yield Stop(attempt=attempt, outcome=attempt.stopping, reason=attempt.reason)
        return
    if task.cancel_requested:
        yield Stop(attempt=attempt, outcome=Outcome.CANCELLED, reason="cancelled on request")
    elif sight.stopping:
        yield Stop(attempt=attempt, outcome=Outcome.CANCELLED, reason="the coordinator stops")
    elif profile := fleet.profiles.get(attempt.profile):
        yield from _overdue(attempt, profile, sight)


def _overdue(attempt: Attempt, profile: Profile, sight: Sight) -> Iterator[Action]:
    def quiet(instant: datetime | None) -> float:
        return (sight.now - max(instant or sight.since, sight.since)).total_seconds()

    age = sight.now - (attempt.started or sight.now)
    if quiet(attempt.last_beat) > profile.heartbeat_lost_after:
        reason = f"no heartbeat for {profile.heartbeat_lost_after:g} s"
        yield Stop(attempt=attempt, outcome=Outcome.LOST, reason=reason)
    elif age > timedelta(seconds=profile.attempt_timeout) + OVERTIME_GRACE:
        reason = f"longer than {profile.attempt_timeout:g} s"
        yield Stop(attempt=attempt, outcome=Outcome.SWAP, reason=reason)
    elif quiet(attempt.last_progress) > profile.stall_after:
        reason = f"no progress for {profile.stall_after:g} s"
        yield Stop(attempt=attempt, outcome=Outcome.SWAP, reason=reason)


def _once_collected(attempt: Attempt, task: Task | None) -> Iterator[Action]:
    if attempt.outcome is None:
        return
    to = end_of(attempt.outcome, self_check_red=attempt.self_check_red)
    if to is State.VERIFYING and task is not None and task.cancel_requested:
        yield Conclude(attempt=attempt, to=State.CANCELLED, reason="cancelled on request")
    else:
        yield Conclude(attempt=attempt, to=to)


def _verification(attempt: Attempt, task: Task, board: Board, sight: Sight) -> Iterator[Action]:
    if f"verify {attempt.id}" in sight.busy:
        return
    action = board.pending.get(attempt.id)
    if task.cancel_requested:
        yield Conclude(attempt=attempt, to=State.CANCELLED, reason="cancelled on request")
    elif action is not None and action.status is ActionStatus.REJECTED:
        yield Conclude(attempt=attempt, to=State.REJECTED, reason=action.answer or "rejected")
    elif not sight.stopping and (action is None or action.status is ActionStatus.APPROVED):
        yield Verify(attempt=attempt, task=task, action=action)


def _is_merging(pull: PullRequest | None) -> bool:
    return pull is not None and pull.status is PullRequestStatus.MERGING


def _withdrawn(task: Task | None, pull: PullRequest | None) -> bool:
    """Tell whether a cancelled task is still to be kept out of the target."""
    return task is not None and task.cancel_requested and not _is_merging(pull)


def _merges(board: Board, tasks: dict[str, Task], sight: Sight) -> Iterator[Action]:
    """Yield one step for each target, and the checks of those next in its queue."""
    attempts = {a.id: a for a in board.snapshot.attempts if a.state is State.VERIFIED}
    queues: dict[tuple[str, str], list[PullRequest]] = {}
    for pull in board.snapshot.pulls:
        wanted = sight.keys is None or pull.task in sight.keys or _is_merging(pull)
        wanted = wanted and not _withdrawn(tasks.get(pull.task), pull)
        # one that waits for the world must not hold up the others
        wanted = wanted and f"build {pull.number}" not in sight.cooling
        if wanted and pull.status in _IN_HAND and pull.attempt in attempts:
            queues.setdefault((pull.project, pull.target), []).append(pull)
    for queue in queues.values():
        queue.sort(key=lambda pull: _turn(pull, tasks))
        first = queue[0]
        if _is_merging(first) and first.candidate is not None:
            yield Land(pull=first, attempt=attempts[first.attempt])
        elif not sight.stopping and not _under_way(first, sight):
            yield Build(pull=first, attempt=attempts[first.attempt])
        # not behind one that waits for the world
        if not sight.stopping and not first.reason:
            yield from _anticipations(queue, sight)


def _under_way(pull: PullRequest, sight: Sight) -> bool:
    """Tell whether just this merge is being checked already, begun in advance."""
    return pull.number in sight.anticipated and f"anticipate {pull.number}" in sight.busy


def _anticipations(queue: list[PullRequest], sight: Sight) -> Iterator[Action]:
    for place in range(1, min(len(queue), AHEAD + 1)):
        pull, ahead = queue[place], tuple(queue[:place])
        numbers = tuple(one.number for one in ahead)
        # what stood further ahead has landed
        if sight.anticipated.get(pull.number, ())[-place:] != numbers:
            yield Anticipate(pull=pull, ahead=ahead)


def _turn(pull: PullRequest, tasks: dict[str, Task]) -> tuple[bool, tuple[int, datetime, int]]:
    task = tasks.get(pull.task)
    priority = task.priority if task else Priority.NORMAL
    return (not _is_merging(pull), merge_order(pull, priority))


def _retirements(board: Board) -> Iterator[Action]:
    for task in board.snapshot.tasks:
        where = standing(task, board)
        attempts = board.attempts.get(task.key, ())
        if where.fate is not None and all(attempt.cleaned for attempt in attempts):
            yield Retire(task=task, attempts=attempts, fate=where.fate, reason=where.reason)


@dataclass
class _Room:
    """How many slots are left while dispatches are chosen one after another."""

    free: int
    running: Counter[str]
    spent: Counter[str]

    def take(self, slot: Slot, profile: Profile) -> None:
        self.free -= 1
        self.running[slot.account] += 1
        self.spent[slot.account] += profile.max_cost_micros


def _dispatches(board: Board, sight: Sight) -> tuple[list[Dispatch], list[Wait]]:
    holding = [a for a in board.snapshot.attempts if a.holds_slot]
    room = _Room(
        free=sight.parallel - len(holding),
        running=Counter(attempt.account for attempt in holding),
        spent=Counter(board.snapshot.committed),
    )
    dispatches: list[Dispatch] = []
    waits: list[Wait] = []
    ready = [t for t in board.snapshot.tasks if standing(t, board).status is Status.READY]
    for task in sorted(ready, key=lambda t: (t.priority.rank, t.created, t.number)):
        chosen = _dispatch(task, board, sight, room)
        if isinstance(chosen, Dispatch):
            dispatches.append(chosen)
        else:
            waits.append(chosen)
    return dispatches, waits


def _dispatch(task: Task, board: Board, sight: Sight, room: _Room) -> Dispatch | Wait:
    refused = _held_back(task, board, sight, room)
    if refused:
        return Wait(task=task.key, reason=refused)
    slot = choose_slot(task, board.fleet, running=room.running, spent=room.spent, unfit=sight.unfit)
    if not isinstance(slot, Slot):
        return Wait(task=task.key, reason="; ".join(f"{r.subject}: {r.reason}" for r in slot))
    profile = board.fleet.profiles[slot.profile]
    if task.budget_micros is not None:
        used = board.snapshot.task_committed.get(task.key, 0)
        if used + profile.max_cost_micros > task.budget_micros:
            return Wait(task=task.key, reason="the task's budget is spent or reserved")
    room.take(slot, profile)
    attempts = board.attempts.get(task.key, ())
    last = attempts[-1] if attempts else None
    fresh = task.fresh or (last is not None and _fresh_after(last))
    number = last.number + 1 if last else 1
    return Dispatch(task=task, slot=slot, number=number, fresh=fresh)


def _fresh_after(last: Attempt) -> bool:
    """Tell whether to start at the target: after a conflict, or where that never came to run."""
    return last.red in _FRESH_AFTER or (last.fresh and last.base is None)


def _held_back(task: Task, board: Board, sight: Sight, room: _Room) -> str:
    """Answer the first reason against any dispatch of the task, "" when there is none."""
    unclean = not all(a.cleaned for a in board.attempts.get(task.key, ()))
    reasons = (
        (sight.stopping, "the coordinator stops"),
        (sight.keys is not None and task.key not in sight.keys, "not asked for in this run"),
        (task.project not in board.fleet.projects, f"{task.project} is not in fleet.yaml"),
        (bool(sight.dispatch_refused), sight.dispatch_refused),
        (unclean, "predecessor not confirmed dead"),
        (room.free <= 0, f"{sight.parallel} attempts run already"),
    )
    return next((reason for holds, reason in reasons if holds), "")
