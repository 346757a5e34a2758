"""Dispatch: give a ready task a slot, reserve its money, open the attempt."""

from dataclasses import replace

from fleet.app import receipts
from fleet.app.desk import Desk
from fleet.app.tools import Tools
from fleet.domain.attempt import Attempt, State, attempt_id
from fleet.domain.budget import Reservation
from fleet.domain.plan import Dispatch
from fleet.domain.profile import Fleet


def record(action: Dispatch, desk: Desk, *, fleet: Fleet, home8: str) -> None:
    """Write the LEASED attempt and its reservation; nothing has happened in the world yet."""
    task = action.task
    profile = fleet.profiles[action.slot.profile]
    attempt = Attempt(
        id=attempt_id(task.key, action.number, home8),
        task=task.key,
        project=task.project,
        number=action.number,
        profile=action.slot.profile,
        account=action.slot.account,
        branch=task.branch,
        state=State.LEASED,
        created=desk.at,
        fresh=action.fresh,
        reserved_micros=profile.max_cost_micros,
    )
    desk.save(attempt)
    desk.log("attempt.leased", attempt, what=f"{attempt.profile} with account {attempt.account}")
    desk.append(
        Reservation(
            attempt=attempt.id,
            task=task.key,
            project=task.project,
            account=attempt.account,
            micros=attempt.reserved_micros,
            at=desk.at,
        )
    )
    if task.fresh:
        desk.save(replace(task, fresh=False))
    if action.after is not None and action.cause is not None:
        receipts.record(action.after, attempt, desk, cause=action.cause, fleet=fleet)


def carry_out(action: Dispatch, tools: Tools) -> None:
    """Trace the receipt of a swap; whatever becomes of the successor, both traces have it."""
    if action.after is not None:
        receipts.trace(action.after, tools)
