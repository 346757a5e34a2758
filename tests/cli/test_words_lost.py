"""Words that nobody can write down end nothing: a service tells its log on a disk that fills up."""

import subprocess
import sys

SPEAKS = """
from fleet.cli.output import say
from fleet.cli.running import Progress
say("lost")
Progress(quiet=False).tell("app-1", "runs", "well")
print("goes on")
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
