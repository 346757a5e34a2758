"""What a check said and what an attempt used: verdicts and usage."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class VerdictStatus(StrEnum):
    """The three answers of a deterministic check."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Check:
    """A named check of a project; `timeout_seconds` bounds its container's life."""

    name: str
    command: tuple[str, ...]
    timeout_seconds: float = 1800.0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The VerificationResult of one check at one SHA (tails of at most 16 KiB are kept).

    `image` is the id of the image it ran in, "" where it did not come to run.
    """

    attempt: str
    name: str
    sha: str
    tree: str
    status: VerdictStatus
    command: tuple[str, ...]
    exit_code: int | None
    stdout: str
    stderr: str
    duration_seconds: float
    error: str | None
    at: datetime
    image: str = ""

    def contract(self) -> dict[str, object]:
        """Answer the fields of the VerificationResult contract."""
        return {
            "status": self.status.value,
            "command": list(self.command),
            "exit_code": self.exit_code,
            "stdout": self.stdout,
            "stderr": self.stderr,
            "duration_seconds": self.duration_seconds,
            "error": self.error,
        }


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Cumulative consumption of an attempt; cost in micro-dollars, None where none was told."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    turns: int = 0
    cost_micros: int | None = None


def verdict_of(verdicts: tuple[Verdict, ...]) -> VerdictStatus:
    """Join several verdicts: an error outranks a failure, a failure outranks green.

    No verdict at all is an error: nothing is green that nobody checked.
    """
    said = {verdict.status for verdict in verdicts}
    for status in (VerdictStatus.ERROR, VerdictStatus.FAILED, VerdictStatus.PASSED):
        if status in said:
            return status
    return VerdictStatus.ERROR


def diagnosis(verdicts: tuple[Verdict, ...], *, limit: int = 6000) -> str:
    """Word the red verdicts for the next attempt, at most `limit` characters of output each."""
    parts = []
    for verdict in verdicts:
        if verdict.status is VerdictStatus.PASSED:
            continue
        ended = verdict.error or f"exit code {verdict.exit_code}"
        tail = "\n".join(filter(None, (verdict.stdout, verdict.stderr)))[-limit:]
        parts.append(f"check {verdict.name!r} ({' '.join(verdict.command)}): {ended}\n{tail}")
    return "\n\n".join(parts)
