"""A night fails twice alike; what a reflection proposes waits for a person, then binds the next."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.fleets import Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(300)]

PROFILE = Path(__file__).parents[2] / "profiles" / "rules-evaluator.yaml"
RULE = "Leave no file red.txt behind."
CONSTITUTION = "memory/constitution.md"
# red until the constitution forbids it; it asks for the rule itself
LEARNS = f"""
import json, os, pathlib, subprocess
context = json.load(open(os.environ["FLEET_PACKET"]))["context"]
told = context["constitution"]
pathlib.Path(f"seen-{{context['branch'][-1]}}.txt").write_text(told or "nothing")
if {RULE!r} not in told:
    pathlib.Path("red.txt").write_text("x")
    subprocess.run(["fleet-agent", "report", "constitution", {RULE!r}], check=True)
    why = ["fleet-agent", "report", "decision", "a file", "--reason", "no database here"]
    subprocess.run(why, check=True)
"""


def traced(home: Home, key: str, kind: str) -> list[dict[str, Any]]:
    (trace,) = (home.folder / "traces").glob(f"{key.lower()}-1-*.jsonl")
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    return [line for line in lines if line["kind"] == kind]


def failed_twice(home: Home) -> list[str]:
    """Let two tasks fail alike; answer their keys."""
    home.agent("learns", LEARNS)
    shutil.copy(PROFILE, home.folder / "profiles")
    home.configure(memory={"project": "APP"})
    keys = [home.task(f"write {name}", "--max-retries", "0") for name in ("one", "two")]
    home.run("run")
    assert [home.show(key)["status"] for key in keys] == ["failed", "failed"]
    return keys


def reflected(home: Home, *words: str) -> Any:
    return home.run("memory", "reflect", "--since", "1d", "--json", *words).json


def proposed(home: Home, key: str) -> tuple[int, str]:
    """Answer the number of a task's pull request, and the constitution that it proposes."""
    (pull,) = home.show(key)["pulls"]
    page = home.run("pr", "show", str(pull["number"]), "--json").json
    return pull["number"], git(home.repository, "show", f"{page['head']}:{CONSTITUTION}")


def test_what_an_agent_left_stands_in_its_trace_and_is_shown(home: Home) -> None:
    first, _ = failed_twice(home)

    (left,) = traced(home, first, "reflection")
    shown = home.run("task", "show", first).out
    assert left["for_constitution"] == [RULE]
    assert f"for the constitution: {RULE}" in shown
    assert "decided: a file, because no database here" in shown


def test_what_two_failures_teach_is_reviewed_and_then_binds_the_next_attempt(home: Home) -> None:
    failed = failed_twice(home)

    foreseen, asked, again = reflected(home, "--dry-run"), reflected(home), reflected(home)
    done = home.run("run", "--json")

    assert {each["kind"] for each in foreseen["noticed"]} == {"failure", "note", "decision"}
    assert (foreseen["key"], again["key"], again["made"]) == (None, asked["key"], False)
    # the project lets through what is green, but not this
    assert (done.json["merged"], home.show(asked["key"])["status"]) == (0, "review")
    number, rules = proposed(home, asked["key"])
    assert f"- {RULE} [" in rules
    assert f"[{', '.join(failed)}]" in rules
    assert "- a file, because no database here [" in rules

    assert home.run("pr", "merge", str(number), "--yes").code == 0
    third = home.task("write three")
    assert home.run("run", "--json").json["merged"] == 1
    assert git(home.repository, "show", f"main:seen-{third[-1]}.txt") == rules
    (told,) = traced(home, third, "asked")
    assert told["packet"]["context"]["constitution"] == rules


def test_a_reflection_without_a_place_for_it_says_what_to_do(home: Home) -> None:
    refused = home.run("memory", "reflect")

    assert refused.code == 1
    assert "name one under memory: project: in fleet.yaml" in refused.err


def test_a_night_without_trouble_makes_no_task(home: Home) -> None:
    home.configure(memory={"project": "APP"})
    shutil.copy(PROFILE, home.folder / "profiles")

    done = home.run("memory", "reflect")

    assert (done.code, home.run("task", "list", "--json").json) == (0, [])
    assert "nothing recurred in the last 7d" in done.out
