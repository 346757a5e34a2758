"""`fleet stop --all` makes the file STOP where a full disk lets nobody open the ledger."""

import subprocess
import sys
from pathlib import Path

from tests.small_disk import fill, small_disk

FLEET = Path(sys.executable).with_name("fleet")


def fleet(home, *words):
    command = (FLEET, "--home", home, *words)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_stop_all_makes_the_file_where_the_disk_has_no_room_for_the_ledger(tmp_path):
    with small_disk(tmp_path / "disk", megabytes=8) as disk:
        home = disk / "home"
        subprocess.run([FLEET, "init", home], check=True, capture_output=True)
        ballast = fill(disk, leaving=0)

        refused = fleet(home, "stop", "--all")

        assert refused.returncode == 1
        assert "the file STOP is made" in refused.stderr
        assert (home / "STOP").exists()
        ballast.unlink()
        resumed = fleet(home, "resume")
        assert "the file STOP is removed" in resumed.stdout
        assert not (home / "STOP").exists()
