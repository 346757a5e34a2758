"""Starts a command apart from the runner and ends whatever it leaves behind."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fleet_agent.packet import Argv
from fleet_agent.system import is_init, offer_to_the_oom_killer

_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.01
_ALL_OTHERS = -1


class StartError(Exception):
    """The command could not be started; the message says which and why."""


@dataclass(frozen=True)
class Command:
    """What to run and where; `keep` is how many bytes of the end of its output are kept."""

    argv: Argv
    workspace: Path
    environment: Mapping[str, str]
    keep: int = 8192


class Child:
    """A started command: a process group of its own, nothing on its standard input."""

    def __init__(self, command: Command) -> None:
        """Start the command; raises StartError."""
        self._process = _start(command)
        self.pid = self._process.pid
        offer_to_the_oom_killer(self.pid)

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it has not been reaped."""
        return self._process.returncode

    @property
    def outputs(self) -> tuple[int, int]:
        """The descriptors of its standard output and standard error."""
        out, error = self._process.stdout, self._process.stderr
        if out is None or error is None:
            raise AssertionError("a child is always started with pipes")
        return out.fileno(), error.fileno()

    def reap(self) -> None:
        """Collect every dead child; orphans come to PID 1 and would fill the pids limit."""
        for pid, exit_code in _dead_children():
            if pid == self.pid:
                self._process.returncode = exit_code

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the command and its process group."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def close(self) -> None:
        """Close this side of its pipes."""
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()


def end_all_others() -> None:
    """Kill and reap every process that a command left: all others for PID 1, else descendants.

    Gives up after five seconds: a process in the kernel's hands does not die at once.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        _kill_all_others()
        for _ in _dead_children():
            pass
        if not _has_children():
            return
        select.select([], [], [], _PAUSE_SECONDS)


def _start(command: Command) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command.argv,
            cwd=command.workspace,
            env=dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise StartError(f"{command.argv[0]!r} cannot be started: {error}") from error


def _dead_children() -> Iterator[tuple[int, int]]:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, os.waitstatus_to_exitcode(status)


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _kill_all_others() -> None:
    targets = [_ALL_OTHERS] if is_init() else list(_descendants(os.getpid()))
    for pid in targets:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _descendants(ancestor: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in _parents():
        children.setdefault(parent, []).append(pid)
    waiting = children.get(ancestor, [])
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting.extend(children.get(pid, []))


def _parents() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError):
            # the name in brackets may hold anything, brackets and spaces too
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            yield int(folder.name), int(fields[1])
