"""What a run of a check means: green, red, or no fault of whoever is checked."""

import re
from dataclasses import replace
from datetime import datetime

from fleet.adapters.patterns import Search
from fleet.adapters.verifying.container import Wanted
from fleet.adapters.verifying.logs import CheckLogs
from fleet.adapters.verifying.run import Ran
from fleet.adapters.verifying.transcript import Transcript
from fleet.domain.errors import TooSlowError
from fleet.domain.result import Check, Verdict, VerdictStatus
from fleet.domain.untested import told_lines, untested

# the engine's init says so when it cannot start the command
_NOT_STARTED = re.compile(r"\[FATAL +tini \(\d+\)\] exec .* failed: (.*)")


def judged(wanted: Wanted, ran: Ran) -> tuple[VerdictStatus, str | None]:
    """Answer the status, and why where the exit code alone does not say it."""
    if ran.killed or ran.exit is None:
        return VerdictStatus.FAILED, ran.killed
    code, said = ran.exit.code, ran.transcript
    unable = _NOT_STARTED.search(said.stderr) if code else None
    if unable:
        program, image = wanted.check.command[0], wanted.project.image
        told = f"image {image} cannot start {program!r}: {unable[1]} (correct `check` or the image)"
        return VerdictStatus.ERROR, told
    nothing = _untested(wanted.check, said, code)
    red = code != 0 or nothing is not None
    return VerdictStatus.FAILED if red else VerdictStatus.PASSED, nothing


def _untested(check: Check, said: Transcript, code: int) -> str | None:
    """Answer what says that no test ran; the project's own pattern decides where it is found.

    Where it takes too long the check is red, not an error: a branch may bring that about, and an
    error would keep everybody else in the queue.
    """
    if check.no_tests is not None:
        lines = (*told_lines(said.stdout), *told_lines(said.stderr))
        try:
            found = Search(check.no_tests).first(lines)
        except TooSlowError as error:
            return f"nobody can tell whether a test ran, by no_tests_pattern: {error}"
        if found is not None:
            return f"no test ran: {found!r} matches no_tests_pattern {check.no_tests!r}"
    return untested(said.stdout, said.stderr, exit_code=code, command=check.command)


def verdict_from(wanted: Wanted, ran: Ran, *, logs: CheckLogs, at: datetime) -> Verdict:
    """Answer the verdict of a run; its log is kept."""
    status, error = judged(wanted, ran)
    said = ran.transcript
    return replace(
        without_run(wanted, "", at=at),
        tree=ran.tree,
        status=status,
        exit_code=ran.exit.code if ran.exit else None,
        stdout=logs.redacted(said.stdout),
        stderr=logs.redacted(said.stderr),
        duration_seconds=ran.seconds,
        error=error and logs.redacted(error),
        image=ran.image,
        log=logs.keep(wanted.name, said),
    )


def without_run(wanted: Wanted, error: str, *, at: datetime) -> Verdict:
    """Answer the verdict of a check that could not be run."""
    return Verdict(
        attempt=wanted.attempt,
        name=wanted.check.name,
        sha=wanted.sha,
        tree="",
        status=VerdictStatus.ERROR,
        command=wanted.check.command,
        exit_code=None,
        stdout="",
        stderr="",
        duration_seconds=0.0,
        error=error,
        at=at,
        definition=wanted.check.definition,
    )


def copied(known: Verdict, wanted: Wanted, *, at: datetime) -> Verdict:
    """Answer for this attempt what is known of the same tree already."""
    return replace(
        known,
        attempt=wanted.attempt,
        name=wanted.check.name,
        sha=wanted.sha,
        at=at,
        source=known.attempt,
    )


def labelled(red: Verdict, *, repeats: int) -> Verdict:
    """Answer the red verdict as one whose last repeat was green: flaky, and red all the same."""
    ended = red.error or f"exit code {red.exit_code}"
    return replace(red, flaky=True, error=f"{ended}; flaky: green in 1 of {repeats} repeats")
