"""Words that nobody can write down: of a service they end nothing, of a command they are told."""

import os
import pty
import subprocess
import sys

import pytest

from tests.e2e.fleets import FLEET, Home

SPEAKS = """
from fleet.cli.output import say
from fleet.cli.running import Progress
say("lost")
Progress(quiet=False).tell("app-1", "runs", "well")
print("goes on")
"""
NARROW = """
from fleet.cli.output import table
table([{"name": "a-name-that-is-long"}], ["name"])
"""


def test_a_full_disk_under_standard_error_does_not_end_who_speaks():
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-c", SPEAKS],
            check=True,
            text=True,
            stdout=subprocess.PIPE,
            stderr=full,
        )

    assert done.stdout == "goes on\n"


@pytest.mark.parametrize("words", [["task", "list"], ["task", "list", "--json"]])
def test_a_full_disk_under_standard_output_is_told_and_is_no_bug(home: Home, words: list[str]):
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [FLEET, "--home", home.folder, *words],
            check=False,
            text=True,
            stdout=full,
            stderr=subprocess.PIPE,
        )

    assert (done.returncode, done.stderr) == (
        1,
        "fleet: standard output cannot be written: No space left on device\n",
    )


def test_a_reader_that_has_seen_enough_is_told_nothing(home: Home):
    taken, given = os.pipe()
    os.close(taken)

    with os.fdopen(given, "w") as nobody:
        words = [str(FLEET), "--home", str(home.folder), "task", "list"]
        done = subprocess.run(words, check=False, text=True, stdout=nobody, stderr=subprocess.PIPE)

    assert done.stderr == ""


def test_a_narrow_terminal_cuts_no_letter_off():
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        narrow = {"COLUMNS": "8", "TERM": "xterm"}
        subprocess.run([sys.executable, "-c", NARROW], check=True, stdout=theirs, env=narrow)
        os.close(theirs)
        shown = screen.read(65536).decode()

    below = "".join(line.strip() for line in shown.splitlines()[1:])
    assert below == "a-name-that-is-long"
