"""A check that ran no test proves nothing, and says so in its summary."""

import pytest

from fleet.domain.untested import untested

SUMMARY = "============================ {} ============================="
PASSED = SUMMARY.format("200 passed, 2 warnings in 12.30s")


def said(stdout="", stderr="", *, exit_code=0, command=("make", "test")):
    return untested(stdout, stderr, exit_code=exit_code, command=command)


@pytest.mark.parametrize(
    "summary",
    [
        "no tests ran in 0.09s",
        "2 deselected in 0.07s",
        "1 warning in 0.07s",
        "2 deselected, 1 warning in 3605.00s (1:00:05)",
        "2 tests collected in 0.08s",
        "1/2 tests collected (1 deselected) in 0.10s",
        "no tests collected in 0.01s",
    ],
)
def test_a_summary_of_pytest_that_tells_of_no_test_is_believed(summary):
    for line in (summary, SUMMARY.format(summary), f"\x1b[33m{summary}\x1b[0m\x1b[0m"):
        assert "no test ran" in str(said(f"collected 0 items\n\n{line}\n"))


@pytest.mark.parametrize("ended", ["OK", "NO TESTS RAN", "NO TESTS RAN (skipped=1)"])
def test_unittest_that_ran_none_is_believed_on_standard_error(ended):
    ran = f"\n{'-' * 70}\nRan 0 tests in 0.000s\n\n{ended}\n"

    assert said("fine\n", ran) == "no test ran: 'Ran 0 tests in 0.000s'"


def test_a_suite_that_says_it_in_passing_and_then_runs_others_is_green():
    inner = f"{SUMMARY.format('no tests ran in 0.01s')}\ncollected 0 items\nRan 0 tests in 0.000s\n"

    assert said(inner + PASSED) is None
    assert said(PASSED + "\n" + inner) is None
    assert said(inner, "Ran 200 tests in 3.1s\n\nOK\n") is None
    assert said(inner + "Tests:       12 passed, 12 total\n") is None


@pytest.mark.parametrize(
    "line",
    [
        "no tests ran against the staging server in 4s flat",
        "we found that no tests ran in 0.01s, once",
        "docs: `collected 0 items`",
        "all 12 warnings in 3 files",
    ],
)
def test_a_sentence_about_it_is_no_summary(line):
    assert said(f"{line}\nok\n") is None


def test_what_ends_where_nothing_was_found_ran_nothing():
    assert said("plugins: x\ncollected 0 items\n\n") == "no test ran: 'collected 0 items'"
    assert said("collected 0 items\nall is well\n") is None


def test_pytests_own_exit_code_counts_where_pytest_was_called():
    assert said(exit_code=5, command=("python3", "-m", "pytest", "-qq")) is not None
    assert said(exit_code=5, command=("curl", "host")) is None
    assert said("1 failed in 0.1s", exit_code=5, command=("pytest",)) is None
