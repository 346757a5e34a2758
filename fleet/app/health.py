"""Health: what attempts show of their account and its vendor, and the human who opens one."""

from collections.abc import Mapping

from fleet.app.desk import Desk, Pen
from fleet.domain.attempt import Attempt, Outcome
from fleet.domain.errors import FleetError, NotFoundError, StaleLeaseError, TransientError
from fleet.domain.health import (
    Failure,
    Health,
    account_subject,
    after_failure,
    after_success,
    known_at,
    opened,
    stands_still,
    vendor_subject,
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
        for well in _recovered(attempt, account, desk):
            _keep(well, attempt, desk)


def answered(attempt: Attempt, desk: Desk, *, fleet: Fleet) -> None:
    """Write down that its vendor answered an attempt: who probes need not come to the end.

    Of its account that says nothing: a limit lets calls through before it is reached again.
    """
    account = fleet.accounts.get(attempt.account)
    if account is not None:
        for well in _recovered(attempt, account, desk):
            if well.subject == vendor_subject(account):
                _keep(well, attempt, desk)


def _recovered(attempt: Attempt, account: Account, desk: Desk) -> tuple[Health, ...]:
    began = attempt.started or attempt.created
    return after_success(account, began=began, known=_known(desk))


def _known(desk: Desk) -> Mapping[str, Health]:
    return known_at(desk.at, desk.health.values())


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
    return after_failure(failure, account, known=_known(desk), rules=fleet.swap)


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


def open_account(name: str, fleet: Fleet, pen: Pen) -> None:
    """Let an account be used again at once, as a human says, whatever its vendor cools for.

    Raises NotFoundError for an account that fleet.yaml does not name, FleetError for one that
    is not blocked and does not cool, nor does its vendor.
    """
    if name not in fleet.accounts:
        known = ", ".join(sorted(fleet.accounts))
        raise NotFoundError(f"there is no account {name}", remedy=f"one of: {known}")
    for _ in range(_TRIES):
        desk = Desk(pen.ledger.snapshot(), at=pen.clock.now(), who=pen.who)
        _open(fleet.accounts[name], desk)
        try:
            pen.ledger.commit(desk.writes())
        except StaleLeaseError:
            continue
        return
    raise TransientError(f"account {name} changes all the time", remedy="try again")


def _open(account: Account, desk: Desk) -> None:
    subjects = (account_subject(account.name), vendor_subject(account))
    known = _known(desk)
    rows = [known[subject] for subject in subjects if subject in known]
    if not any(stands_still(row, desk.at) for row in rows):
        name = account.name
        raise FleetError(f"account {name} is open already", remedy="see `fleet pool status`")
    for row in [row for row in rows if row.strikes or stands_still(row, desk.at)]:
        desk.save(opened(row, desk.at))
        data = {"subject": row.subject, "kind": row.kind}
        whose = row.subject.partition(" ")[0]
        desk.log(f"{whose}.opened", None, what=row.subject, data=data)
