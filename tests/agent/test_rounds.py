"""Do, check, fix: how the runner leads an agent to a green check."""

import json
import subprocess
from itertools import islice

from tests.agent.stage import a_stage, heard


def test_an_agent_that_exits_0_is_a_success(tmp_path):
    said = a_stage(tmp_path, "echo built > made.txt").play()

    assert (said.result["status"], said.exit_code) == ("success", 0)
    assert said.result["task_id"] == "APP-12"
    assert (tmp_path / "workspace" / "made.txt").read_text() == "built\n"


def test_lines_are_numbered_without_gaps_from_started_to_result(tmp_path):
    said = a_stage(tmp_path, "echo a; echo b >&2", check=["true"], self_check_rounds=1).play()

    assert [line["seq"] for line in said.lines] == list(range(1, len(said.lines) + 1))
    assert {line["v"] for line in said.lines} == {1}
    assert all(line["at"].endswith("+00:00") for line in said.lines)
    assert (said.lines[0]["type"], said.lines[-1]["type"]) == ("started", "result")
    assert said.lines[0]["agent"] == "command"


def test_a_red_check_starts_another_round_with_the_diagnosis(tmp_path):
    fixer = 'cp "$FLEET_PACKET" "packet-$(ls | wc -l).json"'
    check = ["sh", "-c", "echo only $(ls | wc -l) files; test $(ls | wc -l) -ge 2"]
    said = a_stage(tmp_path, fixer, check=check, self_check_rounds=3).play()

    assert said.result["status"] == "success"
    assert [line["exit_code"] for line in said.of("check")] == [1, 0]
    assert said.of("check")[0]["tail"] == "only 1 files\n"
    first, second = ((tmp_path / "workspace" / f"packet-{n}.json").read_text() for n in (0, 1))
    assert "only 1 files" not in first
    assert "only 1 files" in second
    assert '"round": 2' in second
    assert "be brief" in second


def test_a_check_that_stays_red_fails_the_attempt_after_the_last_round(tmp_path):
    said = a_stage(tmp_path, check=["false"], self_check_rounds=2).play()

    assert (said.failure, said.exit_code) == ("self_check", 1)
    assert [check["round"] for check in said.diagnostics["checks"]] == [1, 2]
    assert said.diagnostics["rounds"] == 2


def test_without_self_check_rounds_the_check_is_not_run(tmp_path):
    said = a_stage(tmp_path, check=["false"], self_check_rounds=0).play()

    assert said.result["status"] == "success"
    assert said.of("check") == []


def test_a_check_over_its_time_is_red_without_an_exit_code(tmp_path):
    limits = {"check_timeout_seconds": 0.2}
    said = a_stage(tmp_path, check=["sleep", "60"], self_check_rounds=1, limits=limits).play()

    (check,) = said.of("check")
    assert check["exit_code"] is None
    assert "ran longer than 0.2 s" in check["tail"]
    assert said.failure == "self_check"


def test_a_check_that_does_not_exist_is_red_and_says_so(tmp_path):
    said = a_stage(tmp_path, check=["./no-such-check"], self_check_rounds=1).play()

    assert said.of("check")[0]["exit_code"] is None
    assert "no-such-check" in said.of("check")[0]["tail"]


def test_usage_of_all_rounds_is_added_up_and_repeated_in_the_result(tmp_path):
    usage = '{"usage": {"input_tokens": 10, "output_tokens": 2, "turns": 1, "cost_usd": 0.25}}'
    agent = f"echo '{usage}' > $FLEET_RESULT"
    said = a_stage(tmp_path, agent, check=["false"], self_check_rounds=2).play()

    assert [line["input_tokens"] for line in said.of("usage")] == [10, 20]
    assert said.diagnostics["usage"]["cost_usd"] == 0.5
    assert all(line["cumulative"] for line in said.of("usage"))


def test_unknown_usage_is_null_and_not_zero(tmp_path):
    assert a_stage(tmp_path).play().diagnostics["usage"] is None


def test_turns_used_up_end_the_rounds(tmp_path):
    agent = """echo '{"usage": {"turns": 5}}' > $FLEET_RESULT"""
    limits = {"max_turns": 5}
    said = a_stage(tmp_path, agent, check=["false"], self_check_rounds=9, limits=limits).play()

    assert (said.failure, said.diagnostics["rounds"]) == ("limit", 1)


def test_money_used_up_ends_the_rounds(tmp_path):
    agent = """echo '{"usage": {"turns": 1, "cost_usd": 0.6}}' > $FLEET_RESULT"""
    limits = {"max_cost_usd": 1}
    said = a_stage(tmp_path, agent, check=["false"], self_check_rounds=9, limits=limits).play()

    assert (said.failure, said.diagnostics["rounds"]) == ("budget", 2)


def test_setup_runs_before_the_agent_and_what_it_leaves_untracked_is_named(tmp_path):
    stage = a_stage(
        tmp_path,
        "test -e cache/b && touch by-agent",
        setup=["mkdir cache && touch cache/b", ["touch", "a file"]],
    )
    subprocess.run(["git", "init", "-q", stage.workspace], check=True)
    (stage.workspace / "already-there").touch()
    said = stage.play()

    assert said.result["status"] == "success"
    assert sorted(said.diagnostics["setup_untracked"]) == ["a file", "cache/b"]
    assert said.of("activity") == []


def test_a_flood_of_setup_files_is_named_by_folder(tmp_path):
    many = "mkdir -p deps/x; cd deps/x; i=0; while [ $i -lt 600 ]; do : > f$i; i=$((i+1)); done"
    stage = a_stage(tmp_path, setup=[many])
    subprocess.run(["git", "init", "-q", stage.workspace], check=True)
    said = stage.play()

    assert said.diagnostics["setup_untracked"] == ["deps/"]
    assert said.diagnostics["setup_untracked_cut"] is False


def test_setup_in_a_folder_that_is_no_repository_is_noted(tmp_path):
    said = a_stage(tmp_path, setup=["true"]).play()

    assert said.result["status"] == "success"
    assert "not a git repository" in said.diagnostics["notes"][0]


def test_the_runner_beats_while_the_agent_says_nothing(tmp_path):
    silent = "until test -e done; do sleep 0.05; done"
    stage = a_stage(tmp_path, silent, limits={"heartbeat_seconds": 0.1})
    runner = stage.start()
    lines = map(json.loads, runner.stdout)
    beats = list(islice((line for line in lines if line["type"] == "beat"), 3))
    (stage.workspace / "done").touch()
    heard(runner)

    assert {beat["phase"] for beat in beats} <= {"starting", "agent"}
    assert beats[-1]["last_activity_at"] is None


def test_output_counts_as_activity(tmp_path):
    said = a_stage(tmp_path, "echo thinking; sleep 0.2").play()

    (activity,) = said.of("activity")
    assert (activity["kind"], activity["summary"]) == ("output", "thinking")
    assert said.diagnostics["stdout_tail"] == "thinking\n"
