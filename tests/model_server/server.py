"""The server: finds the wire by the path's end and the play or trouble by its beginning."""

import json
import re
import socket
import struct
import sys
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from typing import Any
from urllib.parse import urlsplit

from tests.model_server.plays import ASIDE, PLAYS, turn_of
from tests.model_server.tools import NotOfferedError
from tests.model_server.troubles import Fault, Refusal
from tests.model_server.wire import Answer, Asked, Json, Wire, document
from tests.model_server.wires.anthropic import ANTHROPIC
from tests.model_server.wires.chat import CHAT
from tests.model_server.wires.gemini import GEMINI
from tests.model_server.wires.responses import RESPONSES

WIRES = {
    "/messages": ANTHROPIC,
    "/responses": RESPONSES,
    "/chat/completions": CHAT,
    ":streamGenerateContent": GEMINI,
    ":generateContent": GEMINI,
}
# headers a key may come in, and how the log calls them: a key itself is never written down
KEYS = {"x-api-key": "x-api-key", "x-goog-api-key": "x-goog-api-key", "authorization": "bearer"}
REPORT = "report_progress"
# words that a test hides where a model may or may not see them
MARK = re.compile(r"mark-[a-z]+")
GARBAGE = b'data: {"this is": not json\n\n'


@dataclass(frozen=True)
class Heard:
    """What one request asked of which play or trouble."""

    case: str
    wire: Wire
    asked: Asked


class Conversation(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # an agent with a broken network does not hold a thread for ever
    timeout = 7200

    def do_HEAD(self) -> None:
        """Say that somebody is here."""
        self._send(Answer(200, ()))

    def do_GET(self) -> None:
        """Answer a list of no models; nothing else is here to be read."""
        path = urlsplit(self.path).path
        listed = path.endswith("/models")
        self._send(document(200, {"data": [], "models": []}) if listed else document(404, {}))

    def do_POST(self) -> None:
        """Play the turn that is due, or the trouble that the path names."""
        raw = self.rfile.read(int(self.headers["content-length"])).decode()
        body = json.loads(raw)
        path = urlsplit(self.path).path
        wire = next((wire for end, wire in WIRES.items() if path.endswith(end)), None)
        if wire is None:
            self._tell(path, status=404)
            self._send(document(404, {"error": {"message": f"nothing at {path}"}}))
            return
        heard = Heard(path.split("/")[1], wire, wire.read(path, body))
        answer, missing = _answer(heard)
        seen = {
            "status": answer.status,
            "missing": missing,
            "marks": sorted(set(MARK.findall(raw))),
        }
        self._tell(path, **_about(heard), **seen)
        self._deliver(answer, heard.case)

    def _deliver(self, answer: Answer, case: str) -> None:
        half = len(answer.pieces) // 2
        match case:
            case Fault.DROPPED:
                # a linger of zero makes the closing a reset
                reset = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                self.connection.close()
            case Fault.HANG:
                Event().wait(self.timeout)
            case Fault.HANG_MIDSTREAM:
                self._send(Answer(200, answer.pieces[:half], answer.kind))
                Event().wait(self.timeout)
            case Fault.MALFORMED:
                self._send(Answer(200, (*answer.pieces[:half], GARBAGE), answer.kind))
            case Fault.TRUNCATED:
                self._send(Answer(200, answer.pieces[:half], answer.kind))
            case Fault.EMPTY:
                self._send(Answer(200, (), answer.kind))
            case _:
                self._send(answer)
        self.close_connection = True

    def _send(self, answer: Answer) -> None:
        """Send it piece by piece; the end of the body is the end of the connection."""
        self.close_connection = True
        self.send_response(answer.status)
        self.send_header("content-type", answer.kind)
        self.send_header("connection", "close")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in answer.pieces:
            self.wfile.write(piece)
            self.wfile.flush()

    def _tell(self, path: str, **more: object) -> None:
        line = {
            "at": time.time_ns() / 10**9,
            "method": self.command,
            "path": path,
            "keys": [name for header, name in KEYS.items() if header in self.headers],
            **more,
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    def log_message(self, *_told: Any) -> None:
        """Write nothing: the log holds a line a request, in words of our own."""


def serve(port: int) -> None:
    """Serve until killed."""
    server = ThreadingHTTPServer(("", port), Conversation)
    server.daemon_threads = True
    server.serve_forever()


def _answer(heard: Heard) -> tuple[Answer, str | None]:
    """Word the answer; beside it, what the script wanted and the CLI does not offer."""
    wire, asked = heard.wire, heard.asked
    if heard.case in list(Refusal):
        return wire.refuses(asked, Refusal(heard.case)), None
    play = PLAYS["ok"] if heard.case in list(Fault) else PLAYS[heard.case]
    turn = ASIDE if asked.aside else turn_of(play, asked.shown)
    try:
        return wire.words(asked, turn), None
    except NotOfferedError as error:
        return document(400, {"error": {"message": str(error)}}), str(error)


def _about(heard: Heard) -> Json:
    return {
        "case": heard.case,
        "wire": heard.wire.name,
        "model": heard.asked.model,
        "shown": heard.asked.shown,
        "messages": heard.asked.messages,
        "aside": heard.asked.aside,
        # whether the runner's MCP server was connected before this turn
        "connected": any(tool.name.endswith(REPORT) for tool in heard.asked.tools),
        "streamed": heard.asked.streamed,
    }
