"""Several checks of one attempt: in their order, or a few side by side."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Lock, Semaphore

from fleet.adapters.verifying.container import Wanted
from fleet.domain.result import Verdict, VerdictStatus

Judge = Callable[[Wanted], Verdict]


class Hands:
    """The threads beside an attempt's own that may run checks, all attempts together."""

    def __init__(self, spare: int) -> None:
        self._spare = Semaphore(spare)

    def verdicts(self, checks: Sequence[Wanted], judge: Judge, *, at_once: int) -> list[Verdict]:
        """Answer the verdicts up to the first that is not green, and those of its neighbours.

        Whoever waits for it runs checks too; up to `at_once` - 1 threads help as far as there are
        any. Which verdicts come back depends on the checks alone, never on who was faster.
        """
        line = _Line(checks, judge, at_once=at_once)
        with self._taken(min(at_once, len(checks)) - 1) as helpers:
            if helpers <= 0:
                line.work()
                return line.kept()
            with ThreadPoolExecutor(helpers, thread_name_prefix="fleet-beside") as pool:
                beside = [pool.submit(line.work) for _ in range(helpers)]
                line.work()
            for helper in beside:
                helper.result()
        return line.kept()

    @contextmanager
    def _taken(self, wanted: int) -> Iterator[int]:
        with ExitStack() as taken:
            count = 0
            # never waited for: an attempt goes on alone where nobody is free
            while count < wanted and self._spare.acquire(blocking=False):
                taken.callback(self._spare.release)
                count += 1
            yield count


class _Line:
    """Checks taken one after the other, by however many threads there are."""

    def __init__(self, checks: Sequence[Wanted], judge: Judge, *, at_once: int) -> None:
        self._checks = checks
        self._judge = judge
        self._at_once = at_once
        self._lock = Lock()
        self._taken = 0
        self._red = False
        self._said: dict[int, Verdict] = {}

    def work(self) -> None:
        """Take checks until none is left, or one was not green; those that run are let end."""
        while (number := self._take()) is not None:
            green = False
            try:
                verdict = self._judge(self._checks[number])
                green = verdict.status is VerdictStatus.PASSED
                self._said[number] = verdict
            finally:
                if not green:
                    self._stop()

    def kept(self) -> list[Verdict]:
        """Answer, in order, what was certain to run whoever was faster."""
        said = [self._said[number] for number in sorted(self._said)]
        red = next((n for n, v in enumerate(said) if v.status is not VerdictStatus.PASSED), None)
        return said if red is None else said[: max(red + 1, self._at_once)]

    def _take(self) -> int | None:
        with self._lock:
            number = self._taken
            # the first few start together, so all of them count
            over = self._red and number >= self._at_once
            if over or number >= len(self._checks):
                return None
            self._taken += 1
            return number

    def _stop(self) -> None:
        with self._lock:
            self._red = True
