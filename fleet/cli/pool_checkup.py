"""What `fleet doctor` says of the pool: accounts that stand still, windows, timezones and clock."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from fleet.cli.agent_checkup import Row, row
from fleet.cli.output import clock, plain
from fleet.domain.health import account_subject
from fleet.domain.schedule import due_next, shift_near

if TYPE_CHECKING:
    from fleet.bootstrap import Office
    from fleet.domain.profile import Account
    from fleet.domain.schedule import Schedule
    from fleet.domain.window import Window

_STANDS_STILL = frozenset({"blocked", "cooling"})


def pool_examined(office: "Office") -> Iterator[Row]:
    """Answer a line on the clock, one a window, one an entry of the schedule, one a halted account.

    Accounts that cool or are blocked are halted.
    """
    from fleet.app import views

    now, snapshot = office.clock.now(), office.ledger.snapshot()
    yield row("clock", "ok", _zones(office, now))
    for account in office.fleet.accounts.values():
        if account.window is not None:
            yield _window(account, account.window, now)
    yield from _schedule(office.fleet.schedule, now)
    # credentials are examined by themselves, each with its own remedy
    blocked = {health.subject for health in snapshot.health if health.blocked}
    for each in views.pool_rows(snapshot, office.fleet, now=now, unfit={}):
        if each["state"] in _STANDS_STILL:
            until = f" until {clock(each['until'])}" if each["until"] else ""
            detail = f"{each['state']}{until}: {plain(each['reason'])}"
            by_hand = account_subject(each["account"]) in blocked
            remedy = f"mend it, then: fleet pool open {each['account']}" if by_hand else ""
            yield row(f"pool {each['account']}", "warn", detail, remedy)


def _zones(office: "Office", now: datetime) -> str:
    """Say what the clock shows in every timezone that budgets and windows go by."""
    fleet = office.fleet
    zones = {str(fleet.timezone): fleet.timezone}
    for account in fleet.accounts.values():
        zone = fleet.zone_of(account)
        zones[str(zone)] = zone
        if account.window is not None:
            zones[str(account.window.timezone)] = account.window.timezone
    timed = [run.timezone for run in fleet.schedule.runs]
    timed += [report.timezone for report in fleet.schedule.reports]
    zones.update((str(zone), zone) for zone in timed)
    return ", ".join(f"{now.astimezone(zone):%a %H:%M} {name}" for name, zone in zones.items())


def _schedule(schedule: "Schedule", now: datetime) -> Iterator[Row]:
    for run in schedule.runs:
        shift = shift_near(run, now)
        open_now = shift.starts <= now
        ends, starts = clock(shift.ends.isoformat()), clock(shift.starts.isoformat())
        said = f"under way until {ends}" if open_now else f"from {starts} to {ends}"
        yield row(f"run {run.name}", "ok", f"{said}, while `fleet up` stands")
    for report in schedule.reports:
        said = f"next {clock(due_next(report, now).isoformat())} into {report.to}"
        yield row(f"report {report.name}", "ok", f"{said}, while `fleet up` stands")


def _window(account: "Account", window: "Window", now: datetime) -> Row:
    name = f"window {account.name}"
    closes, opens = window.closing(now), window.opening(now)
    if closes is not None:
        return row(name, "ok", f"open until {clock(closes.isoformat())}")
    if opens is None:
        return row(name, "fail", "it never opens", "mend `window` of the account in fleet.yaml")
    return row(name, "ok", f"closed; it opens {clock(opens.isoformat())}")
