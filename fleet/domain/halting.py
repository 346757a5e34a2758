"""Halting: what people's holds keep from going on, and why, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fleet.domain.hold import COORDINATOR, FLEET, Hold, HoldKind, task_subject


@dataclass(frozen=True, kw_only=True)
class Halts:
    """Why what does not go on.

    `stops`, by the subjects of holds, end what runs and keep verified work from landing. `drain`
    tells why the coordinator starts nothing and ends once nothing moves any more, "" while it
    does not.
    """

    stops: Mapping[str, str] = field(default_factory=dict)
    drain: str = ""

    @property
    def everything(self) -> str:
        """Answer why all is stopped, "" while it is not."""
        return self.stops.get(FLEET, "")

    @property
    def closing(self) -> str:
        """Answer why the coordinator is to end as soon as it can, "" while it is not."""
        return self.stops.get(COORDINATOR, "")

    @property
    def shut(self) -> str:
        """Answer why nothing starts, whichever task it is of, "" while something may."""
        return self.everything or self.closing or self.drain

    def stop(self, task: str) -> str:
        """Answer why nothing of that task goes on, "" while it may."""
        return self.everything or self.stops.get(task_subject(task), "")

    def start(self, task: str) -> str:
        """Answer why no attempt of that task starts, "" while one may."""
        return self.stop(task) or self.shut


def halts_of(holds: Iterable[Hold], *, halted: str) -> Halts:
    """Word the holds that stand; `halted` says why all is stopped though there is none."""
    stops: dict[str, str] = {}
    drain = ""
    for hold in holds:
        if not hold.active:
            continue
        # only a coordinator is ever drained: of anything else it would be a stop
        if hold.subject == COORDINATOR and hold.kind is HoldKind.DRAIN:
            drain = _worded(hold)
        else:
            stops[hold.subject] = _worded(hold)
    if halted:
        stops.setdefault(FLEET, f"everything is {halted} (`fleet resume` removes it)")
    return Halts(stops=stops, drain=drain)


def _worded(hold: Hold) -> str:
    if hold.subject == FLEET:
        return f"everything is {hold.said} (`fleet resume` lifts it)"
    if hold.subject == COORDINATOR:
        return f"the coordinator ends, {hold.said}"
    return f"{hold.said} (`fleet resume {hold.subject.partition(' ')[2]}` lifts it)"
