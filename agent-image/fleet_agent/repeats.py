"""Notices a loop: the same calls of tools with the same results, over and over."""

from collections import deque
from dataclasses import dataclass

from fleet_agent.clis.model import Answered, Called, Failure, FailureKind, Finished, Heard
from fleet_agent.text import clean

# Twice is a second look, three times a doubt; nobody who still learns something asks five times.
MOST_REPEATS = 5
# such as an edit that fails, and a look at the file after it
_LONGEST_CYCLE = 3
_MOST_OPEN = 100
_LONGEST_NAME = 100


@dataclass(frozen=True)
class _Step:
    tool: str
    call: str
    result: str


class Repeats:
    """The latest steps of one start of a CLI; a step is a call and its result."""

    def __init__(self) -> None:
        self._open: dict[str, Called] = {}
        self._steps: deque[_Step] = deque(maxlen=MOST_REPEATS * _LONGEST_CYCLE)

    def take(self, event: Heard) -> None:
        """Note a call and its result; one that came to its regular end did not loop."""
        match event:
            case Called():
                self._called(event)
            case Answered():
                self._answered(event)
            case Finished():
                self._steps.clear()
            case _:
                pass

    def loop(self) -> Failure | None:
        """Return the loop that the latest steps are, None where they are none."""
        steps = tuple(self._steps)
        for length in range(1, _LONGEST_CYCLE + 1):
            cycle = steps[-length:]
            if len(cycle) == length and steps[-length * MOST_REPEATS :] == cycle * MOST_REPEATS:
                return Failure(FailureKind.LOOP, _worded(cycle))
        return None

    def _called(self, call: Called) -> None:
        self._open[call.id] = call
        if len(self._open) > _MOST_OPEN:
            del self._open[next(iter(self._open))]

    def _answered(self, answer: Answered) -> None:
        call = self._open.pop(answer.id, None)
        if call is None:
            return
        if call.waits:
            # time passed on purpose: what is asked after it is asked anew
            self._steps.clear()
            return
        self._steps.append(_Step(call.tool, call.digest, answer.digest))


def _worded(cycle: tuple[_Step, ...]) -> str:
    names = ", ".join(clean(step.tool, _LONGEST_NAME) or "a tool" for step in cycle)
    verb = "was" if len(cycle) == 1 else "were"
    return (
        f"{names} {verb} called {MOST_REPEATS} times in a row "
        "with the same arguments and the same result"
    )
