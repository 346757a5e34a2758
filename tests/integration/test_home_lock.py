"""The home's lock: held by one, asked after by many, and no disk too full for it."""

import fcntl
import os
import subprocess
from threading import Timer

import pytest

from fleet.adapters.home import holder, home_held, ledger_known
from fleet.domain.errors import BusyError, ConfigError, DiskFullError
from tests.builders import NOW
from tests.small_disk import fill, small_disk


@pytest.fixture
def home(tmp_path):
    (tmp_path / ".fleet").mkdir()
    return tmp_path


def test_whoever_asks_for_the_holder_keeps_nobody_from_holding(home):
    lock = home / ".fleet" / "coordinator.lock"
    with lock.open("a+") as asked:
        fcntl.flock(asked, fcntl.LOCK_SH)
        letting_go = Timer(0.3, fcntl.flock, (asked, fcntl.LOCK_UN))
        letting_go.start()

        with home_held(home, since=NOW, what="fleet up"):
            held = holder(home)

        letting_go.join()
    assert held is not None
    assert (held.pid, held.what) == (os.getpid(), "fleet up")


def test_a_home_that_is_held_is_refused_though_its_holder_is_not_noted(home):
    lock = home / ".fleet" / "coordinator.lock"
    with lock.open("a+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        said = holder(home)
        with (
            pytest.raises(BusyError, match="another process coordinates"),
            home_held(home, since=NOW, what="fleet up"),
        ):
            pass

    assert said is not None
    assert holder(home) is None


def test_a_disk_without_room_for_the_lock_is_told_in_words(home):
    with small_disk(home / ".fleet", megabytes=1) as disk:
        subprocess.run(["mount", "-o", "remount,nr_inodes=2", str(disk)], check=True)
        fill(disk, leaving=0)

        with (
            pytest.raises(DiskFullError, match=r"coordinator\.lock cannot be opened"),
            home_held(home, since=NOW, what="fleet up"),
        ):
            pass


def test_a_home_is_held_though_the_disk_is_too_full_to_note_by_whom(home):
    with small_disk(home / ".fleet", megabytes=1) as disk:
        (disk / "coordinator.lock").touch()
        fill(disk, leaving=0)

        with home_held(home, since=NOW, what="fleet up"):
            assert holder(home) is not None


def test_a_mark_of_the_ledger_that_a_power_cut_left_empty_is_written_anew(home):
    (home / ".fleet" / "ledger-id").touch()

    ledger_known(home, "this")

    with pytest.raises(ConfigError, match="not the ledger"):
        ledger_known(home, "another")
