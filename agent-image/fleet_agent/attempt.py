"""One attempt in its container: what it was given and how it runs a command."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fleet_agent.clis.model import Cli, FailureKind
from fleet_agent.conduct import Cause, Conductor, Ended, Listener
from fleet_agent.findings import AttemptFailedError, Findings
from fleet_agent.hearing import Feed, Overhearing
from fleet_agent.packet import Argv, Packet
from fleet_agent.processes import Command
from fleet_agent.pulse import Pulse
from fleet_agent.state import Shelf
from fleet_agent.system import environment
from fleet_agent.wire import Wire


@dataclass(frozen=True)
class Attempt:
    """Everything that setup, agent and check share; `deadline` in monotonic seconds.

    `secrets` are for the agent alone; `withheld` the categories whose tools it is not to have;
    `skills` the texts of reviewed files by their path.
    """

    packet: Packet
    cli: Cli
    secrets: Mapping[str, str]
    withheld: frozenset[str]
    shelf: Shelf
    workspace: Path
    deadline: float
    conductor: Conductor
    wire: Wire
    pulse: Pulse
    feed: Feed
    findings: Findings
    skills: Mapping[str, str]

    def command(
        self, argv: Argv, extra: Mapping[str, str] | None = None, *, keep: int = 8192
    ) -> Command:
        """Return a command in the workspace with the container's environment and more."""
        return Command(argv, self.workspace, environment() | dict(extra or {}), keep)

    def conduct(
        self, command: Command, *, seconds: float | None = None, listener: Listener | None = None
    ) -> Ended:
        """Run a command for at most so many seconds and never beyond the attempt's deadline.

        Raises StartError, and AttemptFailedError when the attempt was stopped or its time is over.
        """
        self.refuse_if_stopped()
        until = self.deadline if seconds is None else time.monotonic() + seconds
        ear = listener or Overhearing(self.feed)
        ended = self.conductor.conduct(command, ear, until=min(until, self.deadline))
        if ended.cause is not Cause.EXITED:
            self._refuse_if_over(ended)
        return ended

    def refuse_if_stopped(self) -> None:
        """Raise AttemptFailedError once the runner was told to stop."""
        if self.conductor.stop_asked:
            raise AttemptFailedError(FailureKind.STOPPED, "stopped by a signal")

    def _refuse_if_over(self, ended: Ended) -> None:
        self.findings.last = ended
        self.refuse_if_stopped()
        if ended.cause is Cause.OVERTIME and time.monotonic() >= self.deadline:
            limit = self.packet.limits.attempt
            message = f"the attempt's time is over ({limit:g} s), in phase {self.pulse.phase}"
            raise AttemptFailedError(FailureKind.TIMEOUT, message)
