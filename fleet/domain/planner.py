"""The heart: `plan` reads a snapshot and answers the actions to take; it changes nothing."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from fleet.domain.attempt import Attempt, Outcome, State, end_of
from fleet.domain.board import Board, Standing, board_of, gone, standing
from fleet.domain.dispatching import Dispatches, dispatches, shut
from fleet.domain.merging import Merges, merges, withdrawn
from fleet.domain.pending import ActionStatus
from fleet.domain.plan import (
    Action,
    Clean,
    Collect,
    Conclude,
    Follow,
    Launch,
    Plan,
    Propose,
    Retire,
    Sight,
    Snapshot,
    Stop,
    Verify,
)
from fleet.domain.pool import Pool, pool_of
from fleet.domain.profile import Fleet, OnClose
from fleet.domain.proposing import proposals
from fleet.domain.stopping import Spending, ground, outgrown, spending_of
from fleet.domain.task import Status, Task

# how long a successor may take to start before what its predecessor left is removed all the same
GIVES_WAY = timedelta(seconds=5)


def plan(snapshot: Snapshot, fleet: Fleet, sight: Sight) -> Plan:
    """Answer what to do now; the same arguments give the same answer."""
    board = board_of(snapshot, fleet, halted=sight.halted)
    pool = pool_of(snapshot, fleet, now=sight.now, unfit=sight.unfit)
    tasks = {task.key: task for task in snapshot.tasks}
    where = {task.key: standing(task, board) for task in snapshot.tasks}
    actions: list[Action] = []
    seen = _Seen(board=board, sight=sight, pool=pool, spending=spending_of(snapshot, pool))
    for attempt in snapshot.attempts:
        if attempt.live or not attempt.cleaned:
            actions += _for_attempt(attempt, tasks.get(attempt.task), seen)
    merging = merges(board, tasks, sight)
    actions += merging.actions
    actions += _retirements(board, where, sight)
    ready = [task for task in snapshot.tasks if where[task.key].status is Status.READY]
    own = proposals(ready, board, sight)
    actions += own.actions
    starts = dispatches(own.others, board, sight, pool=pool)
    starting = {action.task.key for action in starts.actions}
    actions = [each for each in actions if not _gives_way(each, board, sight, starting)]
    actions += starts.actions
    held = sight.busy | sight.cooling
    free = tuple(action for action in actions if action.key not in held)
    return Plan(
        actions=free,
        waits=(*own.waits, *starts.waits),
        idle=not free and merging.wake is None and _at_rest(board, sight),
        wake=_wake(starts, merging, pool),
        storm=starts.storm,
        halted=board.halts.shut,
    )


def _gives_way(action: Action, board: Board, sight: Sight, starting: Collection[str]) -> bool:
    """Tell whether a clean-up waits: the start of a successor goes first, for some seconds."""
    if not isinstance(action, Clean):
        return False
    newest = board.attempts[action.attempt.task][-1]
    begins = newest.state in {State.LEASED, State.PREPARING}
    young = begins and sight.now - newest.created < GIVES_WAY
    return action.attempt.task in starting or (young and newest is not action.attempt)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What attempts are judged by."""

    board: Board
    sight: Sight
    pool: Pool
    spending: Spending


def _wake(starts: Dispatches, merging: Merges, pool: Pool) -> datetime | None:
    """Answer the next instant at which time alone changes the plan, None where none does."""
    closings = (_closing(attempt, pool) for attempt in pool.holding)
    instants = (*(wait.until for wait in starts.waits), *closings, merging.wake)
    return min((at for at in instants if at is not None and at > pool.now), default=None)


def _closing(attempt: Attempt, pool: Pool) -> datetime | None:
    account = pool.fleet.accounts.get(attempt.account)
    if account is None or account.window is None or account.on_window_close is OnClose.FINISH:
        return None
    return account.window.closing(pool.now)


def _at_rest(board: Board, sight: Sight) -> bool:
    """Tell whether nothing moves: what waits for the world to change does not count."""
    moving = {State.LEASED, State.PREPARING, State.RUNNING, State.COLLECTED}
    return not sight.busy and not any(
        attempt.state in moving
        and sight.cooling.isdisjoint({Launch.key_of(attempt.id), Collect.key_of(attempt.id)})
        for attempt in board.snapshot.attempts
    )


