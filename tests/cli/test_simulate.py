"""`fleet simulate`: tables or one document, the same for the same seed, and a code."""

import subprocess
from pathlib import Path

import pytest
import typer

from fleet.cli.simulate import judged
from tests.config.test_scenario import EXAMPLE, SMALL
from tests.e2e.fleets import FLEET, Done

# no attempt meets trouble; each of the dear one costs more than a dollar of a day's five
CALM = SMALL.replace("hang: 0.5", "hang: 0").replace("budget_usd: 2", "budget_usd: 9")
DEAR = CALM.replace("costs_usd: [0.1, 0.2]", "costs_usd: [1.5, 1.5]").replace(
    "count: 4", "count: 1"
)


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "night.yaml"
    path.write_text(CALM)
    return path


def simulate(path: Path, *words: str) -> Done:
    done = subprocess.run(
        [str(FLEET), "simulate", str(path), *words], check=False, capture_output=True, text=True
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.slow
def test_a_seed_gives_the_same_document_every_time_and_another_seed_another(small):
    first, again = simulate(small, "--json"), simulate(small, "--json")

    assert first.code == 0, first.err
    assert first.out == again.out
    assert first.json["seed"] == 1
    assert simulate(small, "--json", "--seed", "7").json["seed"] == 7


def test_the_document_tells_what_came_of_tasks_accounts_and_swaps(small):
    told = simulate(small, "--json").json

    assert told["tasks"] == {"merged": 4, "failed": 0, "open": 0, "total": 4}
    assert told["violations"] == []
    assert told["swaps"] == []
    (row,) = told["spend"]
    assert (row["account"], row["day"], row["daily_budget_usd"]) == ("alice", "2026-01-31", 5.0)
    assert told["running"][0]["hours"].keys() == {"Sat 22:00 CET", "Sat 23:00 CET"}


def test_people_are_shown_tables(small):
    small.write_text(DEAR)

    out = simulate(small).out

    assert out.splitlines()[0].startswith("0 of 1 tasks merged, 0 failed, 1 open; 4 attempts")
    assert "TRIGGER\tCAUSE\tCOUNT\nbudget\treservation\t3" in out
    assert "Attempts at once\nACCOUNT\tPARALLEL\tSAT 22:00 CET" in out


def test_a_mistake_in_the_file_is_an_expected_failure(small):
    small.write_text(CALM.replace("project: APP", "project: APQ"))

    done = simulate(small)

    assert (done.code, done.out) == (1, "")
    assert f"{small}:9: unknown project 'APQ'" in done.err


def test_a_broken_promise_is_named_and_leaves_with_one(capsys):
    with pytest.raises(typer.Exit) as left:
        judged(["app-1: ran twice"])

    assert left.value.exit_code == 1
    assert "broken promise: app-1: ran twice" in capsys.readouterr().err
    judged([])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_example_of_five_hundred_tasks_keeps_every_promise():
    done = simulate(EXAMPLE, "--json")

    assert done.code == 0, done.err
    told = done.json
    assert told["tasks"]["total"] == 500
    assert told["tasks"]["merged"] > 300
    assert {swap["trigger"] for swap in told["swaps"]} >= {"timeout", "error", "budget", "critic"}
