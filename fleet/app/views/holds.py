"""Read models of what people stopped."""

from collections.abc import Iterable

from fleet.app.views.row import Row, moment
from fleet.domain.hold import FLEET, Hold, HoldKind


def beside(reason: str, stopped: str) -> str:
    """Answer a reason with the words of a stop beside it, where it does not say them itself."""
    if not stopped or stopped in reason:
        return reason
    return f"{reason}; {stopped}" if reason else stopped


def hold_rows(holds: Iterable[Hold], *, halted: str) -> list[Row]:
    """Answer the holds that stand; `halted` says what stops everything beside them."""
    rows = [
        {
            "subject": hold.subject,
            "kind": hold.kind.value,
            "who": hold.who,
            "at": moment(hold.at),
            "reason": hold.reason,
            "said": hold.said,
        }
        for hold in holds
        if hold.active
    ]
    if halted:
        told = {"who": None, "at": None, "reason": halted, "said": halted}
        rows.append({"subject": FLEET, "kind": HoldKind.STOP.value, **told})
    return rows
