"""What an agent says over the socket: a few types, bounded, and nothing else."""

import json
import selectors
import socket
import subprocess

import pytest

from fleet_agent.fields import FieldError
from fleet_agent.post import Post
from fleet_agent.reports import read_report
from tests.agent.stage import REPORT, a_stage

CHATTER = """
import json, os, socket
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["FLEET_SOCKET"])
f = s.makefile("rw")
def say(line):
    f.write(line + "\\n"); f.flush(); return json.loads(f.readline())
"""


def a_talk(tmp_path, body):
    (tmp_path / "talk.py").write_text(CHATTER + body)
    return a_stage(tmp_path, f"python3 -I {tmp_path / 'talk.py'}").play()


def test_the_client_reports_progress_error_and_lesson(tmp_path):
    said = a_stage(
        tmp_path,
        f"{REPORT} progress 'half way' --percent 50 && {REPORT} error oops --kind network"
        f" && {REPORT} lesson 'pin it' --problem broke --remedy pin --tag pip --file a.txt",
    ).play()

    assert said.result["status"] == "success"
    assert (said.of("progress")[0]["message"], said.of("progress")[0]["percent"]) == (
        "half way",
        50,
    )
    assert said.of("error")[0]["kind"] == "network"
    (lesson,) = said.of("lesson")
    assert (lesson["title"], lesson["tags"], lesson["files"]) == ("pin it", ["pip"], ["a.txt"])
    assert said.diagnostics["lessons"][0]["title"] == "pin it"


def test_an_approval_request_ends_the_attempt(tmp_path):
    said = a_stage(tmp_path, f"{REPORT} approval network 'needs pypi'; sleep 60").play()

    assert (said.failure, said.exit_code) == ("approval_required", 1)
    assert said.of("approval")[0]["category"] == "network"
    assert said.diagnostics["approval"] == {"category": "network", "reason": "needs pypi"}


def test_a_report_sent_with_the_last_breath_is_heard(tmp_path):
    said = a_talk(tmp_path, """f.write('{"type": "progress", "message": "bye"}\\n'); f.flush()""")

    assert [line["message"] for line in said.of("progress")] == ["bye"]


@pytest.mark.parametrize(
    "line",
    [
        '{"type": "result", "status": "success"}',
        '{"type": "usage", "cost_usd": 0}',
        '{"type": "check", "exit_code": 0}',
        '{"type": "beat"}',
        '{"type": "progress"}',
        '{"type": "progress", "message": 7}',
        '{"type": "progress", "message": "x", "percent": 101}',
        '{"type": "lesson", "title": "t", "tags": "all"}',
        '{"type": "approval", "category": "x"}',
        '{"type": "constitution", "text": " "}',
        '{"type": "decision", "reason": "why"}',
        "[]",
        "no json",
        "[" * 12_000,
    ],
)
def test_any_other_report_is_refused(line):
    with pytest.raises(FieldError):
        read_report(line.encode())


def test_a_refusal_is_answered_and_counted(tmp_path):
    said = a_talk(tmp_path, """print(say('{"type": "result"}'))""")

    assert "must be one of" in said.diagnostics["stdout_tail"]
    assert said.diagnostics["dropped"]["reports"] == 1
    assert len(said.of("result")) == 1


def test_a_flood_of_reports_is_held_back(tmp_path):
    flood = "for n in range(500): say(json.dumps({'type': 'progress', 'message': str(n)}))"
    said = a_talk(tmp_path, flood)

    seconds = said.diagnostics["duration_seconds"]
    assert 10 <= len(said.of("progress")) <= 10 + 5 * seconds
    assert said.diagnostics["dropped"]["reports"] == 500 - len(said.of("progress"))


def test_a_report_without_end_is_cut_off(tmp_path):
    said = a_talk(tmp_path, "f.write('x' * 40_000); f.flush(); print(f.readline())")

    assert "at most 16384 bytes" in said.diagnostics["stdout_tail"]


def test_texts_of_a_report_are_cut_and_hold_no_controls():
    line = json.dumps({"type": "progress", "message": "\x1b[2J\x00\ud800" + "x" * 5000})
    message = str(read_report(line.encode()).fields["message"])

    assert len(message) == 1000
    assert not set(message) & {"\x1b", "\x00", "\ud800"}


def test_at_most_ten_lessons_are_taken(tmp_path):
    said = a_talk(
        tmp_path,
        """
import time
for n in range(12):
    say(json.dumps({"type": "lesson", "title": f"lesson {n}"}))
    time.sleep(0.1)
""",
    )

    assert len(said.of("lesson")) == len(said.diagnostics["lessons"]) == 10


def test_what_is_left_for_reflection_is_told_by_the_result_alone(tmp_path):
    said = a_stage(
        tmp_path,
        f"{REPORT} constitution 'Pin what you install.'"
        f" && {REPORT} decision 'cents, no floats' --reason 'floats round'; exit 3",
    ).play()

    assert said.failure == "crash"
    assert said.diagnostics["for_constitution"] == ["Pin what you install."]
    assert said.diagnostics["technical_decisions"] == [
        {"decision": "cents, no floats", "reason": "floats round"}
    ]
    assert {line["type"] for line in said.lines} <= {"started", "beat", "activity", "result"}


@pytest.mark.parametrize(
    ("report", "kept"),
    [
        ({"type": "constitution", "text": "x" * 700}, "for_constitution"),
        ({"type": "decision", "decision": "x" * 700}, "technical_decisions"),
    ],
)
def test_at_most_ten_notes_of_600_characters_are_kept(tmp_path, report, kept):
    said = a_talk(
        tmp_path,
        f"""
import time
for n in range(11):
    print(say(json.dumps({report!r})), flush=True)
    time.sleep(0.1)
""",
    )

    assert len(said.diagnostics[kept]) == 10
    assert len(json.dumps(said.diagnostics[kept][0])) < 650
    assert "at most 10" in said.diagnostics["stdout_tail"].splitlines()[-1]


def test_the_client_outside_of_an_attempt_says_so(tmp_path):
    done = subprocess.run(
        f"{REPORT} progress hi", shell=True, capture_output=True, check=False, env={}
    )

    assert done.returncode == 1
    assert b"FLEET_SOCKET is not set" in done.stderr


def test_who_still_listens_when_the_loop_is_over_is_hung_up_on(tmp_path):
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as guest:
        with selectors.DefaultSelector() as selector:
            post = Post(tmp_path / "socket", lambda report: None, str)
            post.attach(selector)
            guest.connect(path)
            for key, _ in selector.select(10):
                key.data()

        post.close()

        guest.settimeout(10)
        assert guest.recv(1) == b""
