"""Timezones are known everywhere: those of the system, else the package's."""

import os
import subprocess
import sys

from tests.config.homes import PROJECT, a_home

SHOW = """\
import sys
from pathlib import Path
from fleet.config import load_fleet
print(load_fleet(Path(sys.argv[1])).timezone)
"""


def test_a_system_without_timezones_knows_them_all_the_same(tmp_path):
    home = a_home(tmp_path, PROJECT + "timezone: Europe/Moscow\n")
    # an empty search path is how Python is told that the system has none
    environment = {"PATH": os.defpath, "PYTHONTZPATH": ""}

    shown = subprocess.run(
        [sys.executable, "-c", SHOW, str(home)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (shown.stdout, shown.stderr) == ("Europe/Moscow\n", "")
