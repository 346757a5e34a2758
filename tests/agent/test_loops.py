"""Activity without progress: the same calls again and again, or rounds that change nothing."""

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet_agent.clis import REGISTRY
from fleet_agent.clis.calls import answered, called, done
from fleet_agent.clis.model import Activity, Answered, Called, Failure, FailureKind, Finished, Said
from fleet_agent.repeats import MOST_REPEATS, Repeats
from fleet_agent.standstill import MOST_FRUITLESS, Red, Standstill, gist
from tests.agent.asking import TRANSCRIPTS, of
from tests.agent.stage import a_stage

LS = {"command": "ls"}


def a_step(number, tool="Bash", given=LS, result="README.md"):
    return done(f"call-{number}", tool, given, result=result)


def loop_of(*steps):
    repeats = Repeats()
    for step in steps:
        for event in step:
            repeats.take(event)
    return repeats.loop()


def test_the_same_call_with_the_same_result_is_a_loop_and_says_which_and_how_often():
    steps = [a_step(number) for number in range(MOST_REPEATS)]

    assert loop_of(*steps) == Failure(
        FailureKind.LOOP,
        "Bash was called 5 times in a row with the same arguments and the same result",
    )
    assert loop_of(*steps[1:]) is None


@pytest.mark.parametrize(
    "other",
    [
        a_step(9, given={"command": "ls -l"}),
        a_step(9, result="README.md hello.txt"),
        a_step(9, tool="Glob"),
    ],
)
def test_another_call_or_another_result_between_them_is_no_loop(other):
    steps = [a_step(number) for number in range(4)]

    assert loop_of(*steps, other, *[a_step(number) for number in range(10, 14)]) is None


def test_two_or_three_calls_by_turns_are_a_loop_too():
    cycle = [{"command": "make"}, {"file_path": "a.py"}, {"command": "git diff"}]
    steps = [a_step(number, given=cycle[number % 3]) for number in range(3 * MOST_REPEATS)]

    loop = loop_of(*steps)

    assert loop
    assert loop.message.startswith("Bash, Bash, Bash were called 5 times in a row")
    assert loop_of(*steps[:-1]) is None


@pytest.mark.parametrize(
    "command",
    ["sleep 30; cat state", "kubectl wait pod/x", ["gh", "run", "watch"], "tail -f log", "./poll"],
)
def test_whoever_waits_may_ask_again(command):
    polls = [a_step(number, given={"command": command}) for number in range(9)]
    looks = [a_step(number) for number in range(10, 19)]

    assert loop_of(*polls) is None
    assert loop_of(*(step for pair in zip(polls, looks, strict=True) for step in pair)) is None


def test_other_words_about_the_same_command_are_the_same_call():
    steps = [a_step(n, given={**LS, "description": f"look again {n}"}) for n in range(5)]
    notes = [a_step(n, given={"description": f"note {n}"}) for n in range(5)]

    assert loop_of(*steps)
    assert loop_of(*notes) is None


def test_words_between_the_calls_are_no_work_and_the_end_is_the_end():
    talking = [(*a_step(n), Activity("message", "again"), Said("again")) for n in range(5)]

    assert loop_of(*talking)
    assert loop_of(*talking, (Finished(),)) is None


def test_calls_made_at_the_same_time_find_their_results():
    calls = [called(str(number), "Read", {"path": "a"}) for number in range(5)]
    results = [answered(str(number), "one" if number else "other") for number in range(5)]

    assert loop_of(calls, reversed(results)) is None
    assert loop_of(calls, [answered(str(number), "one") for number in range(5)])


def test_a_flood_of_calls_without_a_result_is_bounded():
    repeats = Repeats()
    for number in range(10_000):
        repeats.take(called(str(number), "Bash", LS))

    assert len(repeats._open) == 100


@given(st.lists(st.sampled_from("abc"), max_size=40))
def test_what_never_comes_five_times_over_is_no_loop(letters):
    steps = [a_step(number, given=letter) for number, letter in enumerate(letters)]
    tail = "".join(letters)
    repeated = any(len(tail) >= 5 * size and tail.endswith(tail[-size:] * 5) for size in (1, 2, 3))

    assert bool(loop_of(*steps)) is repeated


def test_what_is_too_deep_to_be_compared_is_like_nothing_else():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]

    assert called("1", "t", deep).digest != called("2", "t", deep).digest


def calls_in(agent, name):
    cli, data = REGISTRY[agent], (TRANSCRIPTS / name).read_bytes()
    if name.endswith(".json"):
        return cli.read(data)
    return tuple(event for line in data.splitlines() for event in cli.parse(line))


@pytest.mark.parametrize(
    ("agent", "name", "tools"),
    [
        ("claude", "claude_tool.jsonl", ["Write", "Bash"]),
        ("codex", "codex_tool.jsonl", ["file_change", "command_execution"]),
        ("codex", "codex_mcp.jsonl", ["report_progress"]),
        ("gemini", "gemini_success.jsonl", ["write_file", "run_shell_command"]),
        ("opencode", "opencode_success.jsonl", ["write", "bash"]),
        ("kilo", "kilo_success.jsonl", ["write", "bash"]),
        ("qwen", "qwen_success.jsonl", ["write_file", "run_shell_command"]),
        ("mini", "mini_success.json", ["bash", "bash"]),
        ("amp", "amp_success.jsonl", ["Bash"]),
    ],
)
def test_each_recorded_call_is_told_with_its_result(agent, name, tools):
    events = calls_in(agent, name)

    assert [call.tool for call in of(Called, events)][: len(tools)] == tools
    answers = {answer.id for answer in of(Answered, events)}
    assert answers <= {call.id for call in of(Called, events)}
    assert answers


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("claude", "claude_tool.jsonl"),
        ("gemini", "gemini_success.jsonl"),
        ("opencode", "opencode_success.jsonl"),
        ("kilo", "kilo_success.jsonl"),
        ("qwen", "qwen_success.jsonl"),
        ("amp", "amp_success.jsonl"),
    ],
)
def test_a_recorded_row_of_calls_played_again_and_again_is_a_loop(agent, name):
    played = [event for event in calls_in(agent, name) if isinstance(event, Called | Answered)]

    assert loop_of(*[played] * MOST_REPEATS)
    assert loop_of(*[played] * (MOST_REPEATS - 1)) is None


