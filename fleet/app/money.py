"""Money: what an attempt cost in the end, and a word where that is more than was reserved."""

from fleet.app.desk import Desk
from fleet.app.tools import Terms
from fleet.domain.agent import AGENTS, Meter
from fleet.domain.attempt import Attempt, Outcome
from fleet.domain.budget import MICROS, Settlement, metered, requests_of, settle
from fleet.domain.window import day_of

# how far a stop by the agent's own words can come too late
_BEYOND = {Meter.LIVE: "one call", Meter.END: "one invocation"}


def settle_attempt(attempt: Attempt, desk: Desk, terms: Terms, *, told: bool) -> None:
    """Write the settlement of a collected attempt; `told` says whether it told what it used."""
    fleet = terms.fleet
    profile, account = fleet.profiles.get(attempt.profile), fleet.accounts.get(attempt.account)
    price, meter = profile.price if profile else None, _meter(attempt, terms)
    by_itself = attempt.stopping is None and attempt.outcome is not Outcome.LOST
    kind = attempt.failure_kind if by_itself else ""
    spent, estimated = settle(
        attempt.reserved_micros,
        attempt.usage,
        price=price,
        known=metered(kind, meter, told=told),
    )
    settlement = Settlement(
        attempt=attempt.id,
        task=attempt.task,
        project=attempt.project,
        account=attempt.account,
        micros=spent,
        estimated=estimated,
        usage=attempt.usage,
        requests=requests_of(attempt.usage, kind),
        day=day_of(desk.at, fleet.zone_of(account) if account else fleet.timezone),
        project_day=day_of(desk.at, fleet.timezone),
        run=terms.run,
        at=desk.at,
    )
    desk.append(settlement)
    if 0 < attempt.reserved_micros < spent:
        _overspent(attempt, spent, meter, desk)


def _meter(attempt: Attempt, terms: Terms) -> Meter:
    """Answer how its agent tells what it uses; of one that nobody knows any more, the worst."""
    profile = terms.fleet.profiles.get(attempt.profile)
    agent = AGENTS.get(profile.agent) if profile else None
    return agent.meter if agent else Meter.END


def _overspent(attempt: Attempt, spent: int, meter: Meter, desk: Desk) -> None:
    reserved = attempt.reserved_micros
    what = (
        f"cost {spent / MICROS:.4f} USD, {reserved / MICROS:.4f} were reserved; "
        f"its meter is {meter}: at most {_BEYOND[meter]} beyond"
    )
    data = {"reserved_micros": reserved, "spent_micros": spent, "meter": meter.value}
    desk.log("attempt.overspent", attempt, what=what, data=data)
