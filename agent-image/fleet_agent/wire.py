"""The only writer of event lines: one JSON object a line, numbered, bounded, never interleaved."""

import os
import threading
import time

from fleet_agent.allowance import Allowance
from fleet_agent.frame import frame
from fleet_agent.system import now

_VERSION = 1
_LINES_A_SECOND = 20
# The last part of the 16 MiB is kept for what must not be lost.
_BYTES_FOR_DROPPABLE_LINES = 15 * 1024 * 1024


class Wire:
    """Owns the descriptor of the event lines; safe to use from several threads."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._allowance = Allowance(rate=_LINES_A_SECOND, burst=_LINES_A_SECOND)
        self._sequence = 0
        self._bytes = 0
        self._closed = False

    def emit(self, kind: str, fields: dict[str, object]) -> None:
        """Write a line that must not be lost; without effect after `close`."""
        with self._lock:
            self._allowance.owe(time.monotonic())
            self._write(kind, fields)

    def offer(self, kind: str, fields: dict[str, object]) -> bool:
        """Write a line unless too many were written; say whether it was."""
        with self._lock:
            if self._bytes >= _BYTES_FOR_DROPPABLE_LINES:
                return False
            if not self._allowance.take(time.monotonic()):
                return False
            self._write(kind, fields)
            return True

    def close(self, kind: str, fields: dict[str, object]) -> None:
        """Write the last line; whatever another thread still wants to say is left out."""
        with self._lock:
            self._write(kind, fields)
            self._closed = True

    def _write(self, kind: str, fields: dict[str, object]) -> None:
        if self._closed:
            return
        self._sequence += 1
        head: dict[str, object] = {"v": _VERSION, "seq": self._sequence, "at": now(), "type": kind}
        line = frame(head | fields)
        self._bytes += len(line)
        self._push(line)

    def _push(self, line: bytes) -> None:
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            # Nobody reads any more. The work in the workspace still counts: the attempt goes on.
            self._closed = True
