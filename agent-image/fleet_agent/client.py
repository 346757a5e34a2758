"""Says something to the runner: `fleet-agent report` and the MCP server stand on it."""

import json
import socket
import sys
from dataclasses import dataclass

from fleet_agent.post import LONGEST_REPORT
from fleet_agent.system import environment

_PATIENCE_SECONDS = 10.0
_LONGEST_ANSWER = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """Why the runner refuses a report, "" where it takes it; and what it asks the model."""

    refused: str = ""
    question: str = ""


def send(report: dict[str, object]) -> int:
    """Send one report and return the exit code: 0 taken, 1 refused or nobody there."""
    answer = tell(report)
    if answer.refused:
        sys.stderr.write(f"fleet-agent report: {answer.refused}\n")
        return 1
    if answer.question:
        sys.stdout.write(f"{answer.question}\n")
    return 0


def tell(report: dict[str, object]) -> Answer:
    """Send one report; answer what the runner says to it, or why it cannot be heard."""
    path = environment().get("FLEET_SOCKET")
    if not path:
        return Answer(refused="FLEET_SOCKET is not set: this runs only inside an attempt")
    line = json.dumps(report, ensure_ascii=False).encode(errors="replace") + b"\n"
    if len(line) > LONGEST_REPORT:
        most = f"a report has at most {LONGEST_REPORT} bytes"
        return Answer(refused=f"{most}, this has {len(line)}: say it shorter")
    try:
        answer = json.loads(_ask(path, line))
    except (OSError, ValueError) as error:
        return Answer(refused=f"the runner at {path} gave no answer: {error}")
    if not answer.get("ok"):
        return Answer(refused=str(answer.get("error")))
    return Answer(question=str(answer.get("question", "")))


def _ask(path: str, line: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_PATIENCE_SECONDS)
        connection.connect(path)
        connection.sendall(line)
        with connection.makefile("rb") as answers:
            return answers.readline(_LONGEST_ANSWER)
