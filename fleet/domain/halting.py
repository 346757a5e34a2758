"""Halting: what people's holds keep from going on, and why, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fleet.domain.hold import COORDINATOR, FLEET, Hold, HoldKind, task_subject


@dataclass(frozen=True, kw_only=True)
class Halts:
    """Why what does not go on, by the subjects of holds.

    `stops` end what runs and keep verified work from landing; `drains` only let nothing start.
    """

    stops: Mapping[str, str] = field(default_factory=dict)
    drains: Mapping[str, str] = field(default_factory=dict)

    @property
    def everything(self) -> str:
        """Answer why all is stopped, "" while it is not."""
        return self.stops.get(FLEET, "")

    @property
    def closing(self) -> str:
        """Answer why the coordinator is to end as soon as it can, "" while it is not."""
        return self.stops.get(COORDINATOR, "")

    @property
    def draining(self) -> bool:
        """Tell whether the coordinator is to end once nothing moves any more."""
        return COORDINATOR in self.drains

    @property
    def shut(self) -> str:
        """Answer why nothing starts, whichever task it is of, "" while something may."""
        drains = (self.drains.get(subject, "") for subject in (FLEET, COORDINATOR))
        return next(filter(None, (self.everything, self.closing, *drains)), "")

    def stop(self, task: str) -> str:
        """Answer why nothing of that task goes on, "" while it may."""
        return self.everything or self.stops.get(task_subject(task), "")

    def start(self, task: str) -> str:
        """Answer why no attempt of that task starts, "" while one may."""
        own = task_subject(task)
        return self.everything or self.stops.get(own) or self.drains.get(own) or self.shut


def halts_of(holds: Iterable[Hold], *, halted: str) -> Halts:
    """Word the holds that stand; `halted` says why all is stopped though there is none."""
    stops: dict[str, str] = {}
    drains: dict[str, str] = {}
    for hold in holds:
        if hold.active:
            words = drains if hold.kind is HoldKind.DRAIN else stops
            words[hold.subject] = _worded(hold)
    if halted:
        stops.setdefault(FLEET, f"everything is {halted} (`fleet resume` removes it)")
    return Halts(stops=stops, drains=drains)


def _worded(hold: Hold) -> str:
    if hold.subject == FLEET:
        return f"everything is {hold.said} (`fleet resume` lifts it)"
    if hold.subject == COORDINATOR:
        return f"the coordinator ends, {hold.said}"
    return f"{hold.said} (`fleet resume {hold.subject.partition(' ')[2]}` lifts it)"
