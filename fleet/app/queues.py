"""What tries of the merge queues have shown; a restart finds it out again, from known verdicts."""

from collections.abc import Callable
from dataclasses import replace

from fleet.app.stations import merge, trying
from fleet.domain.plan import Try
from fleet.domain.queue import Batches, Line, flat, left
from fleet.domain.result import VerdictStatus

_Target = tuple[str, str]


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
            case trying.Tried() as tried:
                self._learn(tried, asked)
            case trying.InConflict() as gone:
                self._change(gone.project, gone.target, lambda line: line.dropped(gone.pull))
            case trying.Voided() as gone:
                self._change(gone.project, gone.target, lambda line: line.dropped(gone.pull))
            case merge.Landed() as landed:
                self._landed(landed)
            case _:
                pass

    def _learn(self, tried: trying.Tried, asked: Batches) -> None:
        # what it stood on may have landed meanwhile
        begun = flat(asked[:-1])
        last = tuple(number for number, _ in tried.built)
        batches = (*left(asked[:-1], ()), last) if begun else (last,)
        if not last:
            return
        if tried.status is VerdictStatus.PASSED and begun:
            self._change(tried.project, tried.target, lambda line: line.greened(batches))
        elif tried.status is VerdictStatus.FAILED and len(flat(batches)) == 1:
            self._change(tried.project, tried.target, lambda line: line.dropped(last[0]))
        elif tried.status is VerdictStatus.FAILED:
            self._change(tried.project, tried.target, lambda line: line.reddened(batches))

    def _landed(self, landed: merge.Landed) -> None:
        target = (landed.project, landed.target)
        self._change(*target, lambda line: line.landed(landed.pulls))
        for key, (at, batches) in self._trying.items():
            if at == target:
                self._trying[key] = (at, left(batches, landed.pulls))

    def _change(self, project: str, target: str, change: Callable[[Line], Line]) -> None:
        self._lines[project, target] = change(self._lines.get((project, target), Line()))
