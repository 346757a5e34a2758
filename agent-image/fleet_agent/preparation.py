"""Runs the project's setup commands and lists what they leave, which nobody is to collect."""

import os
import threading
import time
from pathlib import Path

from fleet_agent.attempt import Attempt
from fleet_agent.clis.model import FailureKind
from fleet_agent.conduct import Cause, Ended
from fleet_agent.findings import AttemptFailedError
from fleet_agent.hearing import Silence
from fleet_agent.packet import Argv
from fleet_agent.processes import StartError
from fleet_agent.text import clean, last_line

_LISTING_SECONDS = 60.0
# the coordinator deletes the secret as soon as it hears `started`: milliseconds, where it lives
_HIDING_SECONDS = 5.0
_LOOK_SECONDS = 0.01
_LARGEST_LISTING = 256 * 1024
_MOST_PATHS = 500
_MOST_CHARACTERS = 16 * 1024
_LONGEST_PATH = 4096
# `*`: the worktree's owner need not be the container's uid
_LIST = ("git", "-c", "safe.directory=*", "ls-files", "-z", "--others", "--exclude-standard")
_WHOLE_FOLDERS = ("--directory", "--no-empty-directory")


def prepare(attempt: Attempt, *, secret: Path) -> None:
    """Run every setup command in order; raises AttemptFailedError when one fails.

    They come from the repository, so the folder `secret` is to be empty first.
    """
    if not attempt.packet.setup:
        return
    attempt.pulse.phase = "setup"
    _await_hidden(attempt, secret)
    before = frozenset(_untracked(attempt))
    until = time.monotonic() + attempt.packet.limits.setup
    for argv in attempt.packet.setup:
        _run(attempt, argv, seconds=until - time.monotonic())
    _note_untracked(attempt, before)


def _await_hidden(attempt: Attempt, secret: Path) -> None:
    until, pause = time.monotonic() + _HIDING_SECONDS, threading.Event()
    while _holds_files(secret):
        attempt.refuse_if_stopped()
        if time.monotonic() >= until:
            note = f"the credential was still there after {_HIDING_SECONDS:g} s"
            attempt.findings.notes.append(f"{note}: setup could read it")
            return
        pause.wait(_LOOK_SECONDS)


def _holds_files(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False


def _run(attempt: Attempt, argv: Argv, *, seconds: float) -> None:
    try:
        ended = attempt.conduct(attempt.command(argv), seconds=seconds)
    except StartError as error:
        raise AttemptFailedError(FailureKind.SETUP, f"setup: {error}") from error
    if ended.cause is Cause.EXITED and ended.exit_code == 0:
        return
    attempt.findings.last = ended
    raise AttemptFailedError(FailureKind.SETUP, f"setup {argv!r} {_how(attempt, ended)}")


def _how(attempt: Attempt, ended: Ended) -> str:
    if ended.cause is Cause.OVERTIME:
        return f"ran out of time ({attempt.packet.limits.setup:g} s for all setup commands)"
    return f"ended with exit code {ended.exit_code}: {last_line(ended.output, 200)}"


def _note_untracked(attempt: Attempt, before: frozenset[str]) -> None:
    paths = [path for path in _untracked(attempt) if path not in before]
    if _too_many(paths):
        folders = _untracked(attempt, *_WHOLE_FOLDERS)
        paths = [path for path in folders if not _held(path, before)]
    attempt.findings.setup_untracked_cut = _too_many(paths)
    while _too_many(paths):
        paths = paths[: len(paths) // 2]
    attempt.findings.setup_untracked = paths


def _too_many(paths: list[str]) -> bool:
    return len(paths) > _MOST_PATHS or sum(map(len, paths)) > _MOST_CHARACTERS


def _held(path: str, before: frozenset[str]) -> bool:
    """Say whether something was there before setup: then the whole folder may not be left out."""
    return path in before or (path.endswith("/") and any(old.startswith(path) for old in before))


def _untracked(attempt: Attempt, *options: str) -> list[str]:
    command = attempt.command((*_LIST, *options), keep=_LARGEST_LISTING)
    try:
        silence = Silence(attempt.feed)
        ended = attempt.conduct(command, seconds=_LISTING_SECONDS, listener=silence)
    except StartError as error:
        attempt.findings.notes.append(f"untracked files not listed: {error}")
        return []
    if ended.exit_code != 0:
        reason = last_line(ended.stderr, 200)
        attempt.findings.notes.append(f"untracked files not listed: {reason}")
        return []
    names = ended.stdout.split(b"\0")
    # a listing that was longer than what is kept begins in the middle of a name
    whole = names[1:] if len(ended.stdout) >= _LARGEST_LISTING else names
    return [clean(os.fsdecode(name), _LONGEST_PATH) for name in whole if name]