def _for_attempt(attempt: Attempt, task: Task | None, seen: _Seen) -> Iterator[Action]:
    pull = seen.board.pulls.get(attempt.id)
    match attempt.state:
        case State.LEASED | State.PREPARING if task is not None:
            yield from _before_the_start(attempt, task, seen)
        case State.RUNNING if task is not None:
            yield from _while_it_runs(attempt, task, seen)
        case State.COLLECTED:
            yield from _once_collected(attempt, task)
        case State.VERIFYING if task is not None:
            yield from _verification(attempt, task, seen)
        case State.VERIFIED if withdrawn(task, pull):
            yield Conclude(attempt=attempt, to=State.CANCELLED, reason="cancelled on request")
        case _:
            pass
    over = attempt.outcome is not None or not attempt.live
    if over and not attempt.cleaned and attempt.state is not State.COLLECTED:
        yield Clean(attempt=attempt)


def _before_the_start(attempt: Attempt, task: Task, seen: _Seen) -> Iterator[Action]:
    against = _against_the_start(attempt, task, seen)
    if attempt.state is State.LEASED and against:
        yield Conclude(attempt=attempt, to=State.CANCELLED, reason=f"not started: {against}")
    else:
        yield Launch(attempt=attempt, task=task)


def _against_the_start(attempt: Attempt, task: Task, seen: _Seen) -> str:
    """Say why a leased attempt is not started after all: much may have changed since the lease."""
    if task.cancel_requested:
        return "cancelled on request"
    hindered = seen.pool.hindered.get(attempt.account)
    return shut(task, seen.board, seen.sight) or (hindered.reason if hindered else "")


def _while_it_runs(attempt: Attempt, task: Task, seen: _Seen) -> Iterator[Action]:
    sight, pool = seen.sight, seen.pool
    unwritten = sight.unwritten.get(attempt.id)
    if unwritten and attempt.stopping is None:
        # sent while the ledger was full: its end is no success, and never its agent's fault
        yield Stop(attempt=attempt, outcome=Outcome.CANCELLED, reason=unwritten)
        return
    if attempt.id in sight.exited:
        yield Collect(attempt=attempt, task=task)
        return
    if attempt.id not in sight.followed:
        yield Follow(attempt=attempt)
    if attempt.stopping is not None:
        yield Stop(
            attempt=attempt,
            outcome=attempt.stopping,
            reason=attempt.reason,
            cause=attempt.cause,
        )
        return
    reason = _told_to_stop(task, seen)
    if reason:
        yield Stop(attempt=attempt, outcome=Outcome.CANCELLED, reason=reason)
        return
    hearing, size = sight.hearing(attempt.id), sight.sizes.get(attempt.id, 0)
    found = ground(attempt, task, pool, spending=seen.spending, hearing=hearing)
    found = found or outgrown(attempt, size, pool.fleet)
    if found is not None:
        cause, reason = found
        yield Stop(attempt=attempt, outcome=Outcome.SWAP, reason=reason, cause=cause)


def _told_to_stop(task: Task, seen: _Seen) -> str:
    """Say why people want what runs to end, "" while nobody does."""
    if task.cancel_requested:
        return "cancelled on request"
    stopped = seen.board.halts.stop(task.key)
    return stopped or ("the coordinator stops" if seen.sight.stopping else "")


def _once_collected(attempt: Attempt, task: Task | None) -> Iterator[Action]:
    if attempt.outcome is None:
        return
    to = end_of(attempt.outcome, self_check_red=attempt.self_check_red)
    if to is State.VERIFYING and task is not None and task.cancel_requested:
        yield Conclude(attempt=attempt, to=State.CANCELLED, reason="cancelled on request")
    else:
        yield Conclude(attempt=attempt, to=to)


def _verification(attempt: Attempt, task: Task, seen: _Seen) -> Iterator[Action]:
    if Verify.key_of(attempt.id) in seen.sight.busy:
        return
    action = seen.board.pending.get(attempt.id)
    if task.cancel_requested:
        yield Conclude(attempt=attempt, to=State.CANCELLED, reason="cancelled on request")
    elif action is not None and action.status is ActionStatus.REJECTED:
        yield Conclude(attempt=attempt, to=State.REJECTED, reason=action.answer or "rejected")
    elif seen.sight.stopping or seen.board.halts.stop(task.key) or gone(task.project, seen.board):
        return
    elif action is None or action.status is ActionStatus.APPROVED:
        yield Verify(attempt=attempt, task=task, action=action)


def _retirements(board: Board, standings: Mapping[str, Standing], sight: Sight) -> Iterator[Action]:
    for task in board.snapshot.tasks:
        where = standings[task.key]
        # a proposal under way would plant the branch again that is put away
        if where.fate is None or Propose.key_of(task.key) in sight.busy:
            continue
        attempts = board.attempts.get(task.key, ())
        if all(attempt.cleaned for attempt in attempts):
            yield Retire(task=task, attempts=attempts, fate=where.fate, reason=where.reason)
