"""Whatever goes wrong, the last line is a `result` that says why."""

import json
import signal
import subprocess
import threading
import time

import pytest

from tests.agent.stage import RUNNER, a_packet, a_stage, heard

pytestmark = pytest.mark.slow


def test_a_failing_command_is_a_crash_with_its_last_words(tmp_path):
    said = a_stage(tmp_path, "echo half; echo no such model >&2; exit 3").play()

    assert (said.failure, said.exit_code) == ("crash", 1)
    assert said.diagnostics["exit_code"] == 3
    assert said.diagnostics["stderr_tail"] == "no such model\n"
    assert "no such model" in said.result["summary"]


def test_a_stated_failure_keeps_its_kind_and_its_wait(tmp_path):
    stated = {"failure": {"kind": "rate_limit", "message": "slow", "retry_after_seconds": 90}}
    agent = f"echo '{json.dumps(stated)}' > $FLEET_RESULT; exit 1"
    said = a_stage(tmp_path, agent).play()

    assert said.failure == "rate_limit"
    assert (said.diagnostics["message"], said.diagnostics["retry_after_seconds"]) == ("slow", 90)


def test_a_stated_failure_beats_exit_code_0(tmp_path):
    agent = """echo '{"failure": {"kind": "quota"}}' > $FLEET_RESULT"""

    assert a_stage(tmp_path, agent).play().failure == "quota"


@pytest.mark.parametrize(
    ("beside", "ignored"),
    [
        ('"retry_after_seconds": 100000000', "retry_after_seconds"),
        ('"retry_after_seconds": -1', "retry_after_seconds"),
        ('"retry_after_seconds": NaN', "retry_after_seconds"),
        ('"retry_after_seconds": "soon"', "retry_after_seconds"),
        ('"message": ["no", "more"]', "message"),
        ('"message": "  "', None),
        ('"x": 0}, "usage": {"cost_usd": -0.01', "usage.cost_usd"),
        ('"x": 0}, "summary": {"no": "text"', "summary"),
    ],
)
def test_a_stated_failure_outlives_a_slip_beside_it(tmp_path, beside, ignored):
    agent = f"""echo '{{"failure": {{"kind": "quota", {beside}}}}}' > $FLEET_RESULT"""
    told = a_stage(tmp_path, agent).play().diagnostics

    assert (told["failure_kind"], told["retry_after_seconds"]) == ("quota", None)
    assert told["message"] == "the agent stated a failure of kind 'quota'"
    assert [ignored in note for note in told["notes"]] == ([True] if ignored else [])


def test_a_wrong_usage_beside_a_stated_failure_costs_the_usage_alone(tmp_path):
    failure = {"kind": "rate_limit", "message": "slow", "retry_after_seconds": 90}
    stated = {"failure": failure, "usage": {"turns": 3, "cost_usd": -0.01}, "summary": "half"}
    said = a_stage(tmp_path, f"echo '{json.dumps(stated)}' > $FLEET_RESULT").play()

    assert (said.failure, said.result["summary"]) == ("rate_limit", "half")
    assert (said.diagnostics["message"], said.diagnostics["retry_after_seconds"]) == ("slow", 90)
    assert said.diagnostics["usage"] is None


@pytest.mark.parametrize("failure", ["{}", "[]", '"out of money"', "false", '{"kind": 5}'])
def test_whatever_stands_under_failure_states_one(tmp_path, failure):
    agent = f"""echo '{{"failure": {failure}}}' > $FLEET_RESULT"""
    said = a_stage(tmp_path, agent).play()

    assert (said.failure, said.exit_code) == ("crash", 1)
    assert said.diagnostics["message"] == "the agent stated a failure of no kind"


def test_a_failure_that_is_null_is_none(tmp_path):
    agent = """echo '{"failure": null}' > $FLEET_RESULT"""

    assert a_stage(tmp_path, agent).play().result["status"] == "success"


