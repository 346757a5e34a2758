"""What a check said and what an attempt used: verdicts and usage."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from fleet.domain.limits import Limits

_LIMIT = re.compile(r"(?:time |memory )?limit of ")


class VerdictStatus(StrEnum):
    """The three answers of a deterministic check."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Check:
    """A named check of a project; `timeout_seconds` bounds its container's life.

    `limits` are those of its container, None for the common ones. A line of its last output that
    `no_tests` (a regular expression) is found in says that no test ran: that is not green. A red
    check is run up to `repeat_red` times more, only to tell whether it is flaky; it stays red.
    """

    name: str
    command: tuple[str, ...]
    timeout_seconds: float = 1800.0
    limits: Limits | None = None
    no_tests: str | None = None
    repeat_red: int = 0

    @property
    def definition(self) -> str:
        """Answer what tells this check from any other: verdicts of one are no verdicts of another.

        How often a red one is repeated says nothing of what is green.
        """
        limits = self.limits or Limits()
        bounds = (self.timeout_seconds, limits.cpus, limits.memory_bytes, limits.pids)
        told = repr((self.name, self.command, bounds, self.no_tests))
        # commands may be whole scripts, and verdicts are looked up by this
        return sha256(told.encode(errors="backslashreplace")).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The VerificationResult of one check at one SHA (tails of at most 16 KiB are kept).

    `image` is the id of the image it ran in, "" where it did not come to run; `definition` that of
    the check. `source` is the attempt for which the same tree was checked before, "" where this is
    the run itself. `flaky` says that a red one was green when it was repeated. `log` is the file
    below the home that holds its whole output, "" where none was kept.
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
    definition: str = ""
    source: str = ""
    flaky: bool = False
    log: str = ""

    @property
    def killed(self) -> bool:
        """Tell whether a limit of its container ended it."""
        return self.status is VerdictStatus.FAILED and bool(_LIMIT.match(self.error or ""))

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
