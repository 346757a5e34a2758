"""What the machine has left, and what a worktree takes of it, as the kernel tells."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from fleet.adapters.git.files import remove_trees
from fleet.adapters.guards import MachineGuards, machine_now, places_of, remember_engine
from fleet.adapters.memory import ManualClock
from fleet.adapters.scales import FolderScales
from fleet.adapters.weight import taken, weights
from fleet.domain.errors import FleetError, TooSlowError
from fleet.domain.profile import Fleet
from tests.builders import HOME8, NOW, a_fleet, a_project
from tests.small_disk import MEGABYTE, fill, small_disk

ATTEMPT = f"app-1-1-{HOME8}"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", megabytes=32) as folder:
        yield folder


def easily_content(**limits: object) -> Fleet:
    """Answer a fleet whose limits this machine keeps, but for the given ones."""
    easy = {"disk_free_bytes": 16 * MEGABYTE, "memory_free_bytes": 1, "load_per_core": 10**6}
    return a_fleet(**(easy | limits))


def test_a_disk_that_fills_up_is_noticed_and_so_is_room_that_comes_back(disk: Path) -> None:
    clock = ManualClock(NOW)
    guards = MachineGuards(easily_content(), {"the home": disk}, clock)
    before = guards.room()

    ballast = fill(disk, leaving=8 * MEGABYTE)
    clock.advance(timedelta(seconds=2))
    full = guards.room()
    ballast.unlink()
    clock.advance(timedelta(seconds=2))
    still = guards.room()
    clock.advance(timedelta(seconds=10))

    assert before == ""
    assert str(disk) in full
    assert still == full
    assert guards.room() == ""


def test_a_disk_without_room_for_another_file_is_as_good_as_full(disk: Path) -> None:
    files = machine_now({"the home": disk}).disks[0].files
    assert files is not None

    for number in range(10):
        (disk / str(number)).touch()

    assert machine_now({"the home": disk}).disks[0].files == files - 10


def test_places_on_one_disk_are_told_once_and_those_that_are_not_there_never(
    disk: Path, tmp_path: Path
) -> None:
    (disk / "inside").mkdir()
    places = {
        "the home": disk,
        "project APP": disk / "inside",
        "the Docker engine": tmp_path,
        "project GONE": tmp_path / "gone",
    }

    assert [each.whose for each in machine_now(places).disks] == ["the home", "the Docker engine"]


def test_memory_and_load_are_told_on_linux() -> None:
    machine = machine_now({})

    assert machine.memory is not None
    assert 0 < machine.memory < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert machine.load is not None
    assert machine.load >= 0


def test_too_little_memory_and_too_much_load_are_told(disk: Path) -> None:
    fleet = easily_content(memory_free_bytes=2**60, load_per_core=-1)

    said = MachineGuards(fleet, {"the home": disk}, ManualClock(NOW)).room()

    assert "limits.memory_free_gb" in said
    assert "limits.load_per_core" in said


def test_where_the_engine_keeps_its_own_is_known_without_asking_it(tmp_path: Path) -> None:
    (tmp_path / ".fleet").mkdir()
    fleet = a_fleet(projects={"APP": a_project(path="/srv/app")})

    remember_engine(tmp_path, "/var/lib/engine")
    known = places_of(tmp_path, fleet)
    remember_engine(tmp_path, None)

    assert known == {
        "the home": tmp_path,
        "the Docker engine": Path("/var/lib/engine"),
        "project APP": Path("/srv/app"),
    }
    assert "the Docker engine" not in places_of(tmp_path, fleet)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The worktree of an attempt, with its private git directory and the shelf of its task."""
    home = tmp_path / "home" / ".fleet"
    for folder in (f"worktrees/{ATTEMPT}", f"git/{ATTEMPT}/git", "shelves/APP-1/claude"):
        (home / folder).mkdir(parents=True)
    return home / "worktrees" / ATTEMPT


def weighed(tmp_path: Path) -> int:
    return FolderScales(tmp_path / "home").weigh(ATTEMPT, "APP-1")


def test_worktree_git_directory_and_shelf_are_weighed_together(tree: Path, tmp_path: Path) -> None:
    empty = weighed(tmp_path)
    state = tmp_path / "home" / ".fleet"
    for folder in (tree, state / "git" / ATTEMPT / "git", state / "shelves/APP-1/claude"):
        (folder / "file").write_bytes(os.urandom(MEGABYTE))

    assert 3 * MEGABYTE <= weighed(tmp_path) - empty < 4 * MEGABYTE


def test_links_lead_nowhere_and_a_file_of_many_names_weighs_once(
    tree: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "big").write_bytes(os.urandom(8 * MEGABYTE))
    (tree / "folder").symlink_to(outside)
    (tree / "file").symlink_to(outside / "big")
    (tree / "one").write_bytes(os.urandom(MEGABYTE))
    for number in range(20):
        os.link(tree / "one", tree / f"name-{number}")

    assert MEGABYTE <= weighed(tmp_path) < 2 * MEGABYTE


def test_a_file_without_content_takes_room_too_and_a_sparse_one_only_what_it_holds(
    tree: Path, tmp_path: Path
) -> None:
    with (tree / "sparse").open("wb") as file:
        file.truncate(2**40)
    sparse = weighed(tmp_path)

    for number in range(1000):
        (tree / str(number)).touch()

    assert sparse < MEGABYTE
    assert weighed(tmp_path) >= 1000 * 4096


def test_strange_names_and_deep_folders_are_weighed_like_others(tree: Path, tmp_path: Path) -> None:
    (tree / "99999999\t_\n5\tname").write_bytes(os.urandom(MEGABYTE))
    os.mkfifo(tree / "pipe")
    here = os.open(tree, os.O_RDONLY)
    for _ in range(2000):
        os.mkdir("deep", dir_fd=here)
        deeper = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(here)

    size = weighed(tmp_path)
    # pytest itself falls over a tree that deep
    remove_trees(tree)

    assert 8 * MEGABYTE <= size < 12 * MEGABYTE


def test_what_is_gone_weighs_nothing(tmp_path: Path) -> None:
    assert weighed(tmp_path) == 0


@pytest.mark.usefixtures("du_hangs")
def test_a_look_without_an_end_is_given_up_and_told_from_one_that_is_not_possible(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TooSlowError, match="not added up within 1 s"):
        taken([tree], patience=1)
    left_out = weights([tree], patience=1)

    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(FleetError, match="cannot be added up") as refused:
        taken([tree])

    assert left_out == {}
    assert not isinstance(refused.value, TooSlowError)
