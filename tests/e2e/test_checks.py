"""Each setting of checks in fleet.yaml, as a user sees it on the board and in the log."""

import stat
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.fleets import Home, git

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(300)]

WRITES = "open('work.txt', 'w').write('done')"
SAME = "open('same.txt', 'w').write('the same')"
TESTS = {"name": "tests", "command": ["sh", "scripts/check.sh"]}


@pytest.fixture
def checked(tmp_path: Path, repository: Path, home: Home):
    """Answer what runs one task under these settings of the project, and shows it."""

    def run(script: str, *checks: dict[str, Any], **project: Any) -> Any:
        git(repository, "switch", "-q", "main")
        (repository / "scripts" / "check.sh").write_text(script)
        git(repository, "commit", "-qam", "another check")
        git(repository, "switch", "-q", "--detach")
        entry = {"key": "APP", "path": str(repository), "review": "auto", "image": home.image}
        home.configure(projects=[{**entry, "checks": checks or [TESTS], **project}])
        home.agent("writes", WRITES)
        key = home.task("write a file", "--max-retries", "0")
        done = home.run("run", "--json")
        shown = home.show(key)
        assert shown["attempts"], done.err
        return shown

    return run


def verdicts(shown: Any) -> Any:
    """Answer the verdicts of a task's first attempt."""
    return shown["attempts"][0]["verdicts"]


def test_a_check_has_its_own_limits(checked) -> None:
    # the target's own check is within them: what is added eats the memory
    script = "test ! -e work.txt || python3 -c 'bytearray(b\"x\") * 100000000'\n"

    (verdict,) = verdicts(
        checked(script, {**TESTS, "limits": {"cpus": 1, "memory": "64m", "pids": 50}})
    )

    assert (verdict["status"], verdict["error"]) == ("failed", "memory limit of 64 MiB")


def test_a_check_that_ran_no_test_is_red_and_says_so(checked) -> None:
    shown = checked("mkdir t\npython3 -m unittest discover t || true\n")

    (verdict,) = verdicts(shown)
    assert (shown["status"], verdict["status"], verdict["exit_code"]) == ("failed", "failed", 0)
    assert verdict["error"] == "no test ran: 'Ran 0 tests in 0.000s'"


def test_the_projects_own_pattern_says_that_no_test_ran(checked) -> None:
    (verdict,) = verdicts(checked("echo '0 cases'\n", {**TESTS, "no_tests_pattern": "^0 cases"}))

    assert verdict["status"] == "failed"
    assert "matches no_tests_pattern '^0 cases'" in verdict["error"]


def test_a_flaky_check_is_named_so_and_merges_nothing(checked) -> None:
    # red in the first half minute of a commit, however late in it this begins; green right after
    age = "age=$(( $(date +%s) - $(git log -1 --format=%ct) ))\n"
    script = f"{age}if test $age -lt 30; then sleep $((30 - age)); exit 4; fi\n"

    shown = checked(script, {**TESTS, "repeat_red": 6})

    (verdict,) = verdicts(shown)
    assert (shown["status"], verdict["status"], verdict["flaky"]) == ("failed", "failed", True)
    assert "exit code 4; flaky: green in 1 of" in verdict["error"]


def test_checks_run_side_by_side_and_both_reds_are_told(checked) -> None:
    lint = {"name": "lint", "command": ["sh", "-c", "exit 2"]}
    slow = {"name": "slow", "command": ["sh", "-c", "sleep 2; exit 3"]}
    late = {"name": "late", "command": ["sh", "-c", "exit 4"]}

    found = verdicts(checked("exit 0\n", lint, slow, late, checks_at_once=2))

    assert [(v["name"], v["exit_code"]) for v in found] == [("lint", 2), ("slow", 3)]


def test_checks_stand_in_a_row_where_nothing_is_said(checked) -> None:
    lint = {"name": "lint", "command": ["sh", "-c", "exit 2"]}

    found = verdicts(checked("exit 0\n", lint, TESTS))

    assert [v["name"] for v in found] == ["lint"]


def test_the_log_of_a_check_is_a_file_of_the_home(checked, home: Home) -> None:
    (verdict,) = verdicts(checked("seq 5000\nexit 1\n"))

    log = home.folder / verdict["log"]
    assert log.read_text() == "".join(f"{n}\n" for n in range(1, 5001))
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_tree_that_was_checked_is_not_checked_again(checked, home: Home) -> None:
    shown = checked("exit 0\n")

    # the target stood still: what is merged has the very files that were verified
    (attempt,) = shown["attempts"]
    first, *landed = attempt["verdicts"]
    assert (shown["status"], first["source"]) == ("done", "")
    assert [verdict["source"] for verdict in landed] == [attempt["id"]] * len(landed)
    assert landed
    logs = sorted(path.name for path in (home.folder / "traces" / "checks").iterdir())
    assert len(logs) == 1


def test_a_red_tree_stays_red_for_the_next_attempt(home: Home) -> None:
    home.agent("red", "open('red.txt', 'w').write('x')")
    key = home.task("cannot be done", "--max-retries", "1")

    home.run("run")

    first, second = home.show(key)["attempts"]
    assert (first["verdicts"][0]["source"], first["verdicts"][0]["status"]) == ("", "failed")
    again = second["verdicts"][0]
    assert (again["source"], again["status"]) == (first["id"], "failed")
