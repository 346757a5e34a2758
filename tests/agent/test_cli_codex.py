"""Codex: how it is started, and what is understood of its lines and its own record."""

import json
import subprocess
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_agent.clis.codex import CLI
from fleet_agent.clis.model import (
    BadSecretError,
    Denied,
    FailureKind,
    Finished,
    Said,
    Session,
    Trouble,
)
from fleet_agent.clis.toml import toml
from fleet_agent.clis.usage import Scope, Spent, Usage
from fleet_agent.files import write_below
from fleet_agent.notebook import Notebook
from tests.agent.asking import an_ask, an_end, heard, kind_of_end, of

KEY = "sk-of-nobody"
LOGIN = json.dumps({"auth_mode": "chatgpt", "tokens": {"access_token": KEY}})


def asked(**changes):
    return CLI.invocation(an_ask("codex", **({"secrets": {"api_key": KEY}} | changes)))


def configured(**changes):
    return tomllib.loads(asked(**changes).files[".codex/config.toml"])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("tool", None),
        ("mcp", None),
        ("401", FailureKind.AUTH),
        ("429", FailureKind.RATE_LIMIT),
        ("rate", FailureKind.RATE_LIMIT),
        ("500", FailureKind.OVERLOADED),
        ("529", FailureKind.OVERLOADED),
        ("quota", FailureKind.QUOTA),
        ("usage_limit", FailureKind.QUOTA),
        ("context", FailureKind.CONTEXT_TOO_LONG),
        ("no_model", FailureKind.MODEL_NOT_FOUND),
        ("refused", FailureKind.NETWORK),
        ("cut", FailureKind.NETWORK),
        ("hang", FailureKind.HANG),
        ("mcp_denied", FailureKind.REFUSED_TOOLS),
    ],
)
def test_a_recorded_end_has_its_kind_whatever_the_exit_code(name, kind):
    events = heard(CLI.parse, f"codex_{name}.jsonl")

    assert kind_of_end(CLI, events, exit_code=0) is kind
    if kind is not None:
        assert kind_of_end(CLI, events, exit_code=1) is kind


def test_a_success_is_heard_with_its_session_words_and_use():
    events = heard(CLI.parse, "codex_tool.jsonl")

    assert of(Session, events)[0].id.count("-") == 4
    assert of(Said, events) == [Said("All done.")]
    assert of(Finished, events)
    assert of(Spent, events) == [Spent(Usage(4500, 900, 150), Scope.SESSION)]


def test_its_record_tells_every_call_and_nothing_twice():
    spent = of(Spent, heard(CLI.parse, "codex_record.jsonl"))

    assert spent == [
        Spent(Usage(turns=1), Scope.STEP),
        Spent(Usage(1000, 300, 50), Scope.SESSION),
        Spent(Usage(turns=1), Scope.STEP),
        Spent(Usage(2000, 600, 100), Scope.SESSION),
    ]
    assert len(heard(CLI.parse, "codex_record.jsonl")) == len(spent)


def test_its_turns_stand_beside_the_totals_of_the_session():
    before = Usage(400, 100, 20)
    notebook = Notebook(an_ask("codex").packet.limits, now=0, before=before)

    for event in heard(CLI.parse, "codex_record.jsonl") + heard(CLI.parse, "codex_mcp.jsonl"):
        notebook.take(event, now=0)

    assert notebook.usage == Usage(2600, 500, 80, turns=2)
    assert notebook.of_session == Usage(3000, 600, 100)


def test_a_retry_is_trouble_that_may_pass():
    troubles = of(Trouble, heard(CLI.parse, "codex_401.jsonl"))

    assert [one.final for one in troubles] == [False] * 6 + [True]


def test_a_warning_is_no_trouble():
    line = {"type": "item.completed", "item": {"type": "error", "message": "401 Unauthorized"}}

    assert not of(Trouble, CLI.parse(json.dumps(line).encode()))


def test_a_declined_command_is_a_denial():
    item = {"type": "command_execution", "command": "ls", "status": "declined"}
    line = json.dumps({"type": "item.completed", "item": item}).encode()

    assert CLI.parse(line) == (Denied("command_execution", "shell"),)


def test_the_seconds_of_a_rate_limit_are_waited_for():
    failure = CLI.classify(an_end(heard(CLI.parse, "codex_rate.jsonl"), exit_code=1))

    assert failure
    assert (failure.kind, failure.retry_after_seconds) == (FailureKind.RATE_LIMIT, 2)


def test_the_hour_of_a_usage_limit_is_waited_for():
    failure = CLI.classify(an_end(heard(CLI.parse, "codex_usage_limit.jsonl"), exit_code=1))

    assert failure
    assert failure.retry_after_seconds == 20 * 3600 - 7 * 60


