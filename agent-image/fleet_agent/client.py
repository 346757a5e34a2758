"""Says something to the runner: `fleet-agent report` and the MCP server stand on it."""

import json
import socket
import sys

from fleet_agent.post import LONGEST_REPORT
from fleet_agent.system import environment

_PATIENCE_SECONDS = 10.0
_LONGEST_ANSWER = 64 * 1024


def send(report: dict[str, object]) -> int:
    """Send one report and return the exit code: 0 taken, 1 refused or nobody there."""
    reason = tell(report)
    if reason is None:
        return 0
    sys.stderr.write(f"fleet-agent report: {reason}\n")
    return 1


def tell(report: dict[str, object]) -> str | None:
    """Send one report; answer why it was not taken, or None."""
    path = environment().get("FLEET_SOCKET")
    if not path:
        return "FLEET_SOCKET is not set: this runs only inside an attempt"
    line = json.dumps(report, ensure_ascii=False).encode(errors="replace") + b"\n"
    if len(line) > LONGEST_REPORT:
        return f"a report has at most {LONGEST_REPORT} bytes, this has {len(line)}: say it shorter"
    try:
        answer = json.loads(_ask(path, line))
    except (OSError, ValueError) as error:
        return f"the runner at {path} gave no answer: {error}"
    return None if answer.get("ok") else str(answer.get("error"))


def _ask(path: str, line: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_PATIENCE_SECONDS)
        connection.connect(path)
        connection.sendall(line)
        with connection.makefile("rb") as answers:
            return answers.readline(_LONGEST_ANSWER)
