"""The contract of reports: found or made whole, and never led out of the home."""

import stat
from pathlib import Path

import pytest

from fleet.adapters.reports import FolderReports
from fleet.domain.errors import FleetError
from fleet.ports import Reports
from tests.descriptors import open_files
from tests.memory_world import Faults, MemoryReports


class Shelf:
    """Reports, and how to look at what was written."""

    def __init__(self, kind: str, home: Path) -> None:
        self._home = home
        memory = MemoryReports(Faults())
        self._memory = memory if kind == "memory" else None
        self.reports: Reports = memory if kind == "memory" else FolderReports(home)

    def read(self, folder: str, name: str) -> str:
        if self._memory is not None:
            return self._memory.files[folder, name]
        return (self._home / folder / name).read_text()


@pytest.fixture(params=["memory", "folder"])
def shelf(request, tmp_path):
    return Shelf(request.param, tmp_path)


def test_a_report_is_written_into_a_folder_that_is_made_for_it(shelf):
    shelf.reports.write("traces/reports", "night-1.md", "# Étienne\n")

    assert shelf.read("traces/reports", "night-1.md") == "# Étienne\n"


def test_what_stands_there_stays(shelf):
    shelf.reports.write("reports", "night-1.md", "first")
    shelf.reports.write("reports", "night-1.md", "second")
    shelf.reports.write("reports", "night-2.md", "third")

    assert shelf.read("reports", "night-1.md") == "first"
    assert shelf.read("reports", "night-2.md") == "third"


def test_only_its_owner_may_read_it_and_nothing_else_is_left(tmp_path):
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/.night-1.md").write_text("half of one, by a killed coord")

    FolderReports(tmp_path).write("reports", "night-1.md", "whole")

    (made,) = (tmp_path / "reports").iterdir()
    assert made.read_text() == "whole"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert made.stat().st_nlink == 1


@pytest.mark.parametrize("linked", ["traces", "traces/reports"])
def test_a_link_on_the_way_is_not_followed(tmp_path, linked):
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    for folder in (home, elsewhere / "reports"):
        folder.mkdir(parents=True)
    (home / linked).parent.mkdir(exist_ok=True)
    (home / linked).symlink_to(elsewhere)

    with pytest.raises(FleetError, match=r"traces/reports/night-1\.md cannot be written") as caught:
        FolderReports(home).write("traces/reports", "night-1.md", "text")

    assert "plain folder" in caught.value.remedy
    assert [path for path in elsewhere.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", ["night-1.md", ".night-1.md"])
def test_a_link_in_the_place_of_the_file_is_not_written_through(tmp_path, name):
    secret = tmp_path / "secret"
    secret.write_text("as it was")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / name).symlink_to(secret)

    FolderReports(tmp_path).write("reports", "night-1.md", "text")

    assert secret.read_text() == "as it was"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "reports").write_text("a file")

    with pytest.raises(FleetError, match="Not a directory"):
        FolderReports(tmp_path).write("reports", "night-1.md", "text")


def test_no_descriptor_is_left_open(tmp_path):
    before = open_files()

    for number in range(20):
        FolderReports(tmp_path).write("a/b/c", f"night-{number % 2}.md", "text")

    assert open_files() <= before