def test_nothing_secret_or_long_is_in_the_argv():
    prompt = "x" * 300_000
    invocation = asked(prompt=prompt, system=prompt)

    assert KEY not in repr((invocation.argv, invocation.environment))
    assert max(map(len, invocation.argv)) < 2000
    assert configured(system=prompt)["developer_instructions"] == prompt


def test_a_key_can_be_read_once(tmp_path):
    invocation = CLI.invocation(an_ask("codex", home=tmp_path, secrets={"api_key": f" {KEY}\n"}))
    for path, text in invocation.files.items():
        write_below(tmp_path, path, text)
    config = tomllib.loads(invocation.files[".codex/config.toml"])
    auth = config["model_providers"]["fleet"]["auth"]
    command = [auth["command"], *auth["args"]]

    first = subprocess.run(command, capture_output=True, text=True, check=True)
    second = subprocess.run(command, capture_output=True, text=True, check=False)

    assert first.stdout == KEY
    assert (second.stdout, second.returncode) == ("", 1)
    assert KEY not in "".join(file.read_text() for file in tmp_path.rglob("*") if file.is_file())
    ending = f"provider auth command `sh` exited with status 1: {second.stderr}"
    failed = json.dumps({"type": "turn.failed", "error": {"message": ending}}).encode()
    assert kind_of_end(CLI, CLI.parse(failed)) is FailureKind.AUTH


def test_what_is_asked_for_is_in_the_argv():
    argv = asked(model="gpt-5.5", session="an-id").argv

    assert argv[argv.index("codex") :][-5:] == ("--model", "gpt-5.5", "resume", "an-id", "-")
    assert "--model" not in asked(model=None).argv


def test_withheld_tools_are_switched_off():
    config = configured(withheld=frozenset({"shell", "web"}), teams=True)

    assert config["features"]["shell_tool"] is False
    assert config["web_search"] == "disabled"
    assert config["agents"]["enabled"] is True
    assert "edit" not in CLI.withholds


def test_its_own_agents_are_off_unless_the_profile_allows_them():
    config = configured()

    assert (config["agents"]["enabled"], config["features"]["multi_agent"]) == (False, False)
    assert "shell_tool" not in config["features"]
    assert "web_search" not in config


def test_the_runners_tools_are_connected_before_the_first_turn():
    server = configured()["mcp_servers"]["fleet"]

    assert server["required"] is True
    assert server["env"] == {"FLEET_PACKET": "/tmp/p.json", "FLEET_SOCKET": "/tmp/s"}


def test_nothing_is_said_of_trust():
    # trusted, the repository's settings would be read; untrusted, its AGENTS.md would not be
    assert "projects" not in configured()


def test_the_address_is_the_gateways_or_the_vendors():
    vendor = configured()["model_providers"]["fleet"]
    gateway = configured(base_url="http://gateway/v1")["model_providers"]["fleet"]

    assert vendor["base_url"] == "https://api.openai.com/v1"
    assert gateway["base_url"] == "http://gateway/v1"


def test_an_auth_file_lies_where_it_is_looked_for_and_decides_the_address():
    secrets = {"auth_file": LOGIN}

    assert asked(secrets=secrets).files[".codex/auth.json"] == LOGIN
    provider = configured(secrets=secrets)["model_providers"]["fleet"]
    assert provider["requires_openai_auth"] is True
    assert not {"base_url", "auth"} & set(provider)


@pytest.mark.parametrize(
    "secrets", [{"oauth_token": KEY}, {"auth_file": "no"}, {"auth_file": "{}"}, {"api_key": " "}]
)
def test_a_credential_that_cannot_be_right_is_refused(secrets):
    with pytest.raises(BadSecretError):
        asked(secrets=secrets)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
TABLES = st.recursive(
    TEXTS | st.booleans() | st.integers(min_value=-(2**63), max_value=2**63 - 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, TABLES, max_size=3))
def test_every_table_is_written_as_it_is_read(table):
    assert tomllib.loads(toml(table)) == table


@given(st.binary())
def test_no_line_breaks_the_parser(line):
    assert isinstance(CLI.parse(line), tuple)


NAMES = (
    "thread.started",
    "item.started",
    "item.completed",
    "turn.completed",
    "error",
    "turn.failed",
)
KEYS = ("item", "type", "text", "error", "message", "usage", "payload", "changes", "status")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=10,
)


@given(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_no_odd_field_breaks_the_parser(name, fields):
    assert isinstance(CLI.parse(json.dumps({**fields, "type": name}).encode()), tuple)
