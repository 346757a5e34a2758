"""An agent that goes on when it is over: nothing it does later is kept, shown or believed."""

from tests.hostile.night import MARKS, Aftermath, attack

pytestmark = MARKS

_DEAF = """
import signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
"""


@attack(
    _DEAF
    + """
Path("early.txt").write_text("early")
while True:
    Path("late.txt").write_text(str(time.time()))
    time.sleep(0.05)
""",
    attempt_timeout="15s",
)
def test_a_process_that_ignores_the_stop_is_ended_and_was_no_success(after: Aftermath) -> None:
    assert after.state in {"swapped", "failed"}
    assert after.kept_out
    assert b"early.txt" in after.files


@attack(
    _DEAF
    + """
if os.fork():
    Path("early.txt").write_text("early")
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
while True:
    Path("late.txt").write_text(str(time.time()))
    time.sleep(0.01)
"""
)
def test_a_daemon_that_outlives_its_agent_is_ended_before_work_is_collected(
    after: Aftermath,
) -> None:
    assert after.merged
    assert b"early.txt" in after.files
    worktrees = after.night.home.folder / ".fleet" / "worktrees"
    assert not list(worktrees.rglob("late.txt"))


@attack(
    """
work()
os.kill(0, 19)
""",
    attempt_timeout="15s",
)
def test_an_agent_that_freezes_itself_is_ended_by_time(after: Aftermath) -> None:
    assert after.state in {"swapped", "failed"}
    assert after.kept_out
    assert after.worked


@attack("""
result(failure={"kind": "auth", "message": "revoked", "retry_after_seconds": 2_000_000})
""")
def test_a_script_that_blames_the_account_ends_its_own_task_alone(after: Aftermath) -> None:
    accounts = after.night.fleet("pool", "status", "--json").json
    assert after.state == "swapped"
    assert after.task["status"] == "failed"
    assert [one["state"] for one in accounts] == ["ready"]


@attack(
    """
work()
result(summary="done", failure={"kind": "crash", "message": "it broke"})
"""
)
def test_a_failure_told_beside_an_exit_of_0_is_a_failure(after: Aftermath) -> None:
    assert not after.merged
    assert after.kept_out
