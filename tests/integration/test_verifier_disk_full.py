"""A full disk is nobody's fault: no check is red, and none is an error, for want of room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.domain.errors import DiskFullError
from fleet.domain.result import VerdictStatus
from tests.checking import SCRIPT, Bench, a_bench
from tests.containers import a_home
from tests.small_disk import MEGABYTE, fill, small_disk

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with (
        small_disk(tmp_path / "disk", megabytes=64) as disk,
        a_home() as (_, home8),
        a_bench(disk, home8) as bench,
    ):
        yield bench


def test_a_check_whose_tree_finds_no_room_is_run_again_once_there_is_some(bench: Bench) -> None:
    sha = bench.branch({"big": "many words " * 10**6})
    ballast = fill(bench.home.parent, leaving=2**20)

    with pytest.raises(DiskFullError, match="disk full"):
        bench.one(sha)
    ballast.unlink()

    assert bench.one(sha).status is VerdictStatus.PASSED


def test_a_check_that_others_left_no_room_is_not_red(bench: Bench) -> None:
    sha = bench.branch({SCRIPT: "exit 1"})
    ballast = fill(bench.home.parent, leaving=512 * 1024)

    with pytest.raises(DiskFullError, match="the check had no room"):
        bench.one(sha)
    ballast.unlink()

    assert bench.one(sha).status is VerdictStatus.FAILED


def test_a_check_that_fills_the_disk_itself_is_red(bench: Bench) -> None:
    sha = bench.branch({SCRIPT: "cat /dev/zero >full.txt"})

    assert bench.one(sha).status is VerdictStatus.FAILED


@pytest.mark.parametrize("file", ["big", "/fleet/git/big"])
def test_a_check_whose_files_outgrow_their_limit_is_killed_and_red(bench: Bench, file: str) -> None:
    bench.tree_bytes = 8 * MEGABYTE
    bench.opened()
    fills = f"head -c 16000000 /dev/zero >{file}; sleep 600"

    verdict = bench.one(bench.branch({SCRIPT: fills}), timeout=120)

    assert verdict.status is VerdictStatus.FAILED
    assert "for its files (limits.worktree_gb)" in (verdict.error or "")
    assert bench.clean()


@pytest.mark.usefixtures("du_hangs")
def test_a_check_that_ends_in_time_while_its_files_cannot_be_added_up_is_green(
    bench: Bench,
) -> None:
    verdict = bench.one(bench.branch({SCRIPT: "sleep 17"}), timeout=30)

    assert (verdict.status, verdict.error) == (VerdictStatus.PASSED, None)
