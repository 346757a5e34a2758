"""The whole round of a review as its reviewer lives it: real git, real containers."""

import json
from typing import Any

import pytest

from tests.e2e.fleets import Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(300)]

OBEYS = """
import json, os, pathlib
packet = json.load(open(os.environ["FLEET_PACKET"]))
key, said = packet["task_id"], json.dumps(packet["messages"])
pathlib.Path(f"{key}.txt").write_text("LOUD" if "in capitals" in said else "quiet")
pathlib.Path(os.environ["FLEET_RESULT"]).write_text(json.dumps({"summary": "as you say"}))
"""


def page(home: Home, number: int) -> Any:
    return home.run("pr", "show", str(number), "--json").json


def main_of(home: Home) -> str:
    return git(home.repository, "rev-parse", "main")


def test_comments_reach_the_agent_and_what_it_makes_of_them_is_merged(home: Home) -> None:
    home.agent("obeys", OBEYS)
    key = home.task("say it", "--review", "required", "--accept", "check: green")
    assert home.run("run").code == 0

    home.run("pr", "comment", "1", "write it in capitals", "please")
    assert home.run("run").code == 0

    second = page(home, 2)
    assert git(home.repository, "show", f"{second['head']}:{key}.txt") == "LOUD"
    said = [text.rpartition(": ")[2] for text in second["earlier"][0]["comments"]]
    assert said == ["write it in capitals", "please"]
    assert (second["summary"], second["accept"][0]["shown"]) == ("as you say", True)
    assert [(v["where"], v["status"]) for v in second["verdicts"]] == [("alone", "passed")]
    assert home.run("pr", "approve", "2", "--sha", second["head"][:12]).code == 0
    done = home.run("run", "--json")
    assert (done.code, done.json["merged"]) == (0, 1), done.err
    assert page(home, 2)["merged_sha"] == main_of(home)
    assert git(home.repository, "show", f"main:{key}.txt") == "LOUD"


def test_a_merge_is_taken_back_by_a_verified_commit_through_the_same_queue(home: Home) -> None:
    home.agent("obeys", OBEYS)
    key = home.task("say it")
    before = git(home.repository, "rev-parse", "main^{tree}")
    assert home.run("run").code == 0
    merged = main_of(home)

    foreseen = home.run("pr", "revert", "1", "--dry-run", "--json").json
    assert main_of(home) == merged
    revert = home.run("pr", "revert", "1", "--yes").out.strip()
    done = home.run("run", "--json")

    assert (foreseen["clean"], foreseen["files"]) == (True, [f"{key}.txt"])
    assert (done.code, done.json["merged"]) == (0, 1), done.err
    assert git(home.repository, "rev-parse", "main^{tree}") == before
    assert git(home.repository, "rev-parse", "main^1") == merged
    assert home.show(revert)["status"] == "done"
    assert {v["status"] for v in page(home, 2)["verdicts"]} == {"passed"}
    assert (page(home, 1)["reverted_by"], page(home, 2)["reverts"]) == (2, 1)
    assert home.run("pr", "revert", "1", "--yes").code == 1
    assert git(home.repository, "branch", "--list", "fleet/*") == ""
    assert home.containers() == []


def test_a_commit_after_the_approval_voids_it(home: Home) -> None:
    home.agent("obeys", OBEYS)
    home.task("say it", "--review", "required")
    assert home.run("run").code == 0
    verified = page(home, 1)["head"]
    assert home.run("pr", "approve", "1").code == 0
    words = ("-p", verified, "-m", "sneaked in")
    moved = git(home.repository, "commit-tree", f"{verified}^{{tree}}", *words)
    git(home.repository, "update-ref", "refs/heads/fleet/app-1", moved)
    before = main_of(home)

    home.run("run")

    voided = page(home, 1)
    assert main_of(home) == before
    assert (voided["status"], voided["reviewers"]) == ("open", [])
    assert f"moved to {moved[:12]}, but {verified[:12]} was verified" in voided["waits"]
    refused = home.run("pr", "approve", "1")
    assert (refused.code, f"update-ref refs/heads/fleet/app-1 {verified}" in refused.err) == (
        1,
        True,
    )
    git(home.repository, "update-ref", "refs/heads/fleet/app-1", verified)
    assert home.run("pr", "approve", "1").code == 0
    assert home.run("run").code == 0
    assert git(home.repository, "rev-parse", "main^2") == verified


def test_a_reviewer_is_left_with_no_more_than_the_limit(home: Home) -> None:
    fleet = json.loads((home.folder / "fleet.yaml").read_text())
    home.configure(projects=[{**fleet["projects"][0], "in_review_limit": 1, "review": "required"}])
    home.agent("obeys", OBEYS)
    first, second = home.task("one"), home.task("two")

    done = home.run("run", "--parallel", "1", "--json")

    said = "1 pull request waits for your review in APP (in_review_limit: 1)"
    reasons = {task["key"]: (task["status"], task["reason"]) for task in done.json["tasks"]}
    assert reasons[second] == ("ready", said)
    assert reasons[first][0] == "review"
    assert home.show(second)["reason"] == said
    (asked,) = home.run("pool", "status", "--explain", second, "--json").json["tasks"]
    assert asked["reason"] == said
    assert home.run("pr", "merge", "1", "--yes").code == 0
    home.run("run")
    assert home.show(second)["status"] == "review"
