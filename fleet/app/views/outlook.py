"""What a coordinator would plan now: the planner asked by somebody who only reads."""

from collections.abc import Mapping
from datetime import datetime

from fleet.domain.plan import Plan, Sight, Snapshot
from fleet.domain.planner import plan
from fleet.domain.profile import Fleet


def outlook(snapshot: Snapshot, fleet: Fleet, *, now: datetime, unfit: Mapping[str, str]) -> Plan:
    """Answer the plan of a coordinator that begins now; `unfit` says why accounts are of no use."""
    sight = Sight(now=now, since=now, parallel=fleet.parallel, unfit=unfit)
    return plan(snapshot, fleet, sight)
