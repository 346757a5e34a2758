"""Listens to a command: output becomes activity, the agent's reports become event lines."""

import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass

from fleet_agent.clis.model import Activity, Cli, Denied, Failure, Heard
from fleet_agent.clis.usage import Usage
from fleet_agent.document import Document
from fleet_agent.findings import KEPT, Findings
from fleet_agent.notebook import Notebook
from fleet_agent.packet import Packet
from fleet_agent.post import Post
from fleet_agent.pulse import Pulse
from fleet_agent.reports import Report
from fleet_agent.spending import priced, used_up
from fleet_agent.tail import Tail
from fleet_agent.text import clean, last_line
from fleet_agent.wire import Wire

_ACTIVITY_EVERY_SECONDS = 1.0
_USAGE_EVERY_SECONDS = 2.0
_SIGN_OF_LIFE_SECONDS = 5.0
_DOCUMENT_EVERY_SECONDS = 5.0
_LONGEST_SUMMARY = 200
_LONGEST_WORDS = 4000
_LONGEST_LINE = 1024 * 1024


class Feed:
    """Merges activity: at most one line a second, the latest wins."""

    def __init__(self, wire: Wire, pulse: Pulse) -> None:
        self._wire = wire
        self._pulse = pulse
        self._waiting: Activity | None = None
        self._next = 0.0
        self._noted_at = time.monotonic()

    @property
    def worked_at(self) -> float | None:
        """When the command was last seen to work, whatever it said, in monotonic seconds."""
        return self._pulse.worked_at

    def stir(self) -> None:
        """Take note of life without a word for it, such as long thinking, now and then."""
        if time.monotonic() - self._noted_at >= _SIGN_OF_LIFE_SECONDS:
            self.note(Activity("output", "at work"))

    def note(self, activity: Activity) -> None:
        """Take note; the line may be written later, or merged with the next."""
        self._pulse.felt()
        self._waiting = activity
        self._noted_at = time.monotonic()
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


@dataclass(frozen=True)
class Start:
    """One start of the agent: who it is, what it may use, and where its words are noted.

    `used` is what earlier rounds used; `report` passes on what is to be told, `withheld` are the
    categories whose tools it does not have.
    """

    cli: Cli
    packet: Packet
    report: Callable[[Report], str | None]
    post: Post
    notebook: Notebook
    wire: Wire
    withheld: frozenset[str]
    used: Usage | None = None
    tail: Tail | None = None
    document: Document | None = None


class AgentHearing(Overhearing):
    """Listens to the agent: its output by the CLI's parser, its reports by the socket."""

    def __init__(self, feed: Feed, start: Start, findings: Findings) -> None:
        super().__init__(feed)
        self.cut: Failure | None = None
        self._tell_next = self._look_next = 0.0
        self._start = start
        self._findings = findings
        self._unfinished = {"out": b"", "error": b""}

    @property
    def halted(self) -> bool:
        """An approval was requested, or there is nothing more to hope for."""
        return self._findings.approval is not None or self.cut is not None

    def attach(self, selector: selectors.BaseSelector) -> None:
        """Serve the socket too."""
        self._start.post.attach(selector)

    def heard(self, chunk: bytes) -> None:
        """Parse whole lines; a piece without a line's end is plain activity."""
        self._hear("out", chunk, self._start.cli.parse)

    def overheard(self, chunk: bytes) -> None:
        """Listen to standard error too: some CLIs tell of their troubles there alone."""
        self._hear("error", chunk, self._start.cli.overhear)
        self._feed.note(Activity("output", last_line(chunk, _LONGEST_SUMMARY)))

    def close(self) -> None:
        """Take no more reports, and count those that were refused."""
        self._start.post.close()
        self._findings.reports_dropped += self._start.post.refused
        self._read_tail()
        if self._start.document:
            self._take(self._start.document.last_words())
        # the last line may lack its end
        for stream, parse in (("out", self._start.cli.parse), ("error", self._start.cli.overhear)):
            self._take(parse(self._unfinished[stream]))
        self._count()
        if self._start.notebook.said:
            self._findings.summary = clean(self._start.notebook.said, _LONGEST_WORDS)

    def tell_usage(self) -> None:
        """Say what was used so far, where that is news."""
        usage = self._findings.usage
        if usage and usage != self._findings.usage_told:
            self._start.wire.emit("usage", usage.fields() | {"cumulative": True})
            self._findings.usage_told = usage

    def tick(self) -> None:
        """Read the tailed file, note what was used, and look whether to cut it short."""
        self._read_tail()
        self._look_into_document()
        self._count()
        if time.monotonic() >= self._tell_next:
            self._tell_next = time.monotonic() + _USAGE_EVERY_SECONDS
            self.tell_usage()
        if self.cut is None:
            self._note_work()
            self.cut = self._start.notebook.reason_to_cut(time.monotonic()) or self._spent_up()
        self._feed.flush()

    def _read_tail(self) -> None:
        for line in self._start.tail.lines() if self._start.tail else ():
            self._stir()
            self._take(self._start.cli.parse(line))

    def _look_into_document(self) -> None:
        if self._start.document and time.monotonic() >= self._look_next:
            self._look_next = time.monotonic() + _DOCUMENT_EVERY_SECONDS
            self._take(self._start.document.news())

    def _count(self) -> None:
        now, used = self._start.notebook.usage, self._start.used
        if now is not None:
            now = priced(now, self._start.packet.agent.prices)
            self._findings.usage = used.plus(now) if used else now

    def _note_work(self) -> None:
        worked = self._feed.worked_at
        if worked is not None:
            self._start.notebook.worked(worked)

    def _spent_up(self) -> Failure | None:
        return used_up(self._findings.usage, self._start.packet.limits, beyond=True)

    def _hear(self, stream: str, chunk: bytes, parse: Callable[[bytes], tuple[Heard, ...]]) -> None:
        self._stir()
        *lines, rest = (self._unfinished[stream] + chunk).split(b"\n")
        self._unfinished[stream] = rest[-_LONGEST_LINE:]
        if not lines and stream == "out":
            self._feed.note(Activity("output", last_line(chunk, _LONGEST_SUMMARY)))
        for line in lines:
            self._take(parse(line))

    def _stir(self) -> None:
        # the coordinator hears activity alone: it would stop what streams on without a word of it
        self._start.notebook.stirred(time.monotonic())
        self._feed.stir()

    def _take(self, events: tuple[Heard, ...]) -> None:
        for event in events:
            self._start.notebook.take(event, now=time.monotonic())
            if isinstance(event, Activity):
                self._feed.note(event)
            if isinstance(event, Denied) and event.category in self._start.withheld:
                reason = f"safe mode held {event.tool} back"
                fields: dict[str, object] = {"category": event.category, "reason": reason}
                self._start.report(Report("approval", fields))


def pass_on(report: Report, *, wire: Wire, findings: Findings) -> str | None:
    """Write a report as an event line; answer why it is refused, or None."""
    reason = findings.accept(report)
    if reason or report.type in KEPT:
        return reason
    if report.type in ("lesson", "approval"):
        wire.emit(report.type, report.fields)
    elif not wire.offer(report.type, report.fields):
        findings.lines_dropped += 1
        return "too many event lines, try again in a second"
    return None
