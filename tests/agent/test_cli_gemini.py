"""Gemini CLI: how it is started, and what is understood of its lines."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_agent.clis.gemini import CLI
from fleet_agent.clis.google import ACCOUNT
from fleet_agent.clis.model import (
    BadSecretError,
    Denied,
    Failure,
    FailureKind,
    Finished,
    Meter,
    Said,
    Session,
    Trouble,
)
from fleet_agent.clis.usage import Scope, Spent, Usage
from tests.agent.asking import HOME, TRANSCRIPTS, an_ask, an_end, heard, kind_of_end, of

LOGIN = json.dumps({"access_token": "ya29.x", "refresh_token": "1//x", "expiry_date": 1})


def asked(**changes):
    return CLI.invocation(an_ask("gemini", **{"model": "gemini-2.5-pro", **changes}))


def settings(**changes):
    return json.loads(asked(**changes).files[".gemini/settings.json"])


def judged(name, **end):
    return kind_of_end(CLI, heard(CLI.parse, name), **end)


def overheard(name):
    lines = (TRANSCRIPTS / name).read_bytes().splitlines()
    return [event for line in lines for event in CLI.overhear(line)]


def test_a_success_is_heard_with_its_session_words_and_use():
    events = heard(CLI.parse, "gemini_success.jsonl")

    assert of(Session, events)[0].id.count("-") == 4
    assert of(Said, events)[-1].text == "DONE: wrote hello.txt and ran shell."
    # 3606 new, 400 cached; what it thought is in the total alone
    spent = Spent(Usage(4006, 400, 100, turns=4, cost_micros=None), Scope.START)
    assert of(Spent, events) == [spent]
    assert of(Finished, events)
    assert kind_of_end(CLI, events) is None
    assert CLI.meter is Meter.END


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("gemini_400.jsonl", FailureKind.AUTH),
        ("gemini_401.jsonl", FailureKind.AUTH),
        ("gemini_403.jsonl", FailureKind.AUTH),
        ("gemini_404.jsonl", FailureKind.MODEL_NOT_FOUND),
        ("gemini_rate.jsonl", FailureKind.RATE_LIMIT),
        ("gemini_quota.jsonl", FailureKind.QUOTA),
        ("gemini_500.jsonl", FailureKind.OVERLOADED),
        ("gemini_refused.jsonl", FailureKind.NETWORK),
        ("gemini_truncated.jsonl", FailureKind.NETWORK),
        ("gemini_empty.jsonl", FailureKind.NETWORK),
        ("gemini_turns.jsonl", FailureKind.LIMIT),
        ("gemini_denied.jsonl", FailureKind.REFUSED_TOOLS),
    ],
)
def test_a_failure_has_its_kind_whatever_the_exit_code(name, kind):
    assert judged(name, exit_code=0) is kind
    assert judged(name, exit_code=1) is kind


def test_the_clis_own_advice_is_not_taken_for_the_vendors_words():
    events = heard(CLI.parse, "gemini_rate.jsonl")

    failure = CLI.classify(an_end(events, exit_code=173))

    assert failure
    assert "quota increase" not in failure.message
    assert failure.retry_after_seconds == 2


def test_when_to_come_back_is_read_out_of_the_vendors_details():
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}]
    vendor = {"error": {"code": 429, "message": "Too many requests", "details": details}}
    error = {"type": "unknown", "message": f"[API Error: {json.dumps(vendor)}]"}
    line = {"type": "result", "status": "error", "error": error}

    (trouble,) = of(Trouble, CLI.parse(json.dumps(line).encode()))

    assert trouble.failure == Failure(FailureKind.RATE_LIMIT, "Too many requests", 34.5)


def test_the_vendors_words_are_taken_out_of_their_json():
    failure = of(Trouble, heard(CLI.parse, "gemini_401.jsonl"))[0].failure

    assert failure.message == "API key not valid. Please pass a valid API key."


def test_a_stop_leaves_no_success_behind_although_it_exits_with_0():
    assert judged("gemini_cut.jsonl", exit_code=0) is FailureKind.CRASH


def test_a_failure_at_the_start_is_told_by_exit_code_and_standard_error():
    failure = CLI.classify(an_end(exit_code=41, stderr=b"YOLO\n\x1b[31mLog in first.\x1b[0m\n"))

    assert failure == Failure(FailureKind.AUTH, "Log in first.")


def test_a_loop_it_finds_itself_is_a_failure():
    line = b'{"type":"error","severity":"warning","message":"Loop detected, stopping execution"}'

    events = CLI.parse(line) + CLI.parse(b'{"type":"result","status":"success","stats":{}}')

    assert kind_of_end(CLI, events) is FailureKind.LOOP


@pytest.mark.parametrize(
    ("name", "kind", "wait"),
    [
        ("gemini_rate.log", FailureKind.RATE_LIMIT, 10.779),
        ("gemini_500.log", FailureKind.OVERLOADED, None),
        ("gemini_network.log", FailureKind.NETWORK, None),
    ],
)
def test_a_call_that_is_tried_again_is_told_on_standard_error_alone(name, kind, wait):
    troubles = overheard(name)

    assert {trouble.failure.kind for trouble in troubles} == {kind}
    assert not any(trouble.final for trouble in troubles)
    assert troubles[-1].failure.retry_after_seconds == wait


def test_an_announced_wait_is_told():
    line = b"Attempt 1 failed: You are too fast. Retrying after 65346ms..."

    assert of(Trouble, CLI.overhear(line))[0].failure.retry_after_seconds == 65.346


def test_a_minutes_limit_is_no_quota_though_the_vendor_calls_it_so():
    quota = "You exceeded your current quota, please check your plan and billing details."
    told = json.dumps({"type": "result", "status": "error", "error": {"message": quota}})
    final = CLI.parse(told.encode())
    first = CLI.overhear(f"Attempt 1 failed: {quota}".encode())
    second = CLI.overhear(b"Suggested retry after 60s.. Retrying after 60671ms...")

    assert [one.failure.kind for one in of(Trouble, (*first, *second))] == ["rate_limit"] * 2
    assert of(Trouble, second)[0].failure.retry_after_seconds == 60.671
    assert kind_of_end(CLI, (*first, *final)) == "rate_limit"
    assert kind_of_end(CLI, final) == "quota"


def test_a_tool_that_is_not_there_is_denied_and_one_that_never_was_is_not():
    events = heard(CLI.parse, "gemini_denied.jsonl")

    assert of(Denied, events) == [
        Denied("run_shell_command", "shell"),
        Denied("invoke_agent", "agents"),
    ]


@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_no_line_makes_it_raise(line):
    CLI.parse(line)
    CLI.overhear(line)
    CLI.overhear(b"Attempt 1 failed" + line)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
KEYS = ("content", "role", "error", "stats", "status", "session_id", "tool_id", "severity")


@given(
    st.sampled_from(["init", "message", "tool_use", "tool_result", "error", "result"]),
    st.dictionaries(st.sampled_from(KEYS), JSON),
)
def test_no_json_makes_it_raise(name, fields):
    CLI.parse(json.dumps({"type": name, **fields}).encode())


def test_the_prompt_is_in_a_file_and_not_on_the_command_line():
    invocation = asked(prompt="x" * 200_000)

    assert invocation.files[".fleet/prompt"] == "x" * 200_000
    assert max(map(len, invocation.argv)) < 1000


def test_the_key_comes_by_a_pipe_and_is_nowhere_else():
    invocation = asked(secrets={"api_key": "AIza-secret\n"})

    assert invocation.files[".fleet/key"] == "GEMINI_API_KEY=AIza-secret\n"
    elsewhere = {name: text for name, text in invocation.files.items() if name != ".fleet/key"}
    assert "AIza" not in repr((invocation.argv, invocation.environment, elsewhere))


def test_a_login_lies_where_it_renews_itself():
    invocation = asked(secrets={"auth_file": LOGIN})

    assert invocation.files[".gemini/oauth_creds.json"] == LOGIN
    auth = json.loads(invocation.files[".gemini/settings.json"])["security"]["auth"]
    assert auth == {"selectedType": "oauth-personal"}


def test_a_cloud_account_given_whole_becomes_a_file():
    account = '{"type": "service_account"}'
    cloud = {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_APPLICATION_CREDENTIALS": account}

    invocation = asked(secrets={"vertex": json.dumps(cloud)})

    assert invocation.files[ACCOUNT] == account
    assert invocation.environment["GOOGLE_APPLICATION_CREDENTIALS"] == str(HOME / ACCOUNT)
    assert invocation.environment["GOOGLE_GENAI_USE_VERTEXAI"] == "true"


@pytest.mark.parametrize(
    "secrets",
    [
        {"auth_file": '{"access_token": '},
        {"auth_file": "[]"},
        {"auth_file": '{"access_token": 1}'},
        {"vertex": '{"GOOGLE_CLOUD_PROJECT": 1}'},
        {"api_key": "two words"},
        {"oauth_token": "x"},
        {"api_key": "x", "auth_file": LOGIN},
        {"environment": "[1]"},
    ],
)
def test_a_malformed_credential_is_refused_without_repeating_it(secrets):
    with pytest.raises(BadSecretError) as refused:
        asked(secrets=secrets)

    assert "two words" not in str(refused.value)


def test_what_is_withheld_is_removed_and_so_are_its_agents_without_leave():
    assert "invoke_agent" in settings()["tools"]["exclude"]
    assert "invoke_agent" not in settings(teams=True)["tools"]["exclude"]
    withheld = settings(withheld=frozenset({"edit", "shell", "web"}), teams=True)
    removed = {"replace", "write_file", "run_shell_command", "web_fetch", "google_web_search"}
    assert removed <= set(withheld["tools"]["exclude"])


def test_a_repository_cannot_turn_its_key_elsewhere():
    environment = asked().environment

    assert environment["GOOGLE_GEMINI_BASE_URL"] == ""
    assert environment["CODE_ASSIST_ENDPOINT"].startswith("https://cloudcode-pa.googleapis.com")
    assert "GEMINI_CLI_TRUST_WORKSPACE" not in environment
    assert "--skip-trust" in asked().argv


def test_a_gateway_takes_the_place_of_the_vendor():
    environment = asked(base_url="http://gateway:8080/").environment

    assert environment["GOOGLE_GEMINI_BASE_URL"] == "http://gateway:8080"


def test_turns_session_and_rules_are_passed_on():
    invocation = asked(session="11111111-2222-4333-8444-555555555555", system="use @cached here")

    assert invocation.argv[-2:] == ("--resume", "11111111-2222-4333-8444-555555555555")
    assert invocation.files[".gemini/GEMINI.md"] == "use `@cached` here"
    assert settings(turns=7)["model"] == {"maxSessionTurns": 7}
    assert "AGENTS.md" in settings()["context"]["fileName"]
    assert settings()["mcpServers"]["fleet"]["env"]["FLEET_SOCKET"] == "/tmp/s"
