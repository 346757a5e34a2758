"""Dispatching: which ready tasks start now, in which slots, and what the others wait for."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from fleet.domain.attempt import WITH_OTHERS, Attempt, State
from fleet.domain.board import Board, gone
from fleet.domain.budget import MICROS
from fleet.domain.chain import avoided, candidates, cause_of_swap, counted_of, escalated, limits_met
from fleet.domain.choice import Candidate, Refusals, choose_slot
from fleet.domain.hindrance import NEVER, AccountState
from fleet.domain.plan import Dispatch, Sight, Wait
from fleet.domain.pool import Pool, taken
from fleet.domain.reviewing import crowded, spared
from fleet.domain.slot import Slot
from fleet.domain.swap import Cause
from fleet.domain.task import Task
from fleet.domain.turns import Turns
from fleet.domain.window import night_of, night_over

_TOO_MANY = "{} swaps in this night already (limits.night_swaps)"
_WORN_OUT = (
    "{} swaps of it for limits and outages in this night already (swap.error.max_swaps): "
    "`fleet task retry` goes on at once"
)
_SHOWN = 3  # reasons told, and accounts named for each


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Refusals, with what they say to people and when the first of them ends."""

    refusals: Refusals
    reason: str
    until: datetime | None


@dataclass(frozen=True, kw_only=True)
class Dispatches:
    """What starts, what waits; `storm` says that dispatch stands still until a cooldown ends."""

    actions: tuple[Dispatch, ...]
    waits: tuple[Wait, ...]
    storm: str = ""


@dataclass
class _Room:
    """What is left while dispatches are chosen one after another.

    Tasks that want the same and have the same past, most of them none, are kin. `chains` remembers
    who may take them, `refused` that nobody may: within one tick the pool only gets fuller. At
    `noon` another night's swaps are counted. `crowds` are the projects whose reviewers have
    enough, and why.
    """

    free: int
    pool: Pool
    swaps: int
    night: date
    noon: datetime | None
    crowds: Mapping[str, str]
    chains: dict[object, tuple[Candidate, ...]] = field(default_factory=dict)
    refused: dict[object, Refused] = field(default_factory=dict)


def dispatches(ready: Sequence[Task], board: Board, sight: Sight, *, pool: Pool) -> Dispatches:
    """Choose slots for ready tasks: by priority, then in fair turns of their projects."""
    held = Counter(attempt.project for attempt in pool.holding)
    zone = board.fleet.timezone
    night = night_of(sight.now, zone)
    room = _Room(
        free=sight.parallel - held.total(),
        pool=pool,
        swaps=board.snapshot.swaps.get(night, 0),
        night=night,
        # where there may be none at all, another night is no better
        noon=night_over(night, zone) if board.fleet.swap.night else None,
        crowds=crowded(board),
    )
    weights = {key: project.weight for key, project in board.fleet.projects.items()}
    actions: list[Dispatch] = []
    waits: list[Wait] = []
    turns = Turns(ready, held, weights)
    for task in turns:
        chosen = _dispatch(task, board, sight, room)
        if isinstance(chosen, Dispatch):
            actions.append(chosen)
            turns.took(task)
        else:
            waits.append(chosen)
    storm = "" if actions or pool.holding else _storm(room.refused.values())
    return Dispatches(actions=tuple(actions), waits=tuple(waits), storm=storm)


def _dispatch(task: Task, board: Board, sight: Sight, room: _Room) -> Dispatch | Wait:
    held_back = shut(task, board, sight) or _not_yet(task, board, sight, room)
    if held_back:
        return waits_for(held_back, task, sight)
    attempts = board.attempts.get(task.key, ())
    counted, newest = counted_of(task, attempts), attempts[-1] if attempts else None
    worn = _worn_out(counted, room)
    if worn:
        return Wait(task=task.key, reason=worn, until=room.noon)
    slot = _slot(task, counted, board, room)
    if isinstance(slot, Refused):
        return Wait(task=task.key, reason=slot.reason, until=slot.until)
    stronger = escalated(counted, board.fleet, rest=_rest(task, board))
    cause = cause_of_swap(newest, slot, stronger=stronger)
    # a human's retry takes over from who was swapped away as well, but asks for no leave
    if cause is not None and counted and (worn := _swapped_enough(room)):
        return Wait(task=task.key, reason=worn, until=room.noon)
    room.swaps += cause is not None
    room.free -= 1
    room.pool = taken(room.pool, slot, project=task.project)
    return Dispatch(
        task=task,
        slot=slot,
        number=newest.number + 1 if newest else 1,
        fresh=task.fresh or (newest is not None and fresh_after(newest)),
        after=newest if cause is not None else None,
        cause=cause,
    )


def _worn_out(counted: Sequence[Attempt], room: _Room) -> str:
    """Say that this night has seen enough swaps, of all tasks or of this one, "" while not."""
    if not counted or counted[-1].state is not State.SWAPPED:
        return ""
    enough, most = _swapped_enough(room), room.pool.fleet.swap.errors
    if enough or len(counted) <= most:
        return enough
    met = limits_met(counted, night=room.night, zone=room.pool.fleet.timezone)
    return _WORN_OUT.format(met) if met > most else ""


