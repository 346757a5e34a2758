"""The runner's own question to git: which files the worktree holds now."""

import re

from fleet_agent.attempt import Attempt
from fleet_agent.conduct import Cause
from fleet_agent.hearing import Silence
from fleet_agent.processes import StartError
from fleet_agent.text import last_line

_SECONDS = 60.0
_TREE = re.compile(rb"[0-9a-f]{40,64}")
# In a copy of the index, so that the agent's own stays as it is; copied with its time, by which
# git knows what it need not read again. `*`: the worktree's owner need not be the container's uid.
_ASK = """\
set -e
ask() { git -c safe.directory='*' -c core.fsmonitor=false -c gc.auto=0 "$@"; }
index=$(ask rev-parse --git-path index)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
[ ! -e "$index" ] || cp -p "$index" "$copy/index"
GIT_INDEX_FILE=$copy/index
export GIT_INDEX_FILE
ask add --all >&2
ask write-tree
"""


def tree_of(attempt: Attempt) -> str | None:
    """Return git's id of all files that are not ignored, None where git cannot say in time.

    Why it cannot is noted. Raises AttemptFailedError when the attempt was stopped or its time is
    over.
    """
    command = attempt.command(("sh", "-c", _ASK))
    try:
        ended = attempt.conduct(command, seconds=_SECONDS, listener=Silence(attempt.feed))
    except StartError as error:
        _note(attempt, str(error))
        return None
    told = ended.stdout.strip()
    if ended.cause is Cause.EXITED and ended.exit_code == 0 and _TREE.fullmatch(told):
        return told.decode("ascii")
    _note(attempt, last_line(ended.stderr, 200) or f"exit code {ended.exit_code}")
    return None


def _note(attempt: Attempt, reason: str) -> None:
    note = f"whether the round changed a file is not known: {reason}"
    if note not in attempt.findings.notes:
        attempt.findings.notes.append(note)
