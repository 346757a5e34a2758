"""Runs one command to its end: listens, keeps time, forwards a stop, leaves nothing behind."""

import os
import selectors
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from fleet_agent.processes import Child, Command, end_all_others
from fleet_agent.signals import Signals
from fleet_agent.system import oom_kills

_CHUNK = 64 * 1024
_LONGEST_NAP_SECONDS = 1.0
_LAST_WORDS_SECONDS = 2.0
_KILLED = frozenset({-signal.SIGKILL, 128 + signal.SIGKILL})


class Cause(Enum):
    """Why a command ended."""

    EXITED = auto()
    OVERTIME = auto()
    STOPPED = auto()
    HALTED = auto()


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code (negative for a signal), seconds, ends of its output."""

    cause: Cause
    exit_code: int
    seconds: float
    stdout: bytes
    stderr: bytes
    output: bytes
    out_of_memory: bool


class Listener(Protocol):
    """Who wants to know what a command says while it runs."""

    @property
    def halted(self) -> bool:
        """Say whether the command is to be ended now."""

    def attach(self, selector: selectors.BaseSelector) -> None:
        """Add descriptors of one's own, with a callable as their data."""

    def heard(self, chunk: bytes) -> None:
        """Take a piece of standard output."""

    def overheard(self, chunk: bytes) -> None:
        """Take a piece of standard error."""

    def tick(self) -> None:
        """Do what is due; called at least once a second."""


class Conductor:
    """Runs commands one after another; only the main thread may use it."""

    def __init__(self, signals: Signals, *, grace: float) -> None:
        self._signals = signals
        self._grace = grace

    @property
    def stop_asked(self) -> bool:
        """Say whether the runner was told to stop."""
        return self._signals.stop_asked

    def conduct(self, command: Command, listener: Listener, *, until: float) -> Ended:
        """Run the command until it ends or `until` (monotonic seconds); raises StartError."""
        began, kills = time.monotonic(), oom_kills()
        ears = _Ears(listener, command.keep)
        with selectors.DefaultSelector() as selector:
            selector.register(self._signals.descriptor, selectors.EVENT_READ, self._signals.drain)
            child = Child(command)
            try:
                ears.open(child.outputs, selector)
                listener.attach(selector)
                cause, exit_code = self._watch(child, listener, selector, until)
                end_all_others()
                ears.last_words(selector)
            finally:
                child.close()
        listener.tick()
        killed = exit_code in _KILLED and oom_kills() > kills
        seconds = time.monotonic() - began
        tails = ears.tails
        return Ended(
            cause, exit_code, seconds, tails["stdout"], tails["stderr"], tails["both"], killed
        )

    def _watch(
        self,
        child: Child,
        listener: Listener,
        selector: selectors.BaseSelector,
        until: float,
    ) -> tuple[Cause, int]:
        cause, deadline = Cause.EXITED, until
        while child.exit_code is None:
            if cause is Cause.EXITED:
                cause = self._reason_to_end(listener, until)
                if cause is not Cause.EXITED:
                    child.signal_group(signal.SIGTERM)
                    deadline = time.monotonic() + self._grace
            elif time.monotonic() >= deadline:
                child.signal_group(signal.SIGKILL)
                deadline = time.monotonic() + _LONGEST_NAP_SECONDS
            _serve(selector, min(_LONGEST_NAP_SECONDS, deadline - time.monotonic()))
            listener.tick()
            child.reap()
        return cause, child.exit_code

    def _reason_to_end(self, listener: Listener, until: float) -> Cause:
        if self._signals.stop_asked:
            return Cause.STOPPED
        if listener.halted:
            return Cause.HALTED
        return Cause.OVERTIME if time.monotonic() >= until else Cause.EXITED


class _Ears:
    """Reads a command's two streams and keeps the end of each and of both together."""

    def __init__(self, listener: Listener, keep: int) -> None:
        self._listener = listener
        self._keep = keep
        self.tails = {"stdout": b"", "stderr": b"", "both": b""}

    def open(self, outputs: tuple[int, int], selector: selectors.BaseSelector) -> None:
        streams = (("stdout", self._listener.heard), ("stderr", self._listener.overheard))
        for descriptor, (stream, hear) in zip(outputs, streams, strict=True):
            tell = self._teller(stream, hear)
            call = _reader(descriptor, selector, tell)
            selector.register(descriptor, selectors.EVENT_READ, call)

    def last_words(self, selector: selectors.BaseSelector) -> None:
        """Hear what is still in the pipes and the socket, for a bounded time."""
        deadline = time.monotonic() + _LAST_WORDS_SECONDS
        while _serve(selector, 0) and time.monotonic() < deadline:
            pass

    def _teller(self, stream: str, hear: Callable[[bytes], None]) -> Callable[[bytes], None]:
        def tell(chunk: bytes) -> None:
            for name in (stream, "both"):
                self.tails[name] = (self.tails[name] + chunk)[-self._keep :]
            hear(chunk)

        return tell


def _reader(
    descriptor: int, selector: selectors.BaseSelector, tell: Callable[[bytes], None]
) -> Callable[[], None]:
    def read() -> None:
        chunk = os.read(descriptor, _CHUNK)
        if chunk:
            tell(chunk)
            return
        selector.unregister(descriptor)

    return read


def _serve(selector: selectors.BaseSelector, patience: float) -> bool:
    """Call back for whatever is ready within `patience` seconds; say whether anything was."""
    ready = selector.select(max(0.0, patience))
    for key, _ in ready:
        call: Callable[[], None] = key.data
        call()
    return bool(ready)
