"""Starts a CLI through a shell: what is long or secret reaches it by descriptors, not by argv."""

from pathlib import Path

from fleet_agent.packet import Argv

# one argument may hold 128 KiB at most; a file has no such limit and is in no list of processes
PROMPT = ".fleet/prompt"
KEY = ".fleet/key"
KEY_DESCRIPTOR = "3"

_FED = 'exec "$@" <"$0"'
# The file is gone before the CLI starts. A here-document is a pipe: once the CLI has read it,
# nobody else can, neither from the disk nor from its environment.
_FED_SECRETLY = """\
exec 3<<END
$(cat "$1")
END
rm -f "$1" || exit 1
shift
exec "$@" <"$0"
"""


def fed(home: Path, argv: Argv) -> Argv:
    """Return the argv with the file PROMPT on its standard input; sh ends with 127 without it."""
    return ("sh", "-c", _FED, str(home / PROMPT), *argv)


def fed_secretly(home: Path, argv: Argv) -> Argv:
    """Return the same with the text of the file KEY on KEY_DESCRIPTOR; the file is removed."""
    return ("sh", "-c", _FED_SECRETLY, str(home / PROMPT), str(home / KEY), *argv)
