"""Kilo: what it has in common with opencode, and what not."""

import json

import pytest

from fleet_agent.clis.kilo import CLI
from fleet_agent.clis.model import CATEGORIES, FailureKind, Finished, Session
from fleet_agent.clis.usage import Spent, Usage
from tests.agent.asking import an_ask, heard, kind_of_end, of


def asked(**changes):
    return CLI.invocation(an_ask("kilo", **{"model": "anthropic/sonnet", **changes}))


def test_a_success_is_heard_with_its_session_and_use():
    events = heard(CLI.parse, "kilo_success.jsonl")

    assert of(Session, events)
    assert of(Spent, events)[0].usage == Usage(1000, 100, 20, 1, 940)
    assert of(Finished, events)
    assert kind_of_end(CLI, events) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [("kilo_401.jsonl", FailureKind.AUTH), ("kilo_429.jsonl", FailureKind.RATE_LIMIT)],
)
def test_a_failure_has_its_kind(name, kind):
    assert kind_of_end(CLI, heard(CLI.parse, name), exit_code=1) is kind


def test_a_tool_that_is_not_offered_is_denied():
    error = "Model tried to call unavailable tool 'bash'. Available tools: glob."
    part = {"type": "tool", "tool": "bash", "state": {"status": "error", "error": error}}

    events = CLI.parse(json.dumps({"type": "tool_use", "part": part}).encode())

    assert kind_of_end(CLI, events) is FailureKind.REFUSED_TOOLS


def test_its_key_lies_in_its_own_file():
    invocation = asked(secrets={"api_key": "sk-secret"})

    login = json.loads(invocation.files[".local/share/kilo/auth.json"])
    assert login == {"anthropic": {"type": "api", "key": "sk-secret"}}
    assert "sk-secret" not in repr((invocation.argv, invocation.environment))
    assert "sk-secret" not in invocation.files[".config/kilo/kilo.json"]


def test_it_tells_its_maker_nothing_and_tries_again_once():
    environment = asked().environment

    assert environment["KILO_TELEMETRY_LEVEL"] == "off"
    assert environment["KILO_DISABLE_PROJECT_CONFIG"] == "1"
    assert environment["KILO_SESSION_RETRY_LIMIT"] == "1"


def test_its_own_tools_are_withheld_too():
    text = asked(withheld=frozenset(CATEGORIES)).files[".config/kilo/kilo.json"]

    assert {"bash", "background_process", "board_post"} <= set(json.loads(text)["permission"])
