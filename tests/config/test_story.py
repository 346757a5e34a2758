"""The demo's story holds when its agents are run by hand: plain git, no container."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.config import load_fleet
from fleet.config.story import DEMO, lay_out, load_story
from fleet.domain.errors import ConfigError
from fleet.domain.task import Status

pytestmark = pytest.mark.slow

REGRESSIONS = {
    "tally.money": "show(-5) == '-0.05'",
    "tally.split": "sum(evenly(10, 3)) == 10",
    "tally.statement": "table([('A', 5), ('B', 1234)]) == 'A   0.05\\nB  12.34'",
}


class Bench:
    """A worktree in which agents are run one after the other."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.tree = folder / "tree"
        shutil.copytree(DEMO / "sample", self.tree)
        for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "Base"]):
            self.git(*arguments)

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=false"]
        command = ["git", *identity, *arguments]
        return subprocess.run(
            command, cwd=self.tree, check=True, capture_output=True, text=True
        ).stdout

    def agent(self, name: str, *messages: str, seconds: float = 20) -> int:
        packet, result = self.folder / "packet.json", self.folder / "result.json"
        told = [{"role": "user", "content": each} for each in messages]
        handoff = {"earlier": [{"diagnosis": each} for each in messages]}
        packet.write_text(json.dumps({"messages": told, "context": {"handoff": handoff}}))
        paths = {"FLEET_PACKET": str(packet), "FLEET_RESULT": str(result), "PATH": os.defpath}
        script = DEMO / "agents" / f"{name}.py"
        ended = subprocess.run(
            [sys.executable, script], cwd=self.tree, env=paths, check=False, timeout=seconds
        )
        assert ended.returncode or self.told().keys() & {"summary", "failure"}
        return ended.returncode

    def told(self):
        return json.loads((self.folder / "result.json").read_text())

    def check(self) -> tuple[int, str]:
        ended = subprocess.run(
            ["sh", "scripts/check.sh"], cwd=self.tree, capture_output=True, text=True, check=False
        )
        return ended.returncode, ended.stdout + ended.stderr

    def holds(self, module: str, expression: str) -> bool:
        code = f"from {module} import *; raise SystemExit(not ({expression}))"
        command = [sys.executable, "-B", "-c", code]
        return subprocess.run(command, cwd=self.tree, check=False).returncode == 0

    def changed(self) -> set[str]:
        return {line[3:] for line in self.git("status", "--short", "-uall").splitlines()}


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_the_sample_is_green_with_three_bugs_in_it(bench):
    assert bench.check()[0] == 0
    assert [bench.holds(*each) for each in REGRESSIONS.items()] == [False] * 3


def test_the_first_agent_is_right_at_once(bench):
    assert bench.agent("right") == 0
    assert bench.check()[0] == 0
    assert bench.holds("tally.money", REGRESSIONS["tally.money"])
    assert bench.changed() == {"tally/money.py", "tests/test_money.py"}


def test_the_second_agent_needs_the_diagnosis(bench):
    bench.agent("second")
    code, diagnosis = bench.check()
    assert code == 1

    bench.agent("second", "please try again")
    assert bench.check()[0] == 1

    bench.agent("second", diagnosis)
    assert bench.check()[0] == 0
    assert bench.holds("tally.split", REGRESSIONS["tally.split"])


def test_the_cheat_passes_its_own_check_and_touches_nothing_else(bench):
    bench.agent("cheat")
    assert bench.check()[0] == 0
    assert bench.changed() == {"scripts/check.sh"}
    assert not bench.holds("tally.statement", REGRESSIONS["tally.statement"])


def test_the_dependent_agent_needs_the_first_ones_merge(bench):
    assert bench.agent("next") == 1
    assert bench.changed() == set()

    bench.agent("right")
    assert bench.agent("next") == 0
    assert bench.check()[0] == 0


def test_the_hopeless_agent_changes_its_mind_and_stays_red(bench):
    bench.agent("hopeless")
    first = bench.git("diff")
    code, diagnosis = bench.check()
    assert code == 1

    bench.agent("hopeless", diagnosis)
    assert bench.check()[0] == 1
    assert bench.git("diff") != first


