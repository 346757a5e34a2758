"""Qwen Code: how it is started, and what is understood of its lines and its log."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_agent.clis.model import (
    BadSecretError,
    Denied,
    FailureKind,
    Finished,
    Said,
    Session,
    Trouble,
)
from fleet_agent.clis.qwen import CLI
from fleet_agent.clis.usage import Spent, Usage
from tests.agent.asking import an_ask, heard, kind_of_end, of


def asked(**changes):
    return CLI.invocation(an_ask("qwen", **changes))


def settings(**changes):
    return json.loads(asked(**changes).files[".qwen/fleet.json"])


def judged(name, **end):
    return kind_of_end(CLI, heard(CLI.parse, name), **end)


def test_a_success_is_heard_with_its_session_words_and_use():
    events = heard(CLI.parse, "qwen_success.jsonl")

    assert of(Session, events)[0].id.count("-") == 4
    assert of(Said, events)[-1].text == "Done: wrote hello.txt."
    assert of(Finished, events)
    steps = [spent.usage for spent in of(Spent, events)]
    assert steps == [Usage(1000 + number, 100, 20, turns=1) for number in (1, 2, 3)]
    assert kind_of_end(CLI, events) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("qwen_401.jsonl", FailureKind.AUTH),
        ("qwen_no_model.jsonl", FailureKind.MODEL_NOT_FOUND),
        ("qwen_too_long.jsonl", FailureKind.CONTEXT_TOO_LONG),
        ("qwen_truncated.jsonl", FailureKind.NETWORK),
        ("qwen_denied.jsonl", FailureKind.REFUSED_TOOLS),
    ],
)
def test_a_failure_has_its_kind_whatever_the_exit_code(name, kind):
    assert judged(name, exit_code=0) is kind
    assert judged(name, exit_code=1) is kind


def test_a_denied_tool_is_told_with_its_category():
    denied = of(Denied, heard(CLI.parse, "qwen_denied.jsonl"))

    assert set(denied) == {Denied("run_shell_command", "shell")}


def test_a_silent_wait_is_read_from_its_log():
    troubles = of(Trouble, heard(CLI.parse, "qwen_wait.log"))

    assert [trouble.failure.kind for trouble in troubles] == [FailureKind.RATE_LIMIT] * 2
    assert troubles[-1].failure.retry_after_seconds == 3600
    assert not any(trouble.final for trouble in troubles)


def test_the_rest_of_its_log_clears_no_trouble():
    events = heard(CLI.parse, "qwen_wait.log")

    assert events == tuple(of(Trouble, events))


def test_an_answer_cut_off_is_trouble_at_the_first_try():
    assert not of(Trouble, heard(CLI.parse, "qwen_truncated.jsonl"))[0].final


def test_used_up_turns_are_told_on_standard_error_alone():
    events = CLI.overhear(b"Reached max session turns for this session. Increase the number")

    assert kind_of_end(CLI, events, exit_code=53) is FailureKind.LIMIT


def test_an_end_without_a_result_is_no_success():
    assert kind_of_end(CLI) is FailureKind.CRASH


def test_prompt_system_and_session_are_passed_without_limit_of_length():
    long = "word " * 60_000

    invocation = asked(prompt=long, system=long, session="s-1", turns=7)

    assert invocation.files[".fleet/prompt"] == invocation.files[".qwen/QWEN.md"] == long
    assert all(len(part) < 2000 for part in invocation.argv)
    assert invocation.argv[-2:] == ("--resume", "s-1")
    assert "--max-session-turns 7" in " ".join(invocation.argv)


def test_the_key_is_in_the_environment_alone():
    invocation = asked()

    assert invocation.environment["OPENAI_API_KEY"] == "sk-secret"
    assert "sk-secret" not in " ".join([*invocation.argv, *invocation.files.values()])


def test_the_address_is_always_ours():
    passed = {"api_key": "k", "environment": '{"OPENAI_BASE_URL": "http://passed", "X": "1"}'}

    assert asked().environment["OPENAI_BASE_URL"] == "https://api.openai.com/v1"
    assert asked(secrets=passed).environment["OPENAI_BASE_URL"] == "http://passed"
    assert asked(secrets=passed).environment["X"] == "1"
    gateway = asked(secrets=passed, base_url="http://gateway").environment
    assert gateway["OPENAI_BASE_URL"] == "http://gateway"


@pytest.mark.parametrize("secrets", [{"oauth_token": "x"}, {"api_key": "a\nb"}, {"api_key": " "}])
def test_a_credential_that_does_not_fit_is_refused(secrets):
    with pytest.raises(BadSecretError):
        asked(secrets=secrets)


def test_withheld_categories_become_denied_tools():
    denied = settings(withheld=frozenset({"shell", "web"}))["permissions"]["deny"]

    assert {"run_shell_command", "web_fetch"} <= set(denied)
    assert "edit" not in denied


def test_its_own_agents_are_off_unless_allowed():
    assert "agent" in settings()["permissions"]["deny"]
    assert "agent" not in settings(teams=True)["permissions"]["deny"]
    withheld = settings(teams=True, withheld=frozenset({"agents"}))
    assert "agent" in withheld["permissions"]["deny"]


def test_the_runners_tools_are_declared_at_once():
    server = settings()["mcpServers"]["fleet"]

    assert (server["command"], server["args"]) == ("fleet-agent", ["mcp"])
    assert server["alwaysLoadTools"]
    assert server["env"] == {"FLEET_PACKET": "/tmp/p.json", "FLEET_SOCKET": "/tmp/s"}


@given(st.binary(max_size=300))
def test_no_line_makes_it_stumble(line):
    CLI.parse(line)
    CLI.overhear(line)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
keys = st.sampled_from(
    ["subtype", "message", "data", "error", "usage", "result", "permission_denials", "is_error"]
)


@given(st.sampled_from(["system", "assistant", "user", "result"]), st.dictionaries(keys, values))
def test_no_value_makes_it_stumble(name, told):
    CLI.parse(json.dumps({"type": name, **told}).encode())


def test_a_wait_told_in_its_log_is_passed_on_at_once():
    line = b"2026-11-21T08:25:20.774Z [ERROR] [OPENAI_ERROR] OpenAI API Error: 429 Slow down. "

    (trouble,) = of(Trouble, CLI.parse(line + b"Please try again in 20s. {"))

    assert trouble.failure.retry_after_seconds == 20
