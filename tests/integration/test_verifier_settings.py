"""What fleet.yaml says of checks holds: limits, no tests, repeats, several at once, logs."""

import re
import stat
import subprocess
import threading
from dataclasses import replace

import pytest

from fleet.domain.limits import Limits
from fleet.domain.result import Check, VerdictStatus, diagnosis
from tests.checking import LIMITS, SCRIPT, a_bench
from tests.containers import MEGABYTE, a_home, eventually

pytestmark = pytest.mark.docker


@pytest.fixture
def bench(tmp_path):
    with a_home() as (_, home8), a_bench(tmp_path, home8) as bench:
        yield bench


def test_each_check_has_the_limits_it_was_given(bench):
    eat = f"python3 -c \"bytearray(b'x') * {100 * MEGABYTE}\""
    hungry = bench.branch({SCRIPT: eat})
    little = Limits(cpus=0.5, memory_bytes=32 * MEGABYTE, pids=20)

    assert bench.said(hungry).status is VerdictStatus.PASSED
    assert bench.said(hungry, limits=little).error == "memory limit of 32 MiB"
    many = bench.branch({SCRIPT: "for n in $(seq 30); do sleep 2 & done; wait"})
    assert bench.said(many).status is VerdictStatus.PASSED
    assert bench.said(many, limits=little).error == "limit of 20 processes"


def test_a_check_that_ran_no_test_is_not_green(bench):
    nothing = bench.branch({SCRIPT: "mkdir t; python3 -m unittest discover t || true"})

    verdict = bench.said(nothing)

    assert (verdict.status, verdict.exit_code) == (VerdictStatus.FAILED, 0)
    assert re.fullmatch(r"no test ran: 'Ran 0 tests in \d\.\d+s'", str(verdict.error))
    assert "no test ran" in diagnosis((verdict,))


def test_a_projects_own_pattern_says_that_no_test_ran(bench):
    sha = bench.branch({SCRIPT: "echo 'suite: 0 cases'"})

    assert bench.said(sha).status is VerdictStatus.PASSED
    assert bench.said(sha, no_tests=r"\b0 cases").status is VerdictStatus.FAILED


def test_a_red_check_that_a_repeat_passes_is_flaky_and_stays_red(bench):
    sha = bench.branch({SCRIPT: 'test "$STARTED" = 3 || exit 7'})

    verdict = bench.said(sha, repeat_red=3)

    assert (verdict.status, verdict.flaky, verdict.exit_code) == (VerdictStatus.FAILED, True, 7)
    assert "exit code 7; flaky: green in 1 of 2 repeats" in diagnosis((verdict,))
    assert len(bench.runtime.started) == 3
    bench.recorded(verdict)
    bench.opened()
    assert bench.said(sha, repeat_red=3).flaky


def test_a_red_check_is_repeated_no_oftener_than_said(bench):
    red = bench.branch({SCRIPT: "exit 1"})

    verdict = bench.said(red, repeat_red=2)

    assert len(bench.runtime.started) == 3
    assert (verdict.flaky, verdict.error) == (False, None)


def test_a_green_check_is_not_repeated(bench):
    bench.said(bench.branch({"app.txt": "two\n"}), repeat_red=2)

    assert len(bench.runtime.started) == 1


def checks(*commands):
    """Answer checks named `a`, `b`, and so on."""
    return [
        Check(name=name, command=("sh", "-c", command), limits=LIMITS)
        for name, command in zip("abcdef", commands, strict=False)
    ]


def side_by_side(bench, wanted, at_once):
    project = replace(bench.project, checks_at_once=at_once)
    sha = bench.worktrees.tip(bench.project)
    return bench.verifier.check(
        project, attempt=bench.attempt, sha=sha, checks=wanted, overlay=False
    )


def test_several_checks_run_side_by_side(bench):
    wanted, said = checks(*["until test -e /tmp/go; do sleep 0.1; done"] * 2), []
    checking = threading.Thread(target=lambda: said.extend(side_by_side(bench, wanted, 2)))
    checking.start()

    eventually(lambda: sum(each.running for each in bench.runtime.containers()) == 2)
    for each in bench.runtime.containers():
        subprocess.run(["docker", "exec", each.name, "touch", "/tmp/go"], check=True)
    checking.join()

    assert [(verdict.name, verdict.exit_code) for verdict in said] == [("a", 0), ("b", 0)]


def test_the_neighbour_of_a_red_check_is_let_end(bench):
    said = side_by_side(bench, checks("exit 1", "sleep 2; exit 2", "exit 3"), 2)

    assert [(verdict.name, verdict.exit_code) for verdict in said] == [("a", 1), ("b", 2)]


def test_the_whole_log_of_a_check_is_kept(bench):
    sha = bench.branch({SCRIPT: "seq 9000; echo aside >&2; exit 1"})

    verdict = bench.said(sha)

    log = bench.log(verdict)
    assert verdict.log.startswith(f"traces/checks/{bench.attempt}-check-")
    assert [line for line in log.split() if line.isdigit()] == [str(n) for n in range(1, 9001)]
    assert "aside\n" in log
    assert stat.S_IMODE((bench.home / verdict.log).stat().st_mode) == 0o600


def test_a_flood_of_output_is_kept_in_bounds(bench):
    flood = "yes 'a line of the flood' | head -c 12000000; echo the end"

    verdict = bench.said(bench.branch({SCRIPT: f"echo the beginning; {flood}"}))

    log = bench.log(verdict)
    assert len(log) < 5 * MEGABYTE
    assert log.startswith("the beginning\n")
    assert log.endswith("the end\n")
    assert "bytes left out here]\n" in log
    assert verdict.stdout.endswith("the end\n")


def test_no_secret_is_kept_of_what_a_check_wrote(bench):
    token = "ghp_" + "a1B2" * 9
    sha = bench.branch({SCRIPT: f"echo {token}; echo {token} >&2; exit 1"})

    verdict = bench.said(sha)

    for text in (bench.log(verdict), verdict.stdout, verdict.stderr):
        assert "[redacted]" in text
        assert token not in text


def test_a_log_that_cannot_be_kept_costs_no_verdict(bench):
    (bench.home / "traces").write_text("in the way")

    verdict = bench.said(bench.branch({"app.txt": "two\n"}))

    assert (verdict.status, verdict.log) == (VerdictStatus.PASSED, "")
