"""What an attempt has found so far, and the result made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fleet_agent.clis.model import Failure, FailureKind, Told
from fleet_agent.clis.usage import Usage
from fleet_agent.conduct import Ended
from fleet_agent.reports import Report
from fleet_agent.text import clean, clean_tail

TAIL = 8 * 1024
_MOST = 10
# what is kept until the result: no line of its own tells it
KEPT = ("constitution", "decision")
_NAMES = {
    "lesson": "has proposed its lessons",
    "constitution": "has left its notes for the constitution",
    "decision": "has recorded its decisions",
}
_LONGEST_MESSAGE = 1000


class AttemptFailedError(Exception):
    """The attempt ends here, for this reason."""

    def __init__(self, kind: FailureKind, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.failure = Failure(kind, message, retry_after)


@dataclass
class Findings:
    """Grows while the attempt runs; only the main thread touches it."""

    task_id: str = ""
    summary: str | None = None
    usage: Usage | None = None
    usage_told: Usage | None = None
    approval: dict[str, object] | None = None
    lessons: list[dict[str, object]] = field(default_factory=list)
    for_constitution: list[dict[str, object]] = field(default_factory=list)
    technical_decisions: list[dict[str, object]] = field(default_factory=list)
    checks: list[dict[str, object]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    setup_untracked: list[str] = field(default_factory=list)
    setup_untracked_cut: bool = False
    lesson_asked: bool = False
    rounds: int = 0
    lines_dropped: int = 0
    reports_dropped: int = 0
    last: Ended | None = None

    def accept(self, report: Report) -> str | None:
        """Keep what the result tells; answer why it is refused, or None."""
        if report.type == "approval":
            if self.approval:
                return "an approval was requested already"
            self.approval = report.fields
            return None
        kept = self._lists().get(report.type)
        if kept is None:
            return None
        if len(kept) >= _MOST:
            return f"an attempt {_NAMES[report.type]}: at most {_MOST}"
        kept.append(report.fields)
        return None

    def _lists(self) -> Mapping[str, list[dict[str, object]]]:
        return {
            "lesson": self.lessons,
            "constitution": self.for_constitution,
            "decision": self.technical_decisions,
        }

    def believe(self, told: Told) -> None:
        """Add the agent's word about one round to what is known."""
        self.summary = told.summary or self.summary
        self.notes += told.notes
        if told.usage:
            self.usage = self.usage.plus(told.usage) if self.usage else told.usage

    def result(self, failure: Failure | None, *, seconds: float) -> dict[str, object]:
        """Return the fields of the `result` line."""
        summary = self.summary or (failure.message if failure else "the agent ended well")
        return {
            "task_id": self.task_id,
            "status": "failure" if failure else "success",
            "summary": summary,
            "changes": [],
            "tool_summaries": [],
            "diagnostics": _of_failure(failure) | _of_command(self.last) | self._rest(seconds),
        }

    def _rest(self, seconds: float) -> dict[str, object]:
        return {
            "duration_seconds": round(seconds, 3),
            "rounds": self.rounds,
            "checks": self.checks,
            "usage": self.usage.fields() if self.usage else None,
            "lessons": self.lessons,
            "for_constitution": [note["text"] for note in self.for_constitution],
            "technical_decisions": self.technical_decisions,
            "approval": self.approval,
            "setup_untracked": self.setup_untracked,
            "setup_untracked_cut": self.setup_untracked_cut,
            "dropped": {"lines": self.lines_dropped, "reports": self.reports_dropped},
            "notes": self.notes,
        }


def _of_failure(failure: Failure | None) -> dict[str, object]:
    if failure is None:
        return {"failure_kind": None, "message": None, "retry_after_seconds": None}
    return {
        "failure_kind": failure.kind,
        "message": clean(failure.message, _LONGEST_MESSAGE),
        "retry_after_seconds": failure.retry_after_seconds,
    }


def _of_command(ended: Ended | None) -> dict[str, object]:
    if ended is None:
        return {"exit_code": None, "stdout_tail": "", "stderr_tail": ""}
    return {
        "exit_code": ended.exit_code,
        "stdout_tail": clean_tail(ended.stdout, TAIL),
        "stderr_tail": clean_tail(ended.stderr, TAIL),
    }
