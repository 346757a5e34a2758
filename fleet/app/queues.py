"""What tries of the merge queues have shown; a restart finds it out again, from known verdicts."""

from collections.abc import Callable
from dataclasses import replace

from fleet.app.stations.found import Held, InConflict, Landed, Tried, Unmoved, Voided
from fleet.domain.plan import Try
from fleet.domain.queue import Batches, Line, flat, left
from fleet.domain.result import VerdictStatus

_Target = tuple[str, str]
_Change = Callable[[Line], Line]


class Queues:
    """A line for each target, and the tries under way by the keys of their actions."""

    def __init__(self) -> None:
        self._lines: dict[_Target, Line] = {}
        self._trying: dict[str, tuple[_Target, Batches]] = {}

    def lines(self) -> dict[_Target, Line]:
        """Answer what is known of each target now."""
        targets = {*self._lines, *(target for target, _ in self._trying.values())}
        return {target: self._line(target) for target in targets}

    def _line(self, target: _Target) -> Line:
        trying = tuple(batches for at, batches in self._trying.values() if at == target)
        return replace(self._lines.get(target, Line()), trying=trying)

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
                self._change(finding, lambda line: line.dropped(finding.pull))
            case Landed():
                self._landed(finding)
            case Held() if finding.red_tip or finding.moved_on:
                self._change(finding, Line.moved)
            case Unmoved() if finding.moved_on:
                self._change(finding, Line.moved)
            case _:
                pass

    def _tried(self, tried: Tried, asked: Batches) -> None:
        last = tuple(number for number, _ in tried.built)
        # what it stood on may have landed meanwhile
        ahead = asked[:-1]
        batches = (*ahead, last)
        if tried.status is VerdictStatus.PASSED and ahead:
            self._change(tried, lambda line: line.greened(batches))
        elif tried.status is VerdictStatus.FAILED and len(flat(tried.tried)) == 1:
            self._change(tried, lambda line: line.dropped(last[0]))
        elif tried.status is VerdictStatus.FAILED:
            self._change(tried, lambda line: line.reddened(batches))

    def _landed(self, landed: Landed) -> None:
        self._change(landed, lambda line: line.landed(landed.pulls))
        for key, (at, batches) in self._trying.items():
            if at == (landed.project, landed.target):
                self._trying[key] = (at, left(batches, landed.pulls))

    def _change(
        self, of: Tried | InConflict | Voided | Held | Landed | Unmoved, change: _Change
    ) -> None:
        target = (of.project, of.target)
        self._lines[target] = change(self._lines.get(target, Line()))
