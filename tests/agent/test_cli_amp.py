"""Amp: how it is started, and what its lines say; their form is the one it documents."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_agent.clis.amp import CLI
from fleet_agent.clis.model import BadSecretError, Denied, FailureKind, Finished, Said
from fleet_agent.clis.usage import Scope, Spent, Usage
from tests.agent.asking import an_ask, heard, kind_of_end, of


def asked(**changes):
    return CLI.invocation(an_ask("amp", **{"model": "high", **changes}))


def test_a_success_is_heard_with_its_words_and_use():
    events = heard(CLI.parse, "amp_success.jsonl")

    assert of(Spent, events) == [
        Spent(Usage(1100, 100, 20, turns=1), Scope.STEP),
        Spent(Usage(1200, 1100, 9, turns=1), Scope.STEP),
    ]
    assert of(Said, events)[-1] == Said("Done.")
    assert of(Finished, events)
    assert kind_of_end(CLI, events) is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("401 Unauthorized", FailureKind.AUTH),
        ("Insufficient credits", FailureKind.BILLING),
        ("", FailureKind.CRASH),
    ],
)
def test_a_failure_has_its_kind(error, kind):
    line = {"type": "result", "subtype": "error_during_execution", "is_error": True, "error": error}

    events = CLI.parse(json.dumps(line).encode())

    assert kind_of_end(CLI, events, exit_code=0) is kind


def test_a_refused_tool_is_no_success():
    line = {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "permission_denials": ["Bash"],
    }

    events = CLI.parse(json.dumps(line).encode())

    assert of(Denied, events) == [Denied("Bash", "other")]
    assert kind_of_end(CLI, events) is FailureKind.REFUSED_TOOLS


def test_an_end_without_a_result_is_no_success():
    assert kind_of_end(CLI) is FailureKind.CRASH


@pytest.mark.parametrize("secrets", [{}, {"environment": "{}"}, {"oauth_token": "x"}])
def test_without_a_key_it_would_wait_for_a_login_and_is_refused(secrets):
    with pytest.raises(BadSecretError):
        asked(secrets=secrets)


def test_prompt_and_system_come_by_standard_input():
    long = "word " * 60_000

    invocation = asked(prompt=long)

    assert invocation.files[".fleet/prompt"] == f"be brief\n\n{long}"
    assert all(len(part) < 2000 for part in invocation.argv)
    assert invocation.argv[-2:] == ("-m", "high")


def test_the_key_is_in_the_environment_alone():
    invocation = asked(base_url="http://gateway")

    assert invocation.environment["AMP_API_KEY"] == "sk-secret"
    assert invocation.environment["AMP_URL"] == "http://gateway"
    assert "sk-secret" not in " ".join([*invocation.argv, *invocation.files.values()])


def test_it_can_hold_nothing_back():
    assert CLI.withholds == frozenset()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
keys = st.sampled_from(["subtype", "message", "error", "result", "permission_denials", "is_error"])


@given(
    st.binary(max_size=200),
    st.sampled_from(["system", "assistant", "result"]),
    st.dictionaries(keys, values),
)
def test_no_line_makes_it_stumble(line, name, told):
    CLI.parse(line)
    CLI.parse(json.dumps({"type": name, **told}).encode())
