"""`fleet-agent report`: lets a `command` agent say something to the runner."""

import json
import socket
import sys

from fleet_agent.system import environment

_PATIENCE_SECONDS = 10.0
_LONGEST_ANSWER = 64 * 1024


def send(report: dict[str, object]) -> int:
    """Send one report and return the exit code: 0 taken, 1 refused or nobody there."""
    path = environment().get("FLEET_SOCKET")
    if not path:
        return _complain("FLEET_SOCKET is not set: this runs only inside an attempt")
    try:
        answer = json.loads(_ask(path, json.dumps(report).encode() + b"\n"))
    except (OSError, ValueError) as error:
        return _complain(f"the runner at {path} gave no answer: {error}")
    return 0 if answer.get("ok") else _complain(str(answer.get("error")))


def _ask(path: str, line: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_PATIENCE_SECONDS)
        connection.connect(path)
        connection.sendall(line)
        with connection.makefile("rb") as answers:
            return answers.readline(_LONGEST_ANSWER)


def _complain(message: str) -> int:
    sys.stderr.write(f"fleet-agent report: {message}\n")
    return 1
