"""What a coordinator would plan now: the planner asked by somebody who only reads."""

from collections.abc import Mapping
from datetime import datetime

from fleet.domain.plan import Plan, Sight, Snapshot
from fleet.domain.planner import plan
from fleet.domain.profile import Fleet
from fleet.domain.schedule import hours_at


def outlook(snapshot: Snapshot, fleet: Fleet, *, now: datetime, unfit: Mapping[str, str]) -> Plan:
    """Answer the plan of a service that begins now; `unfit` says why accounts are of no use.

    For a coordinator that keeps no schedule give a fleet that has none.
    """
    hours = hours_at(fleet.schedule.runs, now, parallel=fleet.parallel)
    sight = Sight(
        now=now,
        since=now,
        parallel=hours.parallel,
        dispatch_refused=hours.refused,
        dispatch_until=hours.until if hours.refused else None,
        unfit=unfit,
    )
    return plan(snapshot, fleet, sight)
