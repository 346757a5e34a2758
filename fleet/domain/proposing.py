"""Proposing: which tasks fleet itself makes the next attempt of, before any agent gets them."""

from collections.abc import Sequence
from dataclasses import dataclass

from fleet.domain.attempt import Attempt
from fleet.domain.board import Board
from fleet.domain.dispatching import shut, waits_for
from fleet.domain.plan import Propose, Sight, Wait
from fleet.domain.task import Task


@dataclass(frozen=True, kw_only=True)
class Proposals:
    """What fleet does itself, what waits for that, and the ready tasks that are left to agents."""

    actions: tuple[Propose, ...]
    waits: tuple[Wait, ...]
    others: tuple[Task, ...]


def own_turn(task: Task, attempts: Sequence[Attempt]) -> bool:
    """Tell whether it takes a merge back and no agent had it yet.

    Once, and once more whenever a human asks for another try: the target may have changed.
    """
    if task.reverts is None:
        return False
    return all(a.by_fleet and a.number <= task.red_from for a in attempts)


def proposals(ready: Sequence[Task], board: Board, sight: Sight) -> Proposals:
    """Answer the proposals among ready tasks: they need no slot, but leave to begin like others."""
    own = [task for task in ready if own_turn(task, board.attempts.get(task.key, ()))]
    against = {task.key: shut(task, board, sight) for task in own}
    return Proposals(
        actions=tuple(Propose(task=task) for task in own if not against[task.key]),
        waits=tuple(waits_for(against[t.key], t, sight) for t in own if against[t.key]),
        others=tuple(task for task in ready if task.key not in against),
    )
