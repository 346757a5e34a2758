"""opencode: how it is started, and what is understood of its lines and its logs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_agent.clis.model import (
    CATEGORIES,
    BadSecretError,
    Denied,
    FailureKind,
    Finished,
    Idle,
    Meter,
    Said,
    Session,
    Trouble,
)
from fleet_agent.clis.opencode import CLI
from fleet_agent.clis.usage import Scope, Spent, Usage
from fleet_agent.packet import PacketError
from tests.agent.asking import TRANSCRIPTS, an_ask, an_end, heard, kind_of_end, of

CONFIG = ".config/opencode/opencode.json"
LOGIN = json.dumps({"anthropic": {"type": "oauth", "refresh": "r", "access": "a", "expires": 1}})


def asked(**changes):
    return CLI.invocation(an_ask("opencode", **{"model": "anthropic/sonnet", **changes}))


def config(**changes):
    return json.loads(asked(**changes).files[CONFIG])


def overheard(name):
    lines = (TRANSCRIPTS / name).read_bytes().splitlines()
    return [event for line in lines for event in CLI.overhear(line)]


def test_a_success_is_heard_with_its_session_words_and_use():
    events = heard(CLI.parse, "opencode_success.jsonl")

    assert {session.id for session in of(Session, events)} == {"ses_e04225fb3fferQtqQHTlmJK767"}
    assert of(Said, events)[-1].text == "DONE: wrote hello.txt and ran shell."
    # 900 new and 100 cached; 15 told and 5 thought
    assert of(Spent, events)[0] == Spent(Usage(1000, 100, 20, 1, 950), Scope.STEP)
    assert len(of(Spent, events)) == 4
    assert len(of(Finished, events)) == 1
    assert kind_of_end(CLI, events) is None
    assert CLI.meter is Meter.LIVE


def test_a_model_without_a_price_costs_nobody_knows_what():
    events = heard(CLI.parse, "opencode_denied.jsonl")

    assert {spent.usage.cost_micros for spent in of(Spent, events)} == {None}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("opencode_401.jsonl", FailureKind.AUTH),
        ("opencode_402.jsonl", FailureKind.BILLING),
        ("opencode_403.jsonl", FailureKind.AUTH),
        ("opencode_404.jsonl", FailureKind.MODEL_NOT_FOUND),
        ("opencode_429.jsonl", FailureKind.RATE_LIMIT),
        ("opencode_500.jsonl", FailureKind.OVERLOADED),
        ("opencode_529.jsonl", FailureKind.OVERLOADED),
        ("opencode_refused.jsonl", FailureKind.NETWORK),
        ("opencode_dropped.jsonl", FailureKind.NETWORK),
        ("opencode_denied.jsonl", FailureKind.REFUSED_TOOLS),
        ("opencode_asked.jsonl", FailureKind.REFUSED_TOOLS),
    ],
)
def test_a_failure_has_its_kind_whatever_the_exit_code(name, kind):
    events = heard(CLI.parse, name)

    assert kind_of_end(CLI, events, exit_code=0) is kind
    assert kind_of_end(CLI, events, exit_code=1) is kind


def test_a_recovery_from_rate_limits_is_a_success():
    assert kind_of_end(CLI, heard(CLI.parse, "opencode_recovered.jsonl")) is None


def test_the_vendors_header_says_when_to_come_back():
    failure = CLI.classify(an_end(heard(CLI.parse, "opencode_429.jsonl"), exit_code=1))

    assert failure
    assert failure.retry_after_seconds == 2


def test_a_header_in_milliseconds_says_it_too():
    headers = {"retry-after-ms": "1500", "retry-after": "soon"}
    error = {"name": "APIError", "data": {"statusCode": 429, "responseHeaders": headers}}

    (trouble,) = of(Trouble, CLI.parse(json.dumps({"type": "error", "error": error}).encode()))

    assert trouble.failure.retry_after_seconds == 1.5


def test_the_end_of_a_step_that_calls_tools_is_no_end():
    whole = (TRANSCRIPTS / "opencode_success.jsonl").read_bytes().splitlines()
    events = [event for line in whole[:-1] for event in CLI.parse(line)]

    assert kind_of_end(CLI, events, exit_code=0) is FailureKind.CRASH


def test_steps_in_which_nothing_happens_are_idle_one_after_the_other():
    events = heard(CLI.parse, "opencode_empty.jsonl")

    assert events == (Idle(), Idle(), Idle())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("opencode_quota.log", FailureKind.QUOTA),
        ("opencode_hang.log", FailureKind.HANG),
        ("opencode_500.log", FailureKind.OVERLOADED),
    ],
)
def test_silent_waits_are_read_from_the_log(name, kind):
    troubles = overheard(name)

    assert {trouble.failure.kind for trouble in troubles} == {kind}
    assert not any(trouble.final for trouble in troubles)


def test_a_call_that_failed_without_a_reason_is_the_servers_fault():
    line = (
        b'level=ERROR message="stream error" providerID=openai small=false agent=build '
        b'error.error="AI_APICallError: The server had an error. Sorry about that!"'
    )

    assert of(Trouble, CLI.overhear(line))[0].failure.kind is FailureKind.OVERLOADED


def test_its_own_errands_and_warnings_are_no_trouble():
    assert overheard("opencode_quota.log")[0].failure.message.startswith("You exceeded")
    assert len(overheard("opencode_quota.log")) == 1
    assert CLI.overhear(b'level=WARN message="background dependency install failed"') == ()


def test_of_a_line_of_its_log_only_the_beginning_is_looked_at():
    lines = (TRANSCRIPTS / "opencode_quota.log").read_bytes().splitlines()
    (line,) = [line for line in lines if CLI.overhear(line)]

    assert CLI.overhear(line + b" " * 1_000_000)
    assert CLI.overhear(b" " * 1_000_000 + line) == ()


def test_a_tool_that_is_not_offered_is_denied_and_one_that_never_was_is_not():
    events = heard(CLI.parse, "opencode_denied.jsonl")

    denied = [Denied("bash", "shell"), Denied("write", "edit"), Denied("task", "agents")]
    assert of(Denied, events) == denied


@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_no_line_makes_it_raise(line):
    CLI.parse(line)
    CLI.overhear(line)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
PART = st.dictionaries(st.sampled_from(["reason", "tokens", "cost", "text", "tool", "state"]), JSON)


@given(
    st.sampled_from(["step_start", "step_finish", "text", "tool_use", "error"]),
    st.fixed_dictionaries({"part": JSON | PART, "error": JSON, "sessionID": JSON}),
)
def test_no_json_makes_it_raise(name, fields):
    CLI.parse(json.dumps({"type": name, **fields}).encode())


def test_the_prompt_is_in_a_file_and_not_on_the_command_line():
    invocation = asked(prompt="x" * 200_000)

    assert invocation.files[".fleet/prompt"] == "x" * 200_000
    assert max(map(len, invocation.argv)) < 1000


def test_the_key_comes_by_a_pipe_and_is_nowhere_else():
    invocation = asked(secrets={"api_key": "sk-secret\n"})

    assert invocation.files[".fleet/key"] == "sk-secret"
    elsewhere = {name: text for name, text in invocation.files.items() if name != ".fleet/key"}
    assert "sk-secret" not in repr((invocation.argv, invocation.environment, elsewhere))
    provider = json.loads(invocation.files[CONFIG])["provider"]["anthropic"]
    assert provider["options"]["apiKey"] == "{file:/dev/fd/3}"


def test_a_login_lies_where_it_renews_itself():
    invocation = asked(secrets={"auth_file": LOGIN})

    assert invocation.files[".local/share/opencode/auth.json"] == LOGIN
    assert "apiKey" not in invocation.files[CONFIG]


def test_a_cloud_is_told_by_its_variables():
    secret = json.dumps({"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIA"})

    environment = asked(model="amazon-bedrock/m", secrets={"bedrock": secret}).environment

    assert environment["AWS_REGION"] == "eu-west-1"


@pytest.mark.parametrize(
    "secrets",
    [
        {"auth_file": '{"anthropic": '},
        {"auth_file": '{"anthropic": "key"}'},
        {"auth_file": '{"anthropic": {"key": "x"}}'},
        {"api_key": ""},
        {"oauth_token": "x"},
        {"environment": '{"A B": "c"}'},
    ],
)
def test_a_malformed_credential_is_refused(secrets):
    with pytest.raises(BadSecretError):
        asked(secrets=secrets)


def test_a_key_without_a_model_is_nobodys():
    with pytest.raises(BadSecretError, match="PROVIDER/MODEL"):
        asked(model=None)


def test_a_model_without_its_vendor_is_refused():
    with pytest.raises(PacketError, match="PROVIDER/MODEL"):
        asked(model="sonnet")


def test_the_vendor_decides_the_protocol_and_a_gateway_the_address():
    own = config(base_url="http://gateway/v1")["provider"]["anthropic"]
    other = config(model="vllm/qwen/3", base_url="http://gateway/v1")["provider"]["vllm"]
    known = config(model="openrouter/some/model")["provider"]["openrouter"]

    assert own["options"]["baseURL"] == other["options"]["baseURL"] == "http://gateway/v1"
    assert "npm" not in own
    assert other["npm"] == "@ai-sdk/openai-compatible"
    assert list(other["models"]) == ["qwen/3"]
    assert "npm" not in known
    assert "baseURL" not in known["options"]


def test_what_is_withheld_is_denied_and_so_are_its_agents_without_leave():
    assert config()["permission"] == {"question": "deny", "task": "deny"}
    assert config(teams=True)["permission"] == {"question": "deny"}
    denied = config(withheld=frozenset(CATEGORIES))["permission"]
    assert {"edit", "bash", "webfetch", "websearch", "task"} <= set(denied)


def test_a_repositorys_configuration_is_not_loaded_but_its_rules_are():
    invocation = asked()

    assert invocation.environment["OPENCODE_DISABLE_PROJECT_CONFIG"] == "1"
    assert "--pure" in invocation.argv
    assert config()["instructions"] == ["/workspace/AGENTS.md"]
    assert invocation.files[".config/opencode/AGENTS.md"] == "be brief"


def test_a_session_is_continued_and_the_tools_server_is_told_the_runner():
    assert asked(session="ses_1").argv[-2:] == ("--session", "ses_1")
    assert config()["mcp"]["fleet"]["environment"]["FLEET_SOCKET"] == "/tmp/s"


def test_an_error_of_unknown_kind_is_final():
    assert of(Trouble, heard(CLI.parse, "opencode_bad_model.jsonl"))[0].final
