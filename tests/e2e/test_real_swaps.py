"""Real CLIs take over from each other: a limit with its reset, a quota, and who is left works."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from fleet.adapters.system import SystemClock
from tests.e2e.fleets import Home, git
from tests.matrix.stage import IMAGE, KEY
from tests.matrix.subjects import SUBJECTS, Subject
from tests.model_server.plays import GREETING
from tests.model_server.running import Models, model_server
from tests.model_server.troubles import Refusal
from tests.model_server.wires.anthropic import QUOTA_SECONDS

pytestmark = [pytest.mark.agents, pytest.mark.e2e, pytest.mark.timeout(500)]

CLAUDE, CODEX, GEMINI = (each for each in SUBJECTS if each.name in {"claude", "codex", "gemini"})
PRICE = {"input": 1, "cached_input": 0.1, "output": 2}


@pytest.fixture
def models() -> Iterator[Models]:
    """A scripted model server on a network of this test alone."""
    with model_server() as running:
        yield running


@pytest.fixture
def home(home: Home, models: Models, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The home of every end-to-end test, in the image with all CLIs, on that network."""
    monkeypatch.setenv("SCRIPTED_KEY", KEY)
    path = home.folder / "fleet.yaml"
    fleet = json.loads(path.read_text())
    fleet["projects"][0]["image"] = IMAGE
    path.write_text(json.dumps(fleet))
    home.configure(networks=[models.network])
    return home


def account(subject: Subject, models: Models, case: str, **keys: Any) -> dict[str, Any]:
    """Answer an account whose vendor plays the case."""
    return {
        "name": f"nobody-{subject.name}",
        "owner": "nobody",
        "agent": subject.name,
        "credential": {"env": "SCRIPTED_KEY", "kind": "api_key"},
        "base_url": models.url(case) + subject.root,
        **keys,
    }


def profile(home: Home, subject: Subject, models: Models, **keys: Any) -> None:
    """Write a profile of the CLI on the scripted server's network."""
    told = {
        "name": f"{subject.name}-developer",
        "agent": subject.name,
        "model": subject.model,
        "roles": ["developer"],
        "network": models.network,
        "max_cost_usd": 1,
        "price": PRICE,
        "limits": {"cpus": 2, "memory": "2g", "pids": 512},
        **keys,
    }
    (home.folder / "profiles" / f"{told['name']}.yaml").write_text(json.dumps(told))


def test_a_limit_with_its_reset_swaps_claude_for_codex_and_another_codex_for_gemini(
    home: Home, models: Models
) -> None:
    home.configure(
        accounts=[
            account(
                CLAUDE,
                models,
                Refusal.QUOTA,
                credential={"env": "SCRIPTED_KEY", "kind": "oauth_token"},
            ),
            account(CODEX, models, Refusal.RATE_LONG),
            account(GEMINI, models, "deeds"),
        ],
    )
    profile(home, CLAUDE, models, fallback=["codex-developer", "gemini-developer"])
    profile(home, CODEX, models)
    profile(home, GEMINI, models)
    key = home.task("write a greeting", "--profile", "claude-developer")

    began = SystemClock().now()
    done = home.run("run", "--json", timeout=400)

    assert (done.code, done.json["merged"]) == (0, 1), (done.err, home.show(key))
    attempts = home.show(key)["attempts"]
    assert [a["profile"] for a in attempts] == [
        "claude-developer",
        "codex-developer",
        "gemini-developer",
    ]
    assert [a["swap"] and a["swap"]["kind"] for a in attempts] == ["quota", "rate_limit", None]
    assert git(home.repository, "show", "main:greeting.txt") == GREETING.strip()
    pool = pool_of(home)
    until = datetime.fromisoformat(pool["nobody-claude"]["until"])
    told = timedelta(seconds=QUOTA_SECONDS)
    assert told - timedelta(minutes=2) < until - began < told + timedelta(minutes=2)
    assert pool["nobody-codex"]["state"] in {"cooling", "blocked"}
    assert pool["nobody-gemini"]["state"] == "ready"


def test_codex_is_stopped_in_mid_run_when_it_told_of_all_its_money(
    home: Home, models: Models
) -> None:
    home.configure(
        accounts=[
            account(CODEX, models, "endless", daily_budget_usd=0.02, hard_limit=True),
            account(GEMINI, models, "deeds"),
        ],
    )
    profile(home, CODEX, models, max_cost_usd=0.01, fallback=["gemini-developer"])
    profile(home, GEMINI, models)
    key = home.task("write a greeting", "--profile", "codex-developer")

    done = home.run("run", "--json", timeout=400)

    assert (done.code, done.json["merged"]) == (0, 1), (done.err, home.show(key))
    first, *_, last = home.show(key)["attempts"]
    assert (first["swap"]["trigger"], last["profile"]) == ("budget", "gemini-developer")
    # its half-done work went along
    assert "dates.txt" in git(home.repository, "ls-tree", "--name-only", "main").split()


def test_an_agent_that_repeats_itself_is_swapped_as_looping(home: Home, models: Models) -> None:
    home.configure(
        accounts=[account(CLAUDE, models, "looping"), account(GEMINI, models, "deeds")],
    )
    profile(home, CLAUDE, models, fallback=["gemini-developer"])
    profile(home, GEMINI, models)
    key = home.task("write a greeting", "--profile", "claude-developer")

    done = home.run("run", "--json", timeout=400)

    assert (done.code, done.json["merged"]) == (0, 1), (done.err, home.show(key))
    first, last = home.show(key)["attempts"]
    assert (first["swap"]["trigger"], first["swap"]["kind"]) == ("timeout", "looping")
    assert last["profile"] == "gemini-developer"


def test_a_refused_key_blocks_its_account_until_a_human_opens_it(
    home: Home, models: Models
) -> None:
    home.configure(
        accounts=[account(CLAUDE, models, Refusal.UNAUTHORIZED), account(GEMINI, models, "deeds")],
    )
    profile(home, CLAUDE, models, fallback=["gemini-developer"])
    profile(home, GEMINI, models)
    key = home.task("write a greeting", "--profile", "claude-developer")

    done = home.run("run", "--json", timeout=400)

    assert (done.code, done.json["merged"]) == (0, 1), (done.err, home.show(key))
    assert home.show(key)["attempts"][0]["swap"]["kind"] == "auth"
    blocked = pool_of(home)["nobody-claude"]
    assert (blocked["state"], blocked["until"]) == ("blocked", None)
    assert "fleet pool open nobody-claude" in blocked["reason"]
    assert home.run("pool", "open", "nobody-claude", "--yes").code == 0
    assert pool_of(home)["nobody-claude"]["state"] == "ready"


def pool_of(home: Home) -> dict[str, Any]:
    """Answer `pool status` by account."""
    return {row["account"]: row for row in home.run("pool", "status", "--json").json}
