"""On real containers: who works without a word is let work, and who hangs is ended."""

import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.e2e.fleets import Home
from tests.reliability.cases import CASES, STALL_AFTER
from tests.reliability.false_kills import Lived, measured

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(900)]

# others use the machine too: a beat or a breath that comes seconds late may not decide; on this
# scale who thinks, the one nearest to its limit, is five seconds from it
SCALE = 3

WORKS = """
import time
began = time.monotonic()
while time.monotonic() - began < 600:
    open("built.txt", "a").write("x")
    time.sleep(0.5)
"""
LOST_AFTER = 30  # seconds: what is older is no progress


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lived]:
    """How each case went, all of them in one fleet at the same time."""
    folder: Path = tmp_path_factory.mktemp("lived")
    played = measured(folder, CASES, scale=SCALE, parallel=len(CASES))
    return {one.case.name: one for one in played}


@pytest.mark.parametrize("name", [case.name for case in CASES if case.works])
def test_who_works_is_ended_by_nobody_however_silent(lived: dict[str, Lived], name: str) -> None:
    assert not lived[name].ended, lived[name].why


@pytest.mark.parametrize("name", [case.name for case in CASES if not case.works])
def test_who_hangs_is_ended_with_the_reason(lived: dict[str, Lived], name: str) -> None:
    assert (lived[name].ended, lived[name].kind) == (True, "stalled")
    assert "not a word for" in lived[name].why or "no progress for" in lived[name].why


def test_who_spins_lives_longer_than_who_sleeps_but_not_for_ever(lived: dict[str, Lived]) -> None:
    assert lived["spins"].seconds > 2 * STALL_AFTER * SCALE > lived["sleeps"].seconds


def test_status_and_task_show_tell_a_silent_build_from_a_hang(home: Home) -> None:
    limits = {"stall_after": "300s", "heartbeat_lost_after": f"{LOST_AFTER}s"}
    home.agent("works", WORKS, roles=["works"], **limits)
    home.agent("hangs", "import time\ntime.sleep(600)\n", roles=["hangs"], **limits)
    works = home.task("work", "--role", "works", "--profile", "works")
    hangs = home.task("hang", "--role", "hangs", "--profile", "hangs")
    running = home.start("run")
    try:
        seen = _seen(home, lambda rows: _quiet(rows, works, hangs))
        told = {key: home.run("task", "show", key).out for key in (works, hangs)}
        words = home.run("status").out
    finally:
        running.terminate()
        running.communicate(timeout=240)

    assert [seen[key]["alive"] for key in (works, hangs)] == [True, True]
    assert [seen[key]["finished"] for key in (works, hangs)] == [False, False]
    assert seen[works]["work_seconds"] < seen[works]["quiet_seconds"]
    assert seen[hangs]["work_seconds"] is None or not seen[hangs]["progressing"]
    assert "works without a word for" in told[works]
    assert "progressing: nothing for" in told[hangs]
    assert "works without a word for" in words
    assert home.show(works)["attempts"][0]["finished"] is True


def _quiet(rows: dict[str, dict[str, Any]], works: str, hangs: str) -> bool:
    """Tell whether both were silent for so long that only work is progress."""
    if not {works, hangs} <= rows.keys():
        return False
    if any((rows[key]["quiet_seconds"] or 0) <= LOST_AFTER for key in (works, hangs)):
        return False
    return rows[works]["progressing"] and rows[hangs]["alive"] and not rows[hangs]["progressing"]


def _seen(home: Home, enough: Any) -> dict[str, dict[str, Any]]:
    """Answer the rows of `status` by task, once they are as they should be."""
    deadline, rows = time.monotonic() + 300, {}
    while time.monotonic() < deadline:
        rows = {row["task"]: row for row in home.ask("status", "--json").json["running"]}
        if enough(rows):
            return rows
        Event().wait(0.5)
    raise AssertionError(rows)
