"""Mini-swe-agent: how it is started, and what its trajectory says."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_agent.clis.mini import CLI
from fleet_agent.clis.model import BadSecretError, FailureKind, Finished, Said, Trouble
from fleet_agent.clis.usage import Scope, Spent, Usage
from tests.agent.asking import TRANSCRIPTS, an_ask, heard, kind_of_end, of


def asked(**changes):
    return CLI.invocation(an_ask("mini", **{"model": "openai/m", **changes}))


def config(**changes):
    return json.loads(asked(**changes).files[".fleet/mini.yaml"])


def told(name):
    return CLI.read((TRANSCRIPTS / name).read_bytes())


def changed(name, **info):
    document = json.loads((TRANSCRIPTS / name).read_text())
    document["info"] |= info
    return CLI.read(json.dumps(document).encode())


def test_a_success_is_told_with_its_words_and_use():
    events = told("mini_success.json")

    assert of(Spent, events) == [Spent(Usage(2003, 200, 40, turns=2), Scope.START)]
    assert of(Said, events) == [Said("wrote hello.txt\n")]
    assert of(Finished, events)
    assert kind_of_end(CLI, events) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mini_401.json", FailureKind.AUTH),
        ("mini_429.json", FailureKind.RATE_LIMIT),
        ("mini_limit.json", FailureKind.LIMIT),
    ],
)
def test_a_failure_has_its_kind_whatever_the_exit_code(name, kind):
    assert kind_of_end(CLI, told(name), exit_code=0) is kind
    assert kind_of_end(CLI, told(name), exit_code=1) is kind


def test_answers_that_cannot_be_understood_are_no_success():
    events = changed("mini_success.json", exit_status="RepeatedFormatError", submission="")

    assert kind_of_end(CLI, events) is FailureKind.CRASH


def test_what_was_used_is_known_although_it_was_ended_at_work():
    events = changed("mini_success.json", exit_status="", submission="")

    assert of(Spent, events)[0].usage.input_tokens == 2003
    assert kind_of_end(CLI, events, exit_code=-15) is FailureKind.CRASH


@pytest.mark.parametrize(
    ("cost", "kind"),
    [(3.01, FailureKind.BUDGET), (2.99, FailureKind.LIMIT), (0, FailureKind.LIMIT)],
)
def test_money_used_up_is_told_from_steps_used_up(cost, kind):
    stats = {"instance_cost": cost, "api_calls": 3}
    config = {"agent": {"cost_limit": 3.0, "step_limit": 3}}

    events = changed("mini_limit.json", model_stats=stats, config=config)

    assert kind_of_end(CLI, events, exit_code=0) is kind


def test_a_known_cost_is_told_and_none_is_unknown():
    stats = {"instance_cost": 0.0126, "api_calls": 2}

    events = changed("mini_success.json", model_stats=stats)

    assert of(Spent, events)[0].usage.cost_micros == 12_600
    assert of(Spent, told("mini_success.json"))[0].usage.cost_micros is None


def test_trying_again_is_overheard():
    (trouble,) = of(Trouble, heard(CLI.overhear, "mini_429.txt"))

    assert trouble.failure.kind is FailureKind.RATE_LIMIT
    assert trouble.failure.retry_after_seconds == 20
    assert not trouble.final


def test_task_and_limits_are_in_a_file_and_the_task_is_no_template():
    whole = config(prompt="{{ 7 * 7 }} " * 20_000, turns=9)

    assert whole["run"]["task"].endswith("{{ 7 * 7 }} ")
    assert "be brief" in whole["run"]["task"]
    assert "AGENTS.md" in whole["run"]["task"]
    assert whole["agent"]["step_limit"] == 9
    assert all(len(part) < 200 for part in asked().argv)


def test_no_file_of_the_worktree_is_its_configuration():
    assert asked().argv[1:3] == ("-c", "../config/mini.yaml")


def test_its_shell_is_started_without_the_key():
    invocation = asked()

    assert invocation.environment["OPENAI_API_KEY"] == "sk-secret"
    assert config()["environment"]["env"] == {"OPENAI_API_KEY": ""}
    assert "sk-secret" not in " ".join([*invocation.argv, *invocation.files.values()])


def test_it_can_hold_nothing_back():
    assert CLI.withholds == frozenset()


def test_a_credential_that_does_not_fit_is_refused():
    with pytest.raises(BadSecretError):
        asked(secrets={"bedrock": "{}"})


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
info = st.dictionaries(st.sampled_from(["exit_status", "submission", "model_stats"]), values)
messages = st.lists(st.dictionaries(st.sampled_from(["extra", "content"]), values), max_size=3)


@given(st.binary(max_size=200), st.fixed_dictionaries({"info": info, "messages": messages}))
def test_nothing_makes_it_stumble(line, document):
    CLI.parse(line)
    CLI.overhear(line)
    CLI.read(line)
    CLI.read(json.dumps(document).encode())
