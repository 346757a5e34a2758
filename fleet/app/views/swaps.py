"""Read models of swaps: the receipt of one, and an attempt that nobody took over yet."""

from fleet.app.views.row import Row, moment
from fleet.domain.attempt import Attempt, State
from fleet.domain.swap import Receipt


def receipt_row(receipt: Receipt) -> Row:
    """Answer a receipt as a row of the report."""
    return {
        "at": moment(receipt.at),
        "task": receipt.task,
        "attempt": receipt.attempt,
        "successor": receipt.successor,
        "trigger": receipt.trigger.value,
        "kind": receipt.cause.value,
        "from": f"{receipt.from_profile}/{receipt.from_account}",
        "to": f"{receipt.to_profile}/{receipt.to_account}",
        "why": receipt.why,
        "carried": receipt.carried,
        "seconds_lost": round(receipt.seconds_lost, 1),
        "night": receipt.night.isoformat(),
    }


def swap_view(attempt: Attempt, receipt: Receipt | None) -> Row | None:
    """Answer `swap` of an attempt, None where there was none; `to` is None until one follows."""
    if receipt is not None:
        row = receipt_row(receipt)
        names = ("trigger", "kind", "to", "successor", "why", "carried", "seconds_lost", "at")
        return {name: row[name] for name in names}
    if attempt.state is not State.SWAPPED or attempt.cause is None:
        return None
    return {
        "trigger": attempt.cause.trigger.value,
        "kind": attempt.cause.value,
        "to": None,
        "successor": None,
        "why": attempt.reason,
        "carried": None,
        "seconds_lost": None,
        "at": None,
    }
