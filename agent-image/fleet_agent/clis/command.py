"""The agent `command`: any program that reads FLEET_PACKET; exit code 0 is success."""

from fleet_agent.clis.model import (
    Activity,
    Ask,
    Cli,
    End,
    Failure,
    FailureKind,
    Invocation,
)
from fleet_agent.text import last_line

_LONGEST_SUMMARY = 200


def invocation(ask: Ask) -> Invocation:
    """Return the program of the profile, told where it may leave its result."""
    return Invocation(ask.packet.agent.command, {"FLEET_RESULT": str(ask.places.result)})


def parse(line: bytes) -> tuple[Activity, ...]:
    """Return a line of output as activity; an empty line is none."""
    summary = last_line(line, _LONGEST_SUMMARY)
    return (Activity("output", summary),) if summary else ()


def classify(end: End) -> Failure | None:
    """Return why the program failed, or None when it succeeded.

    A failure that it states counts whatever its exit code: no agent is believed against itself.
    """
    if end.told.failure:
        return end.told.failure
    if end.exit_code == 0:
        return None
    reason = last_line(end.stderr, _LONGEST_SUMMARY) or "nothing on standard error"
    message = f"the command ended with exit code {end.exit_code}: {reason}"
    return Failure(FailureKind.CRASH, message)


CLI = Cli(invocation=invocation, parse=parse, classify=classify, leaves_result=True)
