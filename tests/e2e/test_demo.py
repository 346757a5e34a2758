"""The demo's stories end as they say, on any machine with an engine."""

import json
import subprocess

import pytest

from tests.e2e.fleets import FLEET, Done

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(300)]

TWO_MINUTES = 120


def played(*words: str) -> Done:
    done = subprocess.run(
        [str(FLEET), "demo", *words], capture_output=True, text=True, check=False, timeout=280
    )
    return Done(done.returncode, done.stdout, done.stderr)


def test_four_swaps_in_one_run_lose_nothing_and_all_is_merged() -> None:
    done = played("--story", "swap", "--json")

    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert [task["status"] for task in told["tasks"]] == ["done"] * 4
    assert told["seconds"] < TWO_MINUTES
    kinds = {(swap["trigger"], swap["kind"]): swap for swap in told["swaps"]}
    assert set(kinds) == {
        ("timeout", "stalled"),
        ("error", "rate_limit"),
        ("critic", "red"),
        ("budget", "reservation"),
    }
    assert kinds["timeout", "stalled"]["to"].startswith("demo-right/")
    assert kinds["critic", "red"]["to"].startswith("demo-strong/")
    assert (kinds["error", "rate_limit"]["from"], kinds["budget", "reservation"]["from"]) == (
        "demo-limited/bob",
        "demo-costly/alice",
    )
    assert kinds["error", "rate_limit"]["to"] == "demo-limited/dave"
    assert kinds["budget", "reservation"]["to"] == "demo-costly/dave"
    assert all(swap["carried"].startswith("commit ") for swap in told["swaps"])


def test_the_receipts_are_the_last_that_a_person_is_shown() -> None:
    done = played("--story", "swap")

    assert done.code == 0, done.err
    table = done.out.rstrip().rpartition("\n\n")[2].splitlines()
    assert table[0].startswith("WHEN\tTASK\tFROM\tTO")
    assert len(table) == 5


def test_the_night_ends_as_its_story_says() -> None:
    done = played("--json")

    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert all(task["status"] == task["expected"] for task in told["tasks"])
    assert told["swaps"] == []
