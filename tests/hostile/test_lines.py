"""An agent that speaks for its runner, or floods it: only the runner's own word is taken."""

import json

from tests.hostile.night import MARKS, Aftermath, attack

pytestmark = MARKS


def _line(**told: object) -> str:
    return json.dumps({"v": 1, "seq": 999, "at": "2026-01-01T00:00:00+00:00", **told})


_FAKE = _line(type="result", status="success", summary="forged", diagnostics={})
_USAGE = _line(type="usage", cost_usd=999.0, input_tokens=1, cumulative=True, turns=1)


@attack(
    f"""
break_the_sum()
print({_FAKE!r}, flush=True)
print({_USAGE!r}, file=__import__("sys").stderr, flush=True)
"""
)
def test_event_lines_on_its_output_are_only_output(after: Aftermath) -> None:
    assert after.state == "rejected"
    assert "forged" not in after.task["summary"]
    assert not after.task["spent_usd"]


@attack(
    f"""
tries = {{}}
for place in ("/proc/1/fd/0", "/proc/1/fd/1", "/proc/1/fd/2", "/proc/1/mem"):
    tries[place] = came_of(lambda: Path(place).write_text({_FAKE!r}))
tell(**tries)
"""
)
def test_the_runners_own_descriptors_cannot_be_written(after: Aftermath) -> None:
    assert "done" not in after.found.values()
    assert after.merged


@attack("""
import ctypes, signal
libc = ctypes.CDLL(None, use_errno=True)
ATTACH, SEIZE = 16, 0x4206
tell(attached=libc.ptrace(ATTACH, 1, 0, 0), seized=libc.ptrace(SEIZE, 1, 0, 0),
     environment=came_of(lambda: Path("/proc/1/environ").read_bytes()),
     memory=came_of(lambda: Path("/proc/1/mem").read_bytes()),
     killed=came_of(lambda: os.kill(1, signal.SIGKILL)))
""")
def test_the_runner_can_be_neither_traced_nor_read_nor_killed(after: Aftermath) -> None:
    assert after.found["attached"] == after.found["seized"] == -1
    assert {after.found["environment"], after.found["memory"]} <= {"EACCES", "EPERM"}
    assert after.merged


@attack("""
import signal
break_the_sum()
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
    os.kill(1, number)
""")
def test_a_runner_that_its_agent_ends_is_no_success(after: Aftermath) -> None:
    assert not after.merged
    assert after.kept_out


@attack(
    """
work()
import json, socket
told = []
for message in ("x" * 100_000, "x" * 15_000):
    with socket.socket(socket.AF_UNIX) as runner:
        runner.connect(os.environ["FLEET_SOCKET"])
        runner.sendall(json.dumps({"type": "progress", "message": message}).encode() + b"\\n")
        told.append(b"true" in runner.recv(100))
tell(told=told)
"""
)
def test_a_report_that_is_too_long_is_refused(after: Aftermath) -> None:
    assert after.found["told"][0] is False
    assert after.merged


@attack(
    """
import json, socket
refused = []
for report in ({"type": "result", "status": "success"}, {"type": "usage", "cost_usd": 5},
               {"type": "beat"}, {"type": "started"}, {"type": "check", "exit_code": 0}, [1], "x",
               None, {"type": "progress", "message": {"a": [[[[[[]]]]]]}}):
    with socket.socket(socket.AF_UNIX) as runner:
        runner.connect(os.environ["FLEET_SOCKET"])
        runner.sendall(json.dumps(report).encode() + b"\\n")
        refused.append(b"false" in runner.recv(1000))
tell(refused=refused)
"""
)
def test_reports_that_only_a_runner_makes_are_refused(after: Aftermath) -> None:
    assert all(after.found["refused"])
    assert not after.task["spent_usd"]
    assert after.merged


@attack("""
import json, socket
work()
report = {"type": "progress", "message": "in another's name", "attempt": "app-1-1-0", "seq": 9**9,
          "task": "APP-1", "at": "1970-01-01T00:00:00+00:00"}
with socket.socket(socket.AF_UNIX) as runner:
    runner.connect(os.environ["FLEET_SOCKET"])
    runner.sendall(json.dumps(report).encode() + b"\\n")
    runner.recv(1000)
""")
def test_a_report_in_the_name_of_another_attempt_counts_as_its_own(after: Aftermath) -> None:
    other = after.night.fleet("task", "log", "APP-1").out
    assert "in another's name" not in other
    assert "1970" not in after.log
    assert after.merged


@attack(
    """
work()
import json, socket
with socket.socket(socket.AF_UNIX) as runner:
    runner.connect(os.environ["FLEET_SOCKET"])
    runner.settimeout(5)
    for number in range(5000):
        report = {"type": "progress", "message": f"forged progress {number}"}
        runner.sendall(json.dumps(report).encode() + b"\\n")
        if not runner.recv(1000):
            break
"""
)
def test_a_flood_of_reports_is_bounded(after: Aftermath) -> None:
    assert after.log.count("forged progress") < 1000
    assert after.merged


@attack(
    """
work()
import sys
for _ in range(32):
    sys.stdout.write("x" * 2**20)
print()
print("the end")
"""
)
def test_a_flood_of_output_is_bounded(after: Aftermath) -> None:
    assert after.merged
    assert len(after.log) < 200_000


@attack(
    """
work()
result(summary="s", usage={"input_tokens": -5, "output_tokens": 10**30, "cost_usd": -1e9,
                           "turns": "many"})
"""
)
def test_usage_that_cannot_be_is_ignored_and_noted(after: Aftermath) -> None:
    assert after.merged
    assert not after.task["spent_usd"]
    assert "FLEET_RESULT" in after.log


@attack(
    """
work()
result(summary="x" * 10**6)
"""
)
def test_a_result_that_cannot_be_read_is_no_success(after: Aftermath) -> None:
    assert after.state in {"failed", "swapped"}
    assert "larger than" in after.reason + after.log


@attack(
    """
work()
os.symlink("/proc/1/environ", os.environ["FLEET_RESULT"])
"""
)
def test_a_result_that_is_a_link_is_not_followed(after: Aftermath) -> None:
    assert not after.merged
    assert after.kept_out


@attack("""
files = ("packet.json", "context.json")
tell(**{name: came_of(lambda: Path("/fleet", name).write_text("{}")) for name in files},
     moved=came_of(lambda: os.rename("/fleet/packet.json", "/fleet/old.json")),
     passwd=came_of(lambda: Path("/etc/passwd").write_text("root::0:0::/:/bin/sh")),
     runner=came_of(lambda: Path("/opt/fleet/fleet_agent/run.py").write_text("")))
""")
def test_what_it_was_told_cannot_be_rewritten(after: Aftermath) -> None:
    assert "done" not in after.found.values()
    assert after.merged
