"""Aider: how it is started, and what its plain words say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_agent.clis.aider import CLI
from fleet_agent.clis.model import Activity, BadSecretError, FailureKind, Finished, Trouble
from fleet_agent.clis.usage import Scope, Spent, Usage
from tests.agent.asking import an_ask, an_end, heard, kind_of_end, of


def asked(**changes):
    return CLI.invocation(an_ask("aider", **{"model": "openai/m", **changes}))


def test_a_success_is_heard_with_its_use():
    events = heard(CLI.parse, "aider_success.txt")

    assert of(Spent, events) == [Spent(Usage(845, 0, 19, turns=1), Scope.STEP)]
    assert of(Finished, events)
    assert kind_of_end(CLI, events) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("aider_401.txt", FailureKind.AUTH),
        ("aider_429.txt", FailureKind.RATE_LIMIT),
        ("aider_too_long.txt", FailureKind.CONTEXT_TOO_LONG),
        ("aider_no_model.txt", FailureKind.MODEL_NOT_FOUND),
    ],
)
def test_a_failure_has_its_kind_although_the_exit_code_is_0(name, kind):
    assert kind_of_end(CLI, heard(CLI.parse, name), exit_code=0) is kind


def test_an_error_after_an_answer_is_no_success():
    answer, error = heard(CLI.parse, "aider_success.txt"), heard(CLI.parse, "aider_429.txt")

    assert kind_of_end(CLI, answer + error) is FailureKind.RATE_LIMIT
    assert kind_of_end(CLI, error + answer) is None


def test_the_hint_when_to_try_again_is_passed_on():
    failure = CLI.classify(an_end(heard(CLI.parse, "aider_429.txt")))

    assert failure is not None
    assert failure.retry_after_seconds == 20


def test_what_it_says_beside_an_error_ends_no_trouble():
    events = heard(CLI.parse, "aider_429.txt")
    first = events.index(of(Trouble, events)[0])

    assert not of(Activity, events[first:])


@pytest.mark.parametrize(
    ("line", "usage"),
    [
        (
            b"Tokens: 2.5k sent, 19 received. Cost: $0.0026 message, $0.0126 session.",
            Usage(2500, 0, 19, turns=1, cost_micros=2600),
        ),
        (
            b"Tokens: 12k sent, 1.5k cache write, 10k cache hit, 1.1k received.",
            Usage(12_000, 10_000, 1100, turns=1),
        ),
        (b"Tokens: ., sent, .k received.", None),
    ],
)
def test_use_is_read_from_its_line(line, usage):
    spent = of(Spent, CLI.parse(line))

    assert [one.usage for one in spent] == ([usage] if usage else [])


def test_giving_up_on_its_own_corrections_is_a_limit():
    events = CLI.parse(b"Only 3 reflections allowed, stopping.")

    assert kind_of_end(CLI, (*events, Finished())) is FailureKind.LIMIT


def test_prompt_and_system_are_files():
    long = "word " * 60_000

    invocation = asked(prompt=long, system=long)

    assert invocation.files[".fleet/prompt"] == invocation.files[".fleet/system.md"] == long
    assert all(len(part) < 2000 for part in invocation.argv)
    assert "--read AGENTS.md" in " ".join(invocation.argv)


def test_it_never_commits_nor_asks_nor_calls_home():
    assert {
        "--no-auto-commits",
        "--no-dirty-commits",
        "--yes-always",
        "--analytics-disable",
        "--no-check-update",
        "--no-detect-urls",
        "--no-suggest-shell-commands",
    } <= set(asked().argv)


@pytest.mark.parametrize(
    ("model", "variable"),
    [
        ("openai/m", "OPENAI_API_KEY"),
        ("anthropic/m", "ANTHROPIC_API_KEY"),
        ("ollama_chat/m", "OLLAMA_API_KEY"),
        ("sonnet", "ANTHROPIC_API_KEY"),
        ("gpt-5", "OPENAI_API_KEY"),
        (None, "OPENAI_API_KEY"),
    ],
)
def test_the_key_goes_into_the_providers_variable_alone(model, variable):
    invocation = asked(model=model)

    assert invocation.environment[variable] == "sk-secret"
    assert "sk-secret" not in " ".join([*invocation.argv, *invocation.files.values()])


def test_the_address_is_told_so_that_no_file_of_the_repository_wins():
    gateway = asked(base_url="http://gateway/v1")

    assert "OPENAI_API_BASE=http://gateway/v1" in gateway.argv
    assert "OPENAI_API_BASE=https://api.openai.com/v1" in asked().argv


def test_without_the_right_to_edit_it_only_answers():
    assert "ask" in asked(withheld=frozenset({"edit"})).argv
    assert "ask" not in asked(withheld=frozenset({"shell"})).argv


def test_a_credential_that_does_not_fit_is_refused():
    with pytest.raises(BadSecretError):
        asked(secrets={"auth_file": "{}"})


@given(
    st.binary(max_size=200)
    | st.from_regex(rb"Tokens: [\d.,]{1,9}k? sent, [\d.,]{1,9}M? received\..{0,20}")
)
def test_no_line_makes_it_stumble(line):
    CLI.parse(line)
    CLI.parse(b"litellm.RateLimitError: " + line)