@pytest.mark.parametrize("kind", ["stopped", "oom", "approval_required", "internal", "anything"])
def test_an_agent_cannot_state_what_only_the_runner_knows(tmp_path, kind):
    agent = f"""echo '{{"failure": {{"kind": "{kind}"}}}}' > $FLEET_RESULT"""

    assert a_stage(tmp_path, agent).play().failure == "crash"


def test_a_missing_program_is_said(tmp_path):
    packet = a_packet()
    packet["context"]["agent"]["command"] = ["/no/such/agent"]
    said = a_stage(tmp_path, packet=packet).play()

    assert said.failure == "agent_missing"
    assert "/no/such/agent" in said.diagnostics["message"]


def test_an_agent_of_another_image_is_refused(tmp_path):
    packet = a_packet()
    packet["context"]["agent"] = {"name": "telepath"}

    assert a_stage(tmp_path, packet=packet).play().failure == "agent_missing"


def test_safe_mode_is_refused_for_an_agent_that_cannot_hold_tools_back(tmp_path):
    said = a_stage(tmp_path, "touch ran", safe_mode=True).play()

    assert said.failure == "refused_tools"
    assert not (tmp_path / "workspace" / "ran").exists()


def test_a_promised_secret_that_is_not_there_is_an_auth_failure(tmp_path):
    stage = a_stage(tmp_path, needs_secret=True)
    (stage.root / "secret").mkdir()

    assert stage.play().failure == "auth"


def test_a_secret_that_is_there_satisfies_and_is_not_shown_to_a_command(tmp_path):
    stage = a_stage(tmp_path, "env", needs_secret=True)
    (stage.root / "secret").mkdir()
    (stage.root / "secret" / "token").write_text("s3cr3t-value")
    said = stage.play()

    assert said.result["status"] == "success"
    assert b"s3cr3t-value" not in said.raw


def test_setup_comes_too_late_to_read_the_secret(tmp_path):
    stage = a_stage(tmp_path, setup=["sleep 0.3; ls ../fleet/secret > seen"], needs_secret=True)
    secret = stage.root / "secret"
    secret.mkdir()
    (secret / "token").write_text("s3cr3t-value")

    runner = stage.start()
    first = json.loads(runner.stdout.readline())
    threading.Event().wait(1)
    (secret / "token").unlink()
    rest = heard(runner)

    assert first["type"] == "started"
    assert rest.failure is None
    assert (stage.workspace / "seen").read_text() == ""


def test_setup_waits_for_nobody_for_ever_and_says_so(tmp_path):
    stage = a_stage(tmp_path, setup=["ls ../fleet/secret > seen"], needs_secret=True)
    (stage.root / "secret").mkdir()
    (stage.root / "secret" / "token").write_text("s3cr3t-value")

    said = stage.play()

    assert said.failure is None
    assert "setup could read it" in said.diagnostics["notes"][0]


def test_a_secret_behind_a_link_is_refused(tmp_path):
    stage = a_stage(tmp_path)
    (stage.root / "secret").mkdir()
    (stage.root / "secret" / "token").symlink_to("/etc/hostname")

    assert stage.play().failure == "packet"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"task_id": ""}, "packet.task_id"),
        ({"goal": None}, "packet.goal"),
        ({"messages": "none"}, "packet.messages"),
        ({"context": {}}, "packet.context.agent.name"),
        ({"context": {"agent": {"name": "command"}}}, "packet.context.agent.command"),
    ],
)
def test_a_broken_packet_is_refused_naming_the_field(tmp_path, change, named):
    said = a_stage(tmp_path, packet=a_packet() | change).play()

    assert said.failure == "packet"
    assert named in said.diagnostics["message"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("attempt_timeout_seconds", 0),
        ("heartbeat_seconds", -1),
        ("stop_grace_seconds", "long"),
        ("max_turns", 0),
        ("max_turns", 1.5),
        ("max_cost_usd", True),
    ],
)
def test_a_limit_that_means_nothing_is_refused(tmp_path, key, value):
    said = a_stage(tmp_path, limits={key: value}).play()

    assert said.failure == "packet"
    assert key in said.diagnostics["message"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"task_id": NaN}', "[" * 100_000, "\xff"])
