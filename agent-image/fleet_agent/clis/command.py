"""The agent `command`: any program that reads FLEET_PACKET; exit code 0 is success."""

from fleet_agent.clis.model import (
    Activity,
    Cli,
    End,
    Failure,
    FailureKind,
    Invocation,
    RoundPlaces,
)
from fleet_agent.packet import Packet
from fleet_agent.text import last_line

_LONGEST_SUMMARY = 200


def invocation(packet: Packet, places: RoundPlaces) -> Invocation:
    """Return the program of the profile, told where its packet lies."""
    paths = {
        "FLEET_PACKET": str(places.packet),
        "FLEET_RESULT": str(places.result),
        "FLEET_SOCKET": str(places.socket),
    }
    return Invocation(packet.agent.command, paths)


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


CLI = Cli(invocation=invocation, parse=parse, classify=classify, holds_tools_back=False)
