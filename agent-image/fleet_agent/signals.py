"""SIGTERM, SIGINT and SIGCHLD as a descriptor that wakes and one flag."""

import os
import signal
from contextlib import suppress
from types import FrameType

_CHUNK = 4096


class Signals:
    """Installed once, in the main thread, as early as possible: PID 1 ignores what it ignores."""

    def __init__(self) -> None:
        self.stop_asked = False
        self.descriptor, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        # without a handler the signal would be dropped and wake nobody
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def drain(self) -> None:
        """Forget the wake-ups so far."""
        with suppress(BlockingIOError):
            while os.read(self.descriptor, _CHUNK):
                pass

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_asked = True