def test_patches_of_codex_to_the_same_file_are_not_taken_for_the_same():
    item = {"type": "file_change", "changes": [{"path": "a.py", "kind": "update"}]}
    lines = [
        {"type": "item.completed", "item": {**item, "id": f"item_{n}", "status": "completed"}}
        for n in range(9)
    ]
    parse = REGISTRY["codex"].parse

    assert loop_of(*[parse(json.dumps(line).encode()) for line in lines]) is None


def test_what_its_own_agents_do_at_the_same_time_is_no_loop():
    def line(number, parent):
        block = {"type": "tool_use", "id": f"t{number}", "name": "Read", "input": {"path": "a"}}
        whole = {"type": "assistant", "message": {"content": [block]}}
        return json.dumps({**whole, "parent_tool_use_id": parent}).encode()

    for agent in ("claude", "qwen", "amp"):
        parse = REGISTRY[agent].parse
        assert of(Called, parse(line(1, None)))
        assert not of(Called, parse(line(1, "t0")))


def standing(*reds):
    standstill = Standstill()
    return [standstill.after(red) for red in reds]


def test_rounds_without_any_effect_stand_still():
    red = Red("tree-1", 1, "FAILED test_a in 2.31s\n")

    assert standing(*[red] * (MOST_FRUITLESS + 1)) == [False] * MOST_FRUITLESS + [True]


@pytest.mark.parametrize(
    "other",
    [
        Red("tree-2", 1, "FAILED test_a\n"),
        Red("tree-1", 2, "FAILED test_a\n"),
        Red("tree-1", 1, "FAILED test_b\n"),
        Red(None, 1, "FAILED test_a\n"),
    ],
)
def test_another_tree_or_another_failure_is_an_effect(other):
    red = Red("tree-1", 1, "FAILED test_a\n")

    assert not any(standing(red, red, other, red, red))


def test_a_tree_that_is_not_known_is_never_taken_for_the_same():
    assert not any(standing(*[Red(None, 1, "FAILED")] * 9))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 failed in 2.31s", "1 failed in 12.3s"),
        ("<obj at 0x7f3dbff2c2c0>", "<obj at 0x7f99a1>"),
        ("/tmp/pytest-of-a/pytest-4/x failed", "/tmp/pytest-of-a/pytest-17/y failed"),
        ("\N{REPLACEMENT CHARACTER}[31mred\N{REPLACEMENT CHARACTER}[0m", "\x1b[1;31mred\x1b[0m"),
        ("cut in the mid\na failed\nb failed", "e middle\nb failed\na  failed"),
    ],
)
def test_what_differs_in_every_run_makes_no_difference(one, other):
    assert gist(one) == gist(other)


def test_what_failed_makes_a_difference():
    assert gist("test_a failed") != gist("test_b failed")


def a_repository(stage):
    git = ["git", "-C", stage.workspace, "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "init", "-q", stage.workspace], check=True)
    (stage.workspace / "kept.txt").write_text("one\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "one"], check=True)
    return stage


CHECK = ["sh", "-c", "echo 1 failed in 0.$(date +%N)s at /tmp/$$; exit 1"]


def test_rounds_that_change_nothing_end_the_attempt_as_a_loop(tmp_path):
    stage = a_stage(tmp_path, "true", check=CHECK, self_check_rounds=9)
    said = a_repository(stage).play()

    assert (said.failure, said.exit_code) == ("loop", 1)
    assert said.diagnostics["rounds"] == MOST_FRUITLESS + 1
    assert "2 rounds in a row changed no file" in said.diagnostics["message"]
    assert said.diagnostics["notes"] == []


@pytest.mark.parametrize(
    "work",
    [
        "echo more >> kept.txt",
        "echo more >> new.txt",
        'echo "$$" > new.txt; git add -A',
        "rm -f kept.txt; date +%N > other",
    ],
)
def test_a_round_that_changes_any_file_is_none(tmp_path, work):
    stage = a_stage(tmp_path, work, check=CHECK, self_check_rounds=4)
    said = a_repository(stage).play()

    assert (said.failure, said.diagnostics["rounds"]) == ("self_check", 4)


def test_the_question_to_git_leaves_the_agents_index_as_it_is(tmp_path):
    stage = a_stage(tmp_path, "echo new > new.txt", check=["false"], self_check_rounds=2)
    a_repository(stage).play()

    status = ["git", "-C", stage.workspace, "status", "--porcelain"]
    assert subprocess.check_output(status) == b"?? new.txt\n"


def test_after_the_last_round_a_red_check_is_a_red_check(tmp_path):
    stage = a_stage(tmp_path, "true", check=CHECK, self_check_rounds=MOST_FRUITLESS + 1)
    said = a_repository(stage).play()

    assert said.failure == "self_check"


def test_without_a_repository_rounds_go_on_and_the_reason_is_noted_once(tmp_path):
    said = a_stage(tmp_path, "true", check=CHECK, self_check_rounds=4).play()

    assert (said.failure, said.diagnostics["rounds"]) == ("self_check", 4)
    (note,) = said.diagnostics["notes"]
    assert "not a git repository" in note