def test_a_packet_that_is_no_json_object_is_refused(tmp_path, text):
    stage = a_stage(tmp_path)
    (stage.root / "packet.json").write_bytes(text.encode("latin-1"))
    said = stage.play()

    assert (said.failure, said.result["task_id"]) == ("packet", "")


@pytest.mark.parametrize("missing", ["packet.json", "context.json"])
def test_a_missing_document_is_refused_by_name(tmp_path, missing):
    stage = a_stage(tmp_path)
    (stage.root / missing).unlink()
    said = stage.play()

    assert said.failure == "packet"
    assert missing in said.diagnostics["message"]


def test_a_missing_workspace_is_refused(tmp_path):
    stage = a_stage(tmp_path)
    stage.workspace.rmdir()

    assert stage.play().failure == "packet"


@pytest.mark.parametrize("command", ["exit 7", "./absent", ["no-such-program"]])
def test_a_failing_setup_keeps_the_agent_from_starting(tmp_path, command):
    said = a_stage(tmp_path, "touch ran", setup=["true", command]).play()

    assert said.failure == "setup"
    assert not (tmp_path / "workspace" / "ran").exists()


def test_setup_over_its_time_fails(tmp_path):
    said = a_stage(tmp_path, setup=["sleep 60"], limits={"setup_timeout_seconds": 0.2}).play()

    assert said.failure == "setup"
    assert "0.2 s" in said.diagnostics["message"]


@pytest.mark.parametrize("shell", ["sleep 60", "trap '' TERM; while :; do sleep 0.1; done"])
def test_an_attempt_over_its_time_ends_even_if_the_agent_ignores_the_signal(tmp_path, shell):
    said = a_stage(tmp_path, shell, limits={"attempt_timeout_seconds": 0.4}).play()

    assert said.failure == "timeout"
    # by the runner's own clock, from its time limit and the half second of grace on
    assert said.diagnostics["duration_seconds"] < 20


def test_usage_told_before_the_time_was_over_still_counts(tmp_path):
    agent = """echo '{"usage": {"turns": 4}}' > $FLEET_RESULT; sleep 60"""
    # long enough to tell it on any machine
    said = a_stage(tmp_path, agent, limits={"attempt_timeout_seconds": 5}).play()

    assert said.failure == "timeout"
    assert said.diagnostics["usage"]["turns"] == 4


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_passed_on_and_the_attempt_ends_as_stopped(tmp_path, number):
    agent = "trap 'echo saved > work.txt; exit 0' TERM; : > ready; while :; do sleep 0.05; done"
    stage = a_stage(tmp_path, agent)
    runner = stage.start()
    _wait_for(stage.workspace / "ready")
    runner.send_signal(number)
    said = heard(runner)

    assert (said.failure, said.exit_code) == ("stopped", 1)
    assert (stage.workspace / "work.txt").read_text() == "saved\n"


def test_a_stop_during_setup_starts_no_agent(tmp_path):
    stage = a_stage(tmp_path, "touch ran", setup=[": > ready; sleep 60"])
    runner = stage.start()
    _wait_for(stage.workspace / "ready")
    runner.send_signal(signal.SIGTERM)

    assert heard(runner).failure == "stopped"
    assert not (stage.workspace / "ran").exists()


def test_a_runner_in_a_container_that_is_not_pid_1_refuses(tmp_path):
    runner = subprocess.Popen([*RUNNER, "run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said = heard(runner)

    assert (said.failure, said.exit_code) == ("isolation", 1)


def test_wrong_arguments_exit_2_without_a_line(tmp_path):
    done = subprocess.run([*RUNNER, "dance"], capture_output=True, check=False)

    assert (done.returncode, done.stdout) == (2, b"")


def _wait_for(path):
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