@pytest.mark.parametrize("order", [("right", "second", "next"), ("second", "right", "next")])
def test_what_is_merged_stays_green_together(bench, order):
    for name in order:
        bench.agent(name, "FAIL: test_shares_differ_by_at_most_a_cent")
        bench.git("add", ".")
        bench.git("commit", "-qm", name)
        assert bench.check()[0] == 0


@pytest.mark.parametrize("name", ["right", "next", "cheat", "hopeless", "second", "strong"])
def test_an_agent_run_twice_changes_nothing_more(bench, name):
    bench.agent("right")
    bench.agent(name)
    once = bench.git("diff") + str(bench.changed())
    bench.agent(name)
    assert bench.git("diff") + str(bench.changed()) == once


def test_who_takes_over_from_the_hanging_agent_finds_its_fix_and_adds_the_test(bench):
    with pytest.raises(subprocess.TimeoutExpired):
        bench.agent("hangs", seconds=3)
    assert bench.changed() == {"tally/money.py"}

    assert bench.agent("right") == 0
    assert bench.check()[0] == 0
    assert bench.holds("tally.money", REGRESSIONS["tally.money"])
    assert bench.changed() == {"tally/money.py", "tests/test_money.py"}


def test_the_limited_agent_is_refused_once_its_fix_is_written_and_then_adds_the_test(bench):
    bench.agent("limited")
    assert bench.told()["failure"]["kind"] == "rate_limit"
    assert bench.changed() == {"tally/statement.py"}

    bench.agent("limited")
    assert "failure" not in bench.told()
    assert bench.check()[0] == 0
    assert bench.holds("tally.statement", REGRESSIONS["tally.statement"])


def test_the_costly_agent_is_red_and_over_its_money_and_then_neither(bench):
    held = 0.5
    bench.agent("costly")
    assert bench.check()[0] == 1
    assert bench.told()["usage"]["cost_usd"] > held

    bench.agent("costly")
    assert bench.check()[0] == 0
    assert bench.told()["usage"]["cost_usd"] < held


def test_the_strong_agent_gets_right_what_the_hopeless_one_left(bench):
    bench.agent("hopeless")
    bench.agent("hopeless", "test_large_numbers_are_said is red")
    assert bench.check()[0] == 1

    bench.agent("strong", "test_large_numbers_are_said is red")
    assert bench.check()[0] == 0
    assert bench.changed() == {"tally/words.py", "tests/test_words.py"}


def test_the_story_expects_these_ends():
    tasks = {task.name: (task.profile, task.expected) for task in load_story().tasks}
    assert tasks == {
        "negative": ("demo-right", Status.DONE),
        "shares": ("demo-second", Status.DONE),
        "statement": ("demo-cheat", Status.WAITING),
        "brackets": ("demo-next", Status.DONE),
        "words": ("demo-hopeless", Status.FAILED),
    }


def test_every_task_of_the_swap_story_is_merged():
    assert {task.expected for task in load_story("swap").tasks} == {Status.DONE}


def test_what_a_story_says_of_accounts_and_swaps_stands_in_its_fleet_yaml(tmp_path):
    lay_out(load_story("swap"), tmp_path, image="fleet-agent:small")

    fleet = load_fleet(tmp_path)
    assert set(fleet.accounts) == {"alice", "bob", "dave", "carol"}
    assert (fleet.swap.critic_after, fleet.swap.critic_to) == (2, "demo-strong")


@pytest.mark.parametrize("name", ["night", "swap"])
def test_the_demos_home_loads_and_knows_every_profile_of_the_story(tmp_path, name):
    story = load_story(name)
    sample = lay_out(story, tmp_path, image="fleet-agent:small")

    fleet = load_fleet(tmp_path)
    assert fleet.projects[story.project].path == str(sample)
    assert fleet.projects[story.project].image == "fleet-agent:small"
    assert {task.profile for task in story.tasks} <= set(fleet.profiles)


def test_an_unknown_story_is_refused_with_the_nearest_name():
    with pytest.raises(ConfigError, match="did you mean 'night'"):
        load_story("nigth")