def _swapped_enough(room: _Room) -> str:
    """Say that this night has seen enough swaps of all tasks together, "" while it has not."""
    most = room.pool.fleet.swap.night
    return _TOO_MANY.format(most) if room.swaps >= most else ""


def fresh_after(last: Attempt) -> bool:
    """Tell whether to start at the target, whose work so far is kept aside.

    After a conflict, after what was too large, which would be so again, and where such a start
    never came to run.
    """
    conflicting = last.red in WITH_OTHERS
    return conflicting or last.cause is Cause.OVERGROWN or (last.fresh and last.base is None)


def shut(task: Task, board: Board, sight: Sight) -> str:
    """Answer what speaks against any new attempt of the task now, "" when nothing does."""
    if sight.stopping:
        return "the coordinator stops"
    held = board.halts.start(task.key)
    if held:
        return held
    if sight.keys is not None and task.key not in sight.keys:
        return "not asked for in this run"
    return gone(task.project, board) or sight.dispatch_refused


def waits_for(reason: str, task: Task, sight: Sight) -> Wait:
    """Answer that a task waits; where nothing at all is dispatched, until that ends."""
    until = sight.dispatch_until if reason == sight.dispatch_refused else None
    return Wait(task=task.key, reason=reason, until=until)


def _not_yet(task: Task, board: Board, sight: Sight, room: _Room) -> str:
    """Answer what has to come to an end before it starts, "" when nothing has."""
    attempts = board.attempts.get(task.key, ())
    # once its work is collected its container has ended; what is left of it may go meanwhile
    if attempts and not all(a.cleaned or a.outcome is not None for a in attempts):
        return "predecessor not confirmed dead"
    enough = spared(task, board, room.crowds)
    return enough or (f"{sight.parallel} attempts run already" if room.free <= 0 else "")


def _slot(task: Task, counted: Sequence[Attempt], board: Board, room: _Room) -> Slot | Refused:
    past = tuple([(a.profile, a.account, a.state, a.red, a.cause) for a in counted])
    able = _able(task, counted, past, board=board, room=room)
    names = tuple([each.profile.name for each in able])
    kin = (task.project, task.profile, task.role, past, names)
    known = room.refused.get(kin)
    if known is not None:
        return known
    found = choose_slot(able, room.pool, project=task.project, avoid=avoided(counted))
    if isinstance(found, Slot):
        return found
    reason = worded(found) if able else _nobody(task, counted, board)
    until = min((each.until for each in found if each.until is not None), default=None)
    room.refused[kin] = Refused(refusals=found, reason=reason, until=until)
    return room.refused[kin]


def _able(
    task: Task, counted: Sequence[Attempt], past: object, *, board: Board, room: _Room
) -> tuple[Candidate, ...]:
    """Answer the candidates whose reservation the task's own budget still covers."""
    rest = _rest(task, board)
    kin = (task.profile, task.role, past, rest if counted else None)
    if kin not in room.chains:
        room.chains[kin] = candidates(task, counted, board.fleet, rest=kin[-1])
    able = room.chains[kin]
    # without a past the rest only leaves some of them out
    return able if rest is None else tuple([c for c in able if c.profile.max_cost_micros <= rest])


def _rest(task: Task, board: Board) -> int | None:
    """Answer the micro-dollars left of the task's own budget, None where it has none."""
    if task.budget_micros is None:
        return None
    return task.budget_micros - board.snapshot.task_settled.get(task.key, 0)


def _nobody(task: Task, counted: Sequence[Attempt], board: Board) -> str:
    if task.profile is not None and task.profile not in board.fleet.profiles:
        return f"{task.profile}: there is no profile of that name"
    able = candidates(task, counted, board.fleet)
    if not able:
        return f"no profile for {task.role}"
    least = min(each.profile.max_cost_micros for each in able) / MICROS
    return f"the task's budget is spent: less is left than {least:g} USD, the least max_cost_usd"


def worded(refusals: Refusals) -> str:
    """Say for people why no slot is there: who stands for the same reason is named together."""
    same: dict[tuple[str, datetime | None], list[str]] = {}
    for each in refusals:
        same.setdefault((each.reason, each.until), []).append(each.subject)
    soonest = sorted(same.items(), key=lambda told: told[0][1] or NEVER)
    said = [
        f"{_named(subjects)}: {reason}" + (f", until {_instant(until)}" if until else "")
        for (reason, until), subjects in soonest[:_SHOWN]
    ]
    more = len(soonest) - len(said)
    return "; ".join([*said, f"{more} more: see `fleet pool status --explain`"] if more else said)


def _named(subjects: list[str]) -> str:
    more = len(subjects) - _SHOWN
    return ", ".join(subjects[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} {at.tzname()}"


def _storm(refused: Iterable[Refused]) -> str:
    """Say that every account that could be used cools, "" where that is not why all wait."""
    told = [refusal for each in refused for refusal in each.refusals]
    cooling = [each for each in told if each.state is AccountState.COOLING]
    working = any(each.state is AccountState.FULL for each in told)
    # who cools without an end is being probed
    if working or not cooling or any(each.until is None for each in cooling):
        return ""
    back = min(each.until for each in cooling if each.until is not None)
    accounts = len({each.subject.partition("/")[2] for each in cooling})
    said = f"every account that could be used stands still, {accounts} of them cooling"
    return f"{said}; the first is back at {_instant(back)}"
