"""The crew: bounded thread pools that carry actions out and put what they find on the tray."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from fleet.domain.errors import TransientError, short_of

log = logging.getLogger(__name__)

TRAY_SIZE = 2000


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came of an action; `last` tells that the action is no longer in hand."""

    key: str
    finding: object | None = None
    error: Exception | None = None
    last: bool = True

    @property
    def transient(self) -> bool:
        """Tell whether the same action may go through later."""
        return isinstance(self.error, TransientError) or short_of(self.error)


class Crew:
    """Carries out actions in pools of fixed size, one reader thread a running container.

    The tray is bounded: a container that floods its output waits for the decider, not the
    decider for it.
    """

    def __init__(self, sizes: dict[str, int]) -> None:
        self._pools = {
            name: ThreadPoolExecutor(size, thread_name_prefix=f"fleet-{name}")
            for name, size in sizes.items()
        }
        self._tray: queue.Queue[Report] = queue.Queue(TRAY_SIZE)
        self._works: list[Future[None]] = []
        self._refused: list[Report] = []  # never on the tray: the decider would wait for itself
        self._closed = threading.Event()
        self.woken = threading.Event()

    def hand(self, pool: str, key: str, work: Callable[[], object]) -> None:
        """Carry out one piece of work; its value or its error comes back as a report."""
        over: Future[None] = Future()
        self._works = [each for each in self._works if not each.done()] + [over]
        try:
            self._pools[pool].submit(self._once, over, key, work)
        except RuntimeError as error:
            # it lies in the pool all the same: a thread that is there may have begun it
            if over.cancel():
                self._refuse(key, error)

    def read(
        self,
        key: str,
        told: Callable[[], Iterator[object]],
        *,
        patient: Callable[[object], bool],
    ) -> None:
        """Start a reader; each value comes back as a report, the last one says that it ended.

        A `patient` value wakes nobody: it lies on the tray until the next look.
        """
        thread = threading.Thread(
            target=self._read, args=(key, told, patient), name=f"fleet-{key}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:
            self._refuse(key, error)

    def reports(self) -> list[Report]:
        """Take everything that lies on the tray."""
        taken, self._refused = self._refused, []
        while len(taken) < TRAY_SIZE:
            try:
                taken.append(self._tray.get_nowait())
            except queue.Empty:
                break
        return taken

    def settled(self, *, within: float) -> bool:
        """Tell whether nothing is being carried out any more, after at most `within` seconds."""
        # without those cancelled before they began: `wait` would wait for them for ever
        left = [work for work in self._works if not work.done()]
        return not wait(left, timeout=within).not_done

    def close(self) -> None:
        """Let no more in and wait for nobody: what is in hand is found again by the next life."""
        self._closed.set()
        for over in self._works:
            over.cancel()
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def _refuse(self, key: str, error: RuntimeError) -> None:
        """Report what no thread could be made for: the machine may have one again later."""
        log.warning("no thread", extra={"action": key, "reason": str(error)})
        failed = TransientError(f"{key} was not begun: {error}", remedy="fleet tries again")
        self._refused.append(Report(key=key, error=failed))
        self.woken.set()

    def _once(self, over: Future[None], key: str, work: Callable[[], object]) -> None:
        if over.set_running_or_notify_cancel():
            self._carry_out(key, work)
            over.set_result(None)

    def _carry_out(self, key: str, work: Callable[[], object]) -> None:
        try:
            report = Report(key=key, finding=work())
        except Exception as error:
            log.info("action failed", exc_info=error, extra={"action": key})
            report = Report(key=key, error=error)
        self._put(report)

    def _read(
        self,
        key: str,
        told: Callable[[], Iterator[object]],
        patient: Callable[[object], bool],
    ) -> None:
        def whole() -> None:
            for finding in told():
                report = Report(key=key, finding=finding, last=False)
                self._put(report, wakes=not patient(finding))

        self._carry_out(key, whole)

    def _put(self, report: Report, *, wakes: bool = True) -> None:
        while not self._closed.is_set():
            try:
                self._tray.put(report, timeout=1)
            except queue.Full:
                continue
            if wakes:
                self.woken.set()
            return
