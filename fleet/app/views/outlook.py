"""What a coordinator would plan now: the planner asked by somebody who only reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fleet.domain.health import engine_refused
from fleet.domain.plan import Plan, Sight, Snapshot
from fleet.domain.planner import plan
from fleet.domain.profile import Fleet
from fleet.domain.schedule import hours_at


@dataclass(frozen=True, kw_only=True)
class Around:
    """What whoever only reads sees beyond the ledger.

    `unfit` says why accounts are of no use, `room` why the machine lets no attempt start ("" where
    it does), `halted` what stops everything beside the holds ("" where nothing does).
    """

    unfit: Mapping[str, str] = field(default_factory=dict)
    room: str = ""
    halted: str = ""


def outlook(snapshot: Snapshot, fleet: Fleet, *, now: datetime, around: Around) -> Plan:
    """Answer the plan of a service that begins now.

    For a coordinator that keeps no schedule give a fleet that has none.
    """
    hours = hours_at(fleet.schedule.runs, now, parallel=fleet.parallel)
    sight = Sight(
        now=now,
        since=now,
        parallel=hours.parallel,
        dispatch_refused=hours.refused or engine_refused(snapshot.health) or around.room,
        dispatch_until=hours.until if hours.refused else None,
        unfit=around.unfit,
        halted=around.halted,
    )
    return plan(snapshot, fleet, sight)
