"""Listens to a command: output becomes activity, the agent's reports become event lines."""

import selectors
import time

from fleet_agent.clis.model import Activity, Cli
from fleet_agent.findings import Findings
from fleet_agent.post import Post
from fleet_agent.pulse import Pulse
from fleet_agent.reports import Report
from fleet_agent.text import last_line
from fleet_agent.wire import Wire

_ACTIVITY_EVERY_SECONDS = 1.0
_LONGEST_SUMMARY = 200
_LONGEST_LINE = 1024 * 1024


class Feed:
    """Merges activity: at most one line a second, the latest wins."""

    def __init__(self, wire: Wire, pulse: Pulse) -> None:
        self._wire = wire
        self._pulse = pulse
        self._waiting: Activity | None = None
        self._next = 0.0

    def note(self, activity: Activity) -> None:
        """Take note; the line may be written later, or merged with the next."""
        self._pulse.felt()
        self._waiting = activity
        self.flush()

    def flush(self) -> None:
        """Write what waits, if its time has come."""
        if self._waiting is None or time.monotonic() < self._next:
            return
        fields: dict[str, object] = {"kind": self._waiting.kind, "summary": self._waiting.summary}
        if self._wire.offer("activity", fields):
            self._waiting = None
        self._next = time.monotonic() + _ACTIVITY_EVERY_SECONDS


class Overhearing:
    """Listens to setup and checks: their output counts as activity and no more."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    @property
    def halted(self) -> bool:
        """Nothing they say ends the attempt."""
        return False

    def attach(self, selector: selectors.BaseSelector) -> None:
        """Has no descriptor of its own."""

    def heard(self, chunk: bytes) -> None:
        """Count output as activity."""
        self.overheard(chunk)

    def overheard(self, chunk: bytes) -> None:
        """Count standard error as activity."""
        self._feed.note(Activity("output", last_line(chunk, _LONGEST_SUMMARY)))

    def tick(self) -> None:
        """Write the activity that waits."""
        self._feed.flush()


class Silence(Overhearing):
    """Listens to the runner's own questions to git, which are nobody's activity."""

    def overheard(self, chunk: bytes) -> None:
        """Take no note."""


class AgentHearing(Overhearing):
    """Listens to the agent: its output by the CLI's parser, its reports by the socket."""

    def __init__(self, feed: Feed, cli: Cli, post: Post, findings: Findings) -> None:
        super().__init__(feed)
        self._cli = cli
        self._post = post
        self._findings = findings
        self._unfinished = b""

    @property
    def halted(self) -> bool:
        """An approval was requested: the attempt ends."""
        return self._findings.approval is not None

    def attach(self, selector: selectors.BaseSelector) -> None:
        """Serve the socket too."""
        self._post.attach(selector)

    def heard(self, chunk: bytes) -> None:
        """Parse whole lines; a piece without a line's end is plain activity."""
        *lines, rest = (self._unfinished + chunk).split(b"\n")
        self._unfinished = rest[-_LONGEST_LINE:]
        if not lines:
            self.overheard(chunk)
        for line in lines:
            for activity in self._cli.parse(line):
                self._feed.note(activity)


def pass_on(report: Report, *, wire: Wire, findings: Findings) -> str | None:
    """Write a report as an event line; answer why it is refused, or None."""
    reason = findings.accept(report)
    if reason:
        return reason
    if report.type in ("lesson", "approval"):
        wire.emit(report.type, report.fields)
    elif not wire.offer(report.type, report.fields):
        findings.lines_dropped += 1
        return "too many event lines, try again in a second"
    return None
