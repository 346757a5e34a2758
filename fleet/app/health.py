"""Health: what attempts show of their account and its vendor, and the human who opens one."""

from fleet.app.desk import Desk, Pen
from fleet.domain.attempt import Attempt, Outcome
from fleet.domain.errors import FleetError, NotFoundError, StaleLeaseError, TransientError
from fleet.domain.health import (
    Failure,
    Health,
    account_subject,
    after_failure,
    after_success,
    opened,
)
from fleet.domain.profile import Account, Fleet
from fleet.domain.result import Usage

_TRIES = 20
_REASON = 300  # characters of what a vendor said


def note(attempt: Attempt, desk: Desk, *, fleet: Fleet, resets_after: float | None = None) -> None:
    """Write down what the end of an attempt says of its account and the vendor.

    `resets_after` are the seconds that the vendor told until it takes calls again.
    """
    account = fleet.accounts.get(attempt.account)
    if account is None:
        return
    failed = _failed(attempt, account, desk, fleet=fleet, resets_after=resets_after)
    if failed is not None:
        _keep(failed, attempt, desk)
    elif _worked(attempt):
        answered(attempt, desk, fleet=fleet)


def answered(attempt: Attempt, desk: Desk, *, fleet: Fleet) -> None:
    """Write down that its vendor answered an attempt: who probes need not come to the end."""
    account = fleet.accounts.get(attempt.account)
    if account is not None:
        began = attempt.started or attempt.created
        for well in after_success(account, began=began, known=desk.health):
            _keep(well, attempt, desk)


def _failed(
    attempt: Attempt, account: Account, desk: Desk, *, fleet: Fleet, resets_after: float | None
) -> Health | None:
    if attempt.cause is None:
        return None
    failure = Failure(
        cause=attempt.cause,
        reason=_short(attempt.diagnosis or attempt.reason),
        at=desk.at,
        resets_after=resets_after,
    )
    return after_failure(failure, account, known=desk.health, rules=fleet.swap)


def _short(said: str) -> str:
    """Answer on one line what may be a page of an agent's own words."""
    return " ".join(said.split())[:_REASON]


def _worked(attempt: Attempt) -> bool:
    """Tell whether the model answered it: it finished, or used something."""
    return attempt.outcome is Outcome.FINISHED or attempt.usage != Usage()


def _keep(row: Health, attempt: Attempt, desk: Desk) -> None:
    if row == desk.health.get(row.subject):
        return
    whose = row.subject.partition(" ")[0]
    until = f", until {row.until:%Y-%m-%d %H:%M:%S} UTC" if row.until else ""
    if row.blocked:
        kind, until = f"{whose}.blocked", ""
    elif row.until is not None and row.until > desk.at:
        kind = f"{whose}.cooling"
    else:
        kind, until = f"{whose}.recovered", ""
    desk.save(row)
    data = {
        "subject": row.subject,
        "kind": row.kind,
        "until": row.until.isoformat() if row.until else None,
        "strikes": row.strikes,
        "attempt": attempt.id,
    }
    desk.log(kind, None, what=f"{row.subject}: {row.kind}: {row.reason}{until}", data=data)


def open_account(name: str, fleet: Fleet, pen: Pen) -> Health:
    """Let an account be used again at once, as a human says; answer its health.

    Raises NotFoundError for an account that fleet.yaml does not name, FleetError for one that
    neither is blocked nor cools.
    """
    if name not in fleet.accounts:
        known = ", ".join(sorted(fleet.accounts))
        raise NotFoundError(f"there is no account {name}", remedy=f"one of: {known}")
    for _ in range(_TRIES):
        desk = Desk(pen.ledger.snapshot(), at=pen.clock.now(), who=pen.who)
        row = desk.health.get(account_subject(name))
        if row is None or not (row.blocked or (row.until is not None and row.until > desk.at)):
            raise FleetError(f"account {name} is open already", remedy="see `fleet pool status`")
        well = opened(row, desk.at)
        desk.save(well)
        data = {"subject": row.subject, "kind": row.kind}
        desk.log("account.opened", None, what=f"account {name} by {pen.who}", data=data)
        try:
            pen.ledger.commit(desk.writes())
        except StaleLeaseError:
            continue
        return well
    raise TransientError(f"account {name} changes all the time", remedy="try again")
