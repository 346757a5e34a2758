"""Receipts: what a swap handed over, for ledger, history and traces."""

from collections.abc import Sequence
from dataclasses import asdict

from fleet.app.desk import Desk
from fleet.app.tools import Tools
from fleet.domain.attempt import Attempt
from fleet.domain.profile import Fleet
from fleet.domain.swap import Cause, Receipt
from fleet.domain.window import night_of

_SHORT = 7  # digits of a SHA that people are shown


def record(before: Attempt, to: Attempt, desk: Desk, *, cause: Cause, fleet: Fleet) -> None:
    """Write the receipt of a swap, once, on the attempt that ended."""
    left = before.last_progress or before.ended or before.created
    receipt = Receipt(
        attempt=before.id,
        task=before.task,
        successor=to.id,
        trigger=cause.trigger,
        cause=cause,
        from_profile=before.profile,
        from_account=before.account,
        to_profile=to.profile,
        to_account=to.account,
        why=before.reason,
        carried=_carried(before, desk.snapshot.attempts, fresh=to.fresh),
        seconds_lost=(desk.at - left).total_seconds(),
        night=night_of(desk.at, fleet.timezone),
        at=desk.at,
    )
    desk.append(receipt)
    taker = f"{to.profile} with account {to.account}"
    desk.log("attempt.swapped", before, what=f"{cause} -> {taker}", data=_told(receipt))


def trace(before: Attempt, tools: Tools) -> None:
    """Put the receipt of its swap, once that is written down, into the traces of both attempts."""
    for receipt in tools.ledger.receipts(before.task):
        if receipt.attempt == before.id:
            for one in (receipt.attempt, receipt.successor):
                tools.trace(one, {"kind": "swapped", "receipt": _told(receipt)})


def _told(receipt: Receipt) -> dict[str, object]:
    """Answer a receipt as an event and a trace tell it."""
    instants = {"night": receipt.night.isoformat(), "at": receipt.at.isoformat()}
    plain = {"trigger": receipt.trigger.value, "cause": receipt.cause.value}
    return {**asdict(receipt), **plain, **instants}


def _carried(before: Attempt, attempts: Sequence[Attempt], *, fresh: bool) -> str:
    """Say what of the work so far the successor finds on its branch."""
    if fresh:
        return "nothing: it starts at the target again"
    tries = [a for a in attempts if a.task == before.task and a.number <= before.number]
    since = max((a.number for a in tries if a.fresh), default=0)
    left = [a for a in tries if a.number >= since and a.head not in (None, a.base)]
    if not left:
        return "nothing: no change yet"
    newest = max(left, key=lambda a: a.number)
    return f"commit {str(newest.head)[:_SHORT]} on {newest.branch}"
