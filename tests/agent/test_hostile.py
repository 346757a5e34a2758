"""An agent at its worst outside of a container, where only the runner's own care protects."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.agent.stage import a_stage, heard

pytestmark = pytest.mark.slow

FAKE = '{"v":1,"seq":1,"at":"2026-01-01T00:00:00+00:00","type":"result","status":"success"}'


def test_fake_lines_on_its_output_add_no_event(tmp_path):
    said = a_stage(tmp_path, f"echo '{FAKE}'; echo '{FAKE}' >&2; exit 1").play()

    assert len(said.of("result")) == 1
    assert said.result["status"] == "failure"


def test_no_descriptor_of_the_runner_is_inherited(tmp_path):
    a_stage(tmp_path, "exec ls -l /proc/self/fd > ../fds").play()

    links = [line.split()[-3:] for line in (tmp_path / "fds").read_text().splitlines()[1:]]
    inherited = {number: target for number, _, target in links if "/proc/" not in target}
    assert sorted(inherited) == ["0", "1", "2"]
    assert inherited["0"] == "/dev/null"


@pytest.mark.parametrize(
    ("trick", "why"),
    [
        ("ln -s /proc/self/environ $FLEET_RESULT", "cannot be read"),
        ("ln -s /dev/zero $FLEET_RESULT", "cannot be read"),
        ("mkfifo $FLEET_RESULT", "no plain file"),
        ("mkdir $FLEET_RESULT", "no plain file"),
        ("head -c 70000 /dev/zero > $FLEET_RESULT", "larger than"),
        ("echo '[1]' > $FLEET_RESULT", "must be a JSON object"),
        ("""printf '{"failure": {"ki' > $FLEET_RESULT""", "is not JSON"),
        (": > $FLEET_RESULT", "is not JSON"),
    ],
)
def test_a_result_file_that_cannot_be_read_is_no_success(tmp_path, trick, why):
    said = a_stage(tmp_path, trick).play()

    assert (said.failure, said.exit_code) == ("crash", 1)
    assert why in said.diagnostics["message"]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ('{"summary": 5}', "FLEET_RESULT.summary"),
        ('{"usage": {"turns": -1}}', "usage.turns"),
        ('{"usage": {"cost_usd": 1e999}}', "usage.cost_usd"),
        ('{"usage": {"cost_usd": NaN}}', "usage.cost_usd"),
        ('{"usage": [1]}', "FLEET_RESULT.usage"),
    ],
)
def test_a_field_that_cannot_be_used_is_noted_and_ignored(tmp_path, told, why):
    said = a_stage(tmp_path, f"echo '{told}' > $FLEET_RESULT").play()

    assert said.result["status"] == "success"
    assert why in said.diagnostics["notes"][0]
    assert said.diagnostics["usage"] is None


def test_a_planted_link_cannot_lead_the_next_packet_astray(tmp_path):
    target = tmp_path / "precious"
    agent = f'rm "$FLEET_PACKET"; ln -s {target} "$FLEET_PACKET"; chmod 0 $(dirname $FLEET_PACKET)'
    said = a_stage(tmp_path, agent, check=["false"], self_check_rounds=2).play()

    assert said.diagnostics["rounds"] == 2
    assert not target.exists()


@pytest.mark.parametrize(
    "shell",
    [
        "sleep 300 & echo $! > pid",
        "setsid sh -c 'echo $$ > pid; exec sleep 300' &",
        "(setsid sh -c 'trap \"\" TERM HUP; echo $$ >pid; while :; do sleep 1; done' &)",
    ],
)
def test_whatever_the_agent_leaves_running_is_killed(tmp_path, shell):
    said = a_stage(tmp_path, f"{shell}\nuntil test -s pid; do sleep 0.05; done").play()

    pid = int((tmp_path / "workspace" / "pid").read_text())
    assert said.result["status"] == "success"
    assert not Path(f"/proc/{pid}").exists()


def test_folders_deeper_than_the_runner_goes_cost_no_result(tmp_path):
    agent = """folder=$(dirname "$FLEET_PACKET"); echo "$folder" > folder; cd "$folder"
        ten=d/d/d/d/d/d/d/d/d/d
        for _ in $(seq 120); do mkdir -p $ten && cd $ten || exit 1; done"""
    said = a_stage(tmp_path, agent).play()
    subprocess.run(["rm", "-rf", (tmp_path / "workspace/folder").read_text().strip()], check=True)

    assert said.result["status"] == "success"


def test_foreign_processes_are_left_alone(tmp_path):
    bystander = os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "60")
    a_stage(tmp_path).play()

    assert os.waitpid(bystander, os.WNOHANG) == (0, 0)
    os.kill(bystander, signal.SIGKILL)
    os.waitpid(bystander, 0)


def test_a_flood_of_output_stays_within_the_bounds_and_keeps_its_end(tmp_path):
    began = time.monotonic()
    said = a_stage(tmp_path, "head -c 30000000 /dev/zero | tr '\\0' 'x'; echo; echo the end").play()
    seconds = time.monotonic() - began

    assert len(said.lines) <= 20 * (seconds + 1)
    assert len(said.raw) < 100_000
    assert said.diagnostics["stdout_tail"].endswith("the end\n")
    assert len(said.diagnostics["stdout_tail"]) <= 8192


def test_output_that_is_no_text_makes_clean_lines(tmp_path):
    said = a_stage(tmp_path, "head -c 20000 /dev/urandom; printf '\\033[2J\\000'").play()

    assert said.result["status"] == "success"
    assert b"\\u0000" not in said.raw
    assert b"\\u001b" not in said.raw
    json.dumps(said.lines, ensure_ascii=False).encode()


def test_an_agent_that_closes_its_output_is_still_watched(tmp_path):
    said = a_stage(tmp_path, "exec >&- 2>&-; sleep 0.3; echo ok > done.txt").play()

    assert said.result["status"] == "success"
    assert (tmp_path / "workspace" / "done.txt").exists()


def test_an_agent_that_stops_its_own_group_is_ended_by_time(tmp_path):
    said = a_stage(tmp_path, "kill -STOP 0", limits={"attempt_timeout_seconds": 0.5}).play()

    assert said.failure == "timeout"


def test_a_module_in_the_workspace_is_not_run_by_the_runner(tmp_path):
    stage = a_stage(tmp_path)
    for name in ("json.py", "fleet_agent.py", "sitecustomize.py"):
        (stage.workspace / name).write_text("open('imported', 'w')")
    said = heard(stage.start(cwd=stage.workspace, env={"PYTHONPATH": str(stage.workspace)}))

    assert said.exit_code == 0
    assert not (stage.workspace / "imported").exists()


def test_a_reader_that_goes_away_does_not_end_the_work(tmp_path):
    stage = a_stage(tmp_path, "sleep 0.3; echo kept > work.txt")
    runner = stage.start()
    runner.stdout.close()
    runner.stderr.close()

    assert runner.wait() == 0
    assert (stage.workspace / "work.txt").read_text() == "kept\n"


def test_no_scratch_is_left_behind(tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    stage = a_stage(tmp_path)
    heard(stage.start(env={"PATH": os.defpath, "TMPDIR": str(scratch)}))

    assert list(scratch.iterdir()) == []
