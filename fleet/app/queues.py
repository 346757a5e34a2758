"""What tries of the merge queues have shown; a restart finds it out again, from known verdicts."""

from collections.abc import Callable
from dataclasses import replace

from fleet.app.stations.found import Held, InConflict, Landed, Tried, Unmoved, Voided
from fleet.domain.queue import Batches, Shown, flat, left
from fleet.domain.result import VerdictStatus
from fleet.domain.tries import Try

_Target = tuple[str, str]
_Change = Callable[[Shown], Shown]


class Queues:
    """What is known of each target, and the tries under way by the keys of their actions."""

    def __init__(self) -> None:
        self._known: dict[_Target, Shown] = {}
        self._trying: dict[str, tuple[_Target, Batches]] = {}

    def shown(self) -> dict[_Target, Shown]:
        """Answer what is known of each target now."""
        targets = {*self._known, *(target for target, _ in self._trying.values())}
        return {target: self._of(target) for target in targets}

    def _of(self, target: _Target) -> Shown:
        trying = tuple(batches for at, batches in self._trying.values() if at == target)
        return replace(self._known.get(target, Shown()), trying=trying)

    def began(self, action: Try) -> None:
        """Remember a try that is handed out."""
        self._trying[action.key] = ((action.project, action.target), action.numbers)

    def ended(self, key: str, finding: object) -> None:
        """Learn from what came of an action: a try, or a landing."""
        _, asked = self._trying.pop(key, (None, ()))
        match finding:
            case Tried():
                self._tried(finding, asked)
            case InConflict() | Voided():
                self._change(finding, lambda shown: shown.dropped(finding.pull))
            case Landed():
                self._landed(finding)
            case Held() if finding.red_tip or finding.moved_on:
                self._change(finding, Shown.moved)
            case Unmoved() if finding.moved_on:
                self._change(finding, Shown.moved)
            case _:
                pass

    def _tried(self, tried: Tried, asked: Batches) -> None:
        last = tuple(number for number, _ in tried.built)
        # what it stood on may have landed meanwhile
        ahead = asked[:-1]
        batches = (*ahead, last)
        if tried.status is VerdictStatus.PASSED and ahead:
            self._change(tried, lambda shown: shown.greened(batches))
        elif tried.status is VerdictStatus.FAILED and len(flat(tried.tried)) == 1:
            self._change(tried, lambda shown: shown.dropped(last[0]))
        elif tried.status is VerdictStatus.FAILED:
            self._change(tried, lambda shown: shown.reddened(batches))

    def _landed(self, landed: Landed) -> None:
        self._change(landed, lambda shown: shown.landed(landed.pulls))
        for key, (at, batches) in self._trying.items():
            if at == (landed.project, landed.target):
                self._trying[key] = (at, left(batches, landed.pulls))

    def _change(
        self, of: Tried | InConflict | Voided | Held | Landed | Unmoved, change: _Change
    ) -> None:
        target = (of.project, of.target)
        self._known[target] = change(self._known.get(target, Shown()))
