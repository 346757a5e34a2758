"""The unix socket on which the agent reports; served by the loop that watches the agent."""

import json
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from fleet_agent.allowance import Allowance
from fleet_agent.fields import FieldError
from fleet_agent.reports import Report, read_report

LONGEST_REPORT = 16 * 1024
_MOST_GUESTS = 8
_REPORTS_A_SECOND = 5
_BURST = 10

Take = Callable[[Report], str | None]
Question = Callable[[], str]


class Post:
    """Takes reports; `take` answers None, or why a report is refused.

    `question` is what is asked of whoever has just reported, "" where nothing is.
    """

    def __init__(self, path: Path, take: Take, question: Question) -> None:
        """Listen at `path`; raises OSError."""
        self.refused = 0
        self._take = take
        self._question = question
        self._allowance = Allowance(rate=_REPORTS_A_SECOND, burst=_BURST)
        self._guests: dict[socket.socket, bytearray] = {}
        self._selector: selectors.BaseSelector | None = None
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._door.bind(str(path))
        self._door.listen()

    def attach(self, selector: selectors.BaseSelector) -> None:
        """Let this loop call back when the agent reports."""
        self._selector = selector
        selector.register(self._door, selectors.EVENT_READ, self._admit)

    def close(self) -> None:
        """Stop listening; the loop that called back is over, and its selector closed."""
        for guest in self._guests:
            guest.close()
        self._door.close()

    def _admit(self) -> None:
        with suppress(OSError):
            guest, _ = self._door.accept()
            if len(self._guests) >= _MOST_GUESTS or self._selector is None:
                guest.close()
                return
            guest.settimeout(0)
            self._guests[guest] = bytearray()
            self._selector.register(guest, selectors.EVENT_READ, lambda: self._hear(guest))

    def _hear(self, guest: socket.socket) -> None:
        data = b""
        with suppress(OSError):
            data = guest.recv(LONGEST_REPORT)
        if not data:
            self._dismiss(guest)
            return
        *lines, rest = (self._guests[guest] + data).split(b"\n")
        self._guests[guest] = bytearray(rest)
        self._answer(guest, [self._judge(bytes(line)) for line in lines])
        if len(rest) > LONGEST_REPORT:
            reason = f"a report has at most {LONGEST_REPORT} bytes"
            self._answer(guest, [self._refuse(reason)])
            self._dismiss(guest)

    def _answer(self, guest: socket.socket, answers: list[dict[str, object]]) -> None:
        text = "".join(json.dumps(answer) + "\n" for answer in answers).encode()
        # an agent that does not read its answers may miss them; the runner waits for nobody
        with suppress(OSError):
            guest.send(text)

    def _judge(self, line: bytes) -> dict[str, object]:
        if not self._allowance.take(time.monotonic()):
            return self._refuse("too many reports, try again in a second")
        try:
            reason = self._take(read_report(line))
        except FieldError as error:
            return self._refuse(str(error))
        if reason is not None:
            return self._refuse(reason)
        question = self._question()
        return {"ok": True, "question": question} if question else {"ok": True}

    def _refuse(self, reason: str) -> dict[str, object]:
        self.refused += 1
        return {"ok": False, "error": reason}

    def _dismiss(self, guest: socket.socket) -> None:
        if self._selector is not None:
            self._selector.unregister(guest)
        del self._guests[guest]
        guest.close()
