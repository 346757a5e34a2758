"""Files that somebody else may have made: read only where they are plain, waited for by nobody."""

import os
import resource
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from fleet.adapters.plain_files import (
    NotPlainError,
    first_bytes,
    folder_below,
    folder_made,
    opened,
)
from tests.descriptors import open_files


def a_link(path):
    path.with_name("real").write_text("secret")
    path.symlink_to("real")


def a_link_to_nothing(path):
    path.symlink_to("nowhere")


def a_link_to_itself(path):
    path.symlink_to(path.name)


def a_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def a_link_to_a_device(path):
    path.symlink_to("/dev/zero")


@pytest.fixture
def few_files():
    """Let this process open so many more files, until the test has ended."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(path.name) for path in Path("/proc/self/fd").iterdir())
    yield lambda more: resource.setrlimit(resource.RLIMIT_NOFILE, (highest + more, limits[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


ODD = [a_link, a_link_to_nothing, a_link_to_itself, a_link_to_a_device, a_socket, Path.mkdir]


@pytest.mark.parametrize("made", [*ODD, os.mkfifo])
def test_what_is_no_plain_file_is_refused_at_once_and_none_is_left_open(tmp_path, made):
    made(tmp_path / "odd")
    before = open_files()

    with pytest.raises(NotPlainError, match="no plain file"):
        opened(tmp_path / "odd")

    assert open_files() <= before


def test_a_file_is_looked_up_from_an_open_folder(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "file").write_text("found")

    with folder_below(tmp_path, ["below"]) as place:
        assert first_bytes("file", 100, folder=place) == b"found"


def test_a_device_is_never_opened():
    with pytest.raises(NotPlainError):
        opened(Path("/dev/tty"))


def test_where_links_are_allowed_what_they_lead_to_is_judged(tmp_path):
    a_link(tmp_path / "link")
    a_link_to_a_device(tmp_path / "endless")

    assert first_bytes(tmp_path / "link", 3, links=True) == b"sec"
    with pytest.raises(NotPlainError):
        opened(tmp_path / "endless", links=True)


def test_of_a_file_without_end_only_the_beginning_is_read(tmp_path):
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 40)

    assert first_bytes(tmp_path / "huge", 4096) == bytes(4096)


def test_a_file_that_is_not_there_is_told_from_an_odd_one(tmp_path):
    with pytest.raises(FileNotFoundError):
        opened(tmp_path / "gone")


# puts the one and the other in a third place, each whole, until it is killed
SWAP = """
import os, sys
*two, place = sys.argv[1:]
while True:
    for each in two:
        os.link(each, f"{place}.new", follow_symlinks=False)
        os.replace(f"{place}.new", place)
"""


@contextmanager
def swapped(place, *two):
    other = subprocess.Popen([sys.executable, "-c", SWAP, *two, place])
    try:
        while not os.path.lexists(place):
            assert other.poll() is None
        yield
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("made", [a_link, os.mkfifo])
def test_a_file_that_is_swapped_meanwhile_is_read_plain_or_not_at_all(tmp_path, made):
    (tmp_path / "plain").write_text("plain")
    made(tmp_path / "odd")
    before = open_files()
    seen: set[bytes] = set()

    with swapped(tmp_path / "place", tmp_path / "plain", tmp_path / "odd"):
        turns = count()
        # who swaps them may not have its turn for a while
        while next(turns) < 5000 or not seen:
            with suppress(OSError):
                seen.add(first_bytes(tmp_path / "place", 10))

    assert seen == {b"plain"}
    assert open_files() <= before


@pytest.mark.parametrize("odd", ["a", "a/b", "a/b/c"])
def test_no_link_is_followed_on_the_way_to_a_folder(tmp_path, odd):
    (tmp_path / "outside" / "b" / "c").mkdir(parents=True)
    path = tmp_path / "home" / odd
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "outside")
    before = open_files()

    for found in (folder_below, folder_made):
        with pytest.raises(NotADirectoryError), found(tmp_path / "home", ("a", "b", "c")):
            pass

    assert open_files() <= before
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["b"]


def test_a_folder_deeper_than_a_process_may_hold_files_open_is_reached(tmp_path, few_files):
    parts = ["d"] * 50
    bottom = tmp_path.joinpath(*parts)
    bottom.mkdir(parents=True)

    few_files(8)

    with folder_below(tmp_path, parts) as deepest:
        assert os.fstat(deepest).st_ino == bottom.stat().st_ino


def test_folders_are_made_once_and_what_lies_in_them_stays(tmp_path):
    with folder_made(tmp_path, ("traces", "checks")) as place:
        os.close(os.open("log", os.O_CREAT, dir_fd=place))

    with folder_made(tmp_path, ("traces", "checks")) as place:
        assert os.stat("log", dir_fd=place).st_size == 0
