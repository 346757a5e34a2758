"""Whatever is named STOP in the home stops everything, and is removed without following it."""

import os

import pytest

from fleet.adapters.brake import FileBrake
from fleet.domain.errors import FleetError
from tests.memory_world import MemoryBrake

SAID = "stopped by the file STOP in the home"


@pytest.fixture
def brake(tmp_path):
    return FileBrake(tmp_path)


def a_folder(path):
    path.mkdir()


def a_link_to_nothing(path):
    path.symlink_to(path.with_name("nowhere"))


def a_pipe(path):
    os.mkfifo(path)


def endless(path):
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("made", [FileBrake, MemoryBrake])
def test_without_the_file_nothing_is_stopped_and_there_is_nothing_to_release(made, tmp_path):
    brake = made(tmp_path) if made is FileBrake else made()

    assert brake.pulled() == ""
    brake.release()


def test_an_empty_file_stops(brake, tmp_path):
    (tmp_path / "STOP").touch()

    assert brake.pulled() == SAID


def test_its_first_line_is_the_reason_bounded_and_cleaned(brake, tmp_path):
    (tmp_path / "STOP").write_bytes(b"fire \x1b[31m in\t\xff here\nnothing of this\n")

    assert brake.pulled() == f"{SAID}: fire [31m in � here"


def test_of_a_huge_file_only_the_beginning_is_read(brake, tmp_path):
    with (tmp_path / "STOP").open("wb") as file:
        file.write(b"x" * 5000)
        file.truncate(1 << 40)

    assert brake.pulled() == f"{SAID}: {'x' * 197}..."


@pytest.mark.parametrize("what", [a_folder, a_link_to_nothing, a_pipe, endless])
def test_what_is_no_plain_file_stops_too_and_is_removed_itself(what, brake, tmp_path):
    what(tmp_path / "STOP")
    assert brake.pulled() == f"{SAID}: it is no plain file"

    brake.release()

    assert brake.pulled() == ""
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_looked_at_stops_too(tmp_path):
    (tmp_path / "home").touch()

    assert FileBrake(tmp_path / "home").pulled().startswith(f"{SAID}: it cannot be read: ")


def test_a_folder_that_holds_something_is_not_removed(brake, tmp_path):
    (tmp_path / "STOP").mkdir()
    (tmp_path / "STOP" / "mine").touch()

    with pytest.raises(FleetError, match=r"STOP cannot be removed: .*remove it yourself"):
        brake.release()

    assert (tmp_path / "STOP" / "mine").exists()
    assert brake.pulled()


def test_what_a_link_leads_to_stays(brake, tmp_path):
    (tmp_path / "yours").write_text("yours")
    (tmp_path / "STOP").symlink_to(tmp_path / "yours")

    brake.release()

    assert (tmp_path / "yours").read_text() == "yours"


@pytest.mark.parametrize("made", [FileBrake, MemoryBrake])
def test_it_is_pulled_once_and_released(made, tmp_path):
    brake = made(tmp_path) if made is FileBrake else made()

    brake.pull()
    brake.pull()

    assert brake.pulled() == SAID
    brake.release()
    assert brake.pulled() == ""


def test_whatever_has_its_name_already_is_left_as_it_is(brake, tmp_path):
    a_link_to_nothing(tmp_path / "STOP")

    brake.pull()

    assert (tmp_path / "STOP").is_symlink()
    assert not (tmp_path / "nowhere").exists()
