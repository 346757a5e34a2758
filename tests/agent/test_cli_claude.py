"""Claude Code: how it is started, and what is understood of its lines."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_agent.clis.claude import CLI
from fleet_agent.clis.model import (
    CATEGORIES,
    BadSecretError,
    Denied,
    FailureKind,
    Finished,
    Said,
    Session,
    Trouble,
)
from fleet_agent.clis.usage import Scope, Spent, Usage
from fleet_agent.files import write_below
from tests.agent.asking import an_ask, an_end, heard, kind_of_end, of

KEY = "sk-of-nobody"
LOGIN = json.dumps({"claudeAiOauth": {"accessToken": KEY, "refreshToken": "r"}})


def asked(**changes):
    return CLI.invocation(an_ask("claude", **({"secrets": {"api_key": KEY}} | changes)))


def after(flag, argv):
    return argv[argv.index(flag) + 1]


def asks_for(invocation):
    return json.loads(after("--settings", invocation.argv))["permissions"]["ask"]


def removed(invocation):
    argv = invocation.argv
    start = argv.index("--disallowedTools") + 1
    ends = [at for at in range(start, len(argv)) if argv[at].startswith("--")]
    return argv[start : ends[0] if ends else None]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("tool", None),
        ("mcp", None),
        ("warned", None),
        ("401", FailureKind.AUTH),
        ("403", FailureKind.AUTH),
        ("429", FailureKind.RATE_LIMIT),
        ("500", FailureKind.OVERLOADED),
        ("529", FailureKind.OVERLOADED),
        ("usage_limit", FailureKind.QUOTA),
        ("credit", FailureKind.BILLING),
        ("context", FailureKind.CONTEXT_TOO_LONG),
        ("no_model", FailureKind.MODEL_NOT_FOUND),
        ("refused", FailureKind.NETWORK),
        ("garbage", FailureKind.NETWORK),
        ("max_turns", FailureKind.LIMIT),
        ("max_budget", FailureKind.BUDGET),
        ("interrupted", FailureKind.CRASH),
        ("denied", FailureKind.REFUSED_TOOLS),
    ],
)
def test_a_recorded_end_has_its_kind_whatever_the_exit_code(name, kind):
    events = heard(CLI.parse, f"claude_{name}.jsonl")

    assert kind_of_end(CLI, events, exit_code=0) is kind
    if kind is not None:
        assert kind_of_end(CLI, events, exit_code=1) is kind


def test_a_success_is_heard_with_its_session_words_and_use():
    events = heard(CLI.parse, "claude_tool.jsonl")

    assert of(Session, events)[0].id.count("-") == 4
    assert of(Said, events)[-1].text == "All done."
    assert of(Finished, events)
    assert of(Spent, events)[-1] == Spent(Usage(4500, 900, 150, 3, 22950), Scope.START)


def test_every_call_is_counted_while_it_works():
    steps = [
        one for one in of(Spent, heard(CLI.parse, "claude_denied.jsonl")) if one.scope == "step"
    ]

    assert sum(one.usage.input_tokens for one in steps) == 2000
    assert sum(one.usage.output_tokens for one in steps) == 100
    assert sum(one.usage.turns for one in steps) == 2


def test_what_a_model_of_others_costs_is_unknown():
    line = {"type": "result", "modelUsage": {"own-model": {"inputTokens": 7}}, "total_cost_usd": 9}

    spent = of(Spent, CLI.parse(json.dumps(line).encode()))

    assert [one.usage for one in spent] == [Usage(input_tokens=7)]


def test_a_denial_is_heard_at_once_and_at_the_end():
    denied = of(Denied, heard(CLI.parse, "claude_denied.jsonl"))

    assert denied == [Denied("Bash", "shell")] * 2


def test_a_retry_is_trouble_that_may_pass():
    troubles = of(Trouble, heard(CLI.parse, "claude_529.jsonl"))

    assert [one.final for one in troubles] == [False] * (len(troubles) - 1) + [True]
    assert troubles[0].failure.kind is FailureKind.OVERLOADED
    assert troubles[0].failure.retry_after_seconds == pytest.approx(0.608, abs=0.001)


def test_the_reset_of_a_limit_is_told_to_the_second():
    failure = CLI.classify(an_end(heard(CLI.parse, "claude_usage_limit.jsonl"), exit_code=1))

    assert failure
    assert failure.retry_after_seconds == 20 * 3600 - 180


@pytest.mark.parametrize(
    ("at", "seconds"),
    [
        (datetime(2026, 11, 21, 3, 0, tzinfo=UTC), 57 * 60 + 25),  # the event's own epoch
        (datetime(2026, 11, 21, 3, 57, 10, tzinfo=UTC), 50),  # not a day: it is that very minute
    ],
)
def test_a_reset_that_is_near_is_waited_for_and_no_longer(at, seconds):
    end = an_end(heard(CLI.parse, "claude_usage_limit.jsonl"), exit_code=1)

    failure = CLI.classify(replace(end, at=at))

    assert failure
    assert failure.kind is FailureKind.QUOTA
    assert failure.retry_after_seconds == seconds


def test_nothing_secret_or_long_is_in_the_argv():
    prompt = "x" * 300_000
    invocation = asked(prompt=prompt, system=prompt)

    assert KEY not in repr((invocation.argv, invocation.environment))
    assert max(map(len, invocation.argv)) < 2000
    assert prompt in invocation.files.values()


@pytest.mark.parametrize("kind", ["api_key", "oauth_token"])
def test_a_key_comes_by_a_pipe_that_can_be_read_once(tmp_path, kind):
    ask = an_ask("claude", home=tmp_path, secrets={kind: f"{KEY}\n"}, prompt="what to do")
    invocation = CLI.invocation(ask)
    for path, text in invocation.files.items():
        write_below(tmp_path, path, text)
    tells = "import os,sys; print(os.read(3, 99), os.read(3, 99), sys.stdin.read(), sys.argv[-1])"
    start = invocation.argv[: invocation.argv.index("claude")]

    told = subprocess.run(
        [*start, sys.executable, "-c", tells, "an argument"],
        env={"PATH": "/usr/bin:/bin", **invocation.environment},
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.split("\n")[0] == f"b'{KEY}\\n' b'' what to do an argument"
    assert KEY not in "".join(file.read_text() for file in tmp_path.rglob("*") if file.is_file())
    assert "3" in [
        invocation.environment[name] for name in invocation.environment if "DESC" in name
    ]


def test_what_is_asked_for_is_in_the_argv():
    argv = asked(model="sonnet", turns=7, session="an-id").argv

    assert after("--model", argv) == "sonnet"
    assert after("--max-turns", argv) == "7"
    assert after("--resume", argv) == "an-id"
    assert "--model" not in asked(model=None).argv


def test_its_own_agents_are_removed_unless_the_profile_allows_them():
    assert {"Agent", "Task"} <= set(removed(asked()))
    assert not {"Agent", "Task"} & set(removed(asked(teams=True)))


def test_withheld_tools_stay_visible_and_have_to_be_asked_for():
    assert asks_for(asked()) == []
    assert "Bash" in asks_for(asked(withheld=frozenset({"shell"})))
    everything = asks_for(asked(withheld=frozenset(CATEGORIES)))
    assert {"Edit", "Write", "Bash", "WebFetch", "Agent"} <= set(everything)


def test_the_projects_rules_are_read_and_its_settings_are_not():
    invocation = asked()

    assert "@/workspace/AGENTS.md" in invocation.files[".claude/CLAUDE.md"]
    assert after("--setting-sources", invocation.argv) == "user"


def test_the_runners_tools_are_the_only_server():
    invocation = asked()
    servers = json.loads(invocation.files[".fleet/mcp.json"])["mcpServers"]

    assert "--strict-mcp-config" in invocation.argv
    assert list(servers) == ["fleet"]
    assert servers["fleet"]["env"]["FLEET_SOCKET"] == "/tmp/s"


def test_an_auth_file_lies_where_it_is_looked_for():
    assert asked(secrets={"auth_file": LOGIN}).files[".claude/.credentials.json"] == LOGIN


def test_a_cloud_is_chosen_by_its_variables_and_its_gateway():
    account = json.dumps({"type": "service_account"})
    given_ = json.dumps({"CLOUD_ML_REGION": "r", "GOOGLE_APPLICATION_CREDENTIALS": account})
    invocation = asked(secrets={"vertex": given_}, base_url="http://gateway")

    environment = invocation.environment
    assert environment["CLAUDE_CODE_USE_VERTEX"] == "1"
    assert environment["ANTHROPIC_VERTEX_BASE_URL"] == "http://gateway"
    path = environment["GOOGLE_APPLICATION_CREDENTIALS"]
    assert invocation.files[path.removeprefix("/home/agent/")] == account


def test_the_accounts_own_variables_are_passed_on():
    environment = asked(secrets={"api_key": KEY, "environment": '{"REGION": "eu"}'}).environment

    assert environment["REGION"] == "eu"


@pytest.mark.parametrize(
    "secrets",
    [
        {"api_key": ""},
        {"api_key": "two\nlines"},
        {"api_key": "caf\u00e9"},
        {"api_key": KEY, "oauth_token": KEY},
        {"password": KEY},
        {"auth_file": "{"},
        {"auth_file": "[]"},
        {"auth_file": '{"claudeAiOauth": {}}'},
        {"bedrock": '{"A B": "x"}'},
        {"bedrock": '{"AWS_REGION": 7}'},
        {"environment": '{"FLEET_SOCKET": "/elsewhere"}'},
    ],
)
def test_a_credential_that_cannot_be_right_is_refused_without_repeating_it(secrets):
    with pytest.raises(BadSecretError) as refusal:
        asked(secrets=secrets)

    assert KEY not in str(refusal.value)
    assert refusal.value.__cause__ is None or KEY not in str(refusal.value.__cause__)


@given(st.binary())
def test_no_line_breaks_the_parser(line):
    assert isinstance(CLI.parse(line), tuple)


NAMES = ("system", "assistant", "user", "stream_event", "rate_limit_event", "result")
KEYS = ("message", "content", "event", "usage", "errors", "modelUsage", "subtype", "is_error")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=10,
)


@given(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_no_odd_field_breaks_the_parser(name, fields):
    assert isinstance(CLI.parse(json.dumps({"type": name, **fields}).encode()), tuple)
