"""Verdicts joined and worded."""

from dataclasses import replace
from itertools import permutations

import pytest

from fleet.domain.limits import Limits
from fleet.domain.result import Check, VerdictStatus, diagnosis, verdict_of
from tests.builders import a_verdict

PASSED, FAILED, ERROR = VerdictStatus.PASSED, VerdictStatus.FAILED, VerdictStatus.ERROR


@pytest.mark.parametrize(
    ("said", "joined"),
    [
        ((PASSED, PASSED), PASSED),
        ((PASSED, FAILED), FAILED),
        ((PASSED, FAILED, ERROR), ERROR),
        ((FAILED, ERROR), ERROR),
        ((), ERROR),
    ],
)
def test_the_worst_verdict_counts(said, joined):
    for order in permutations(said):
        assert verdict_of(tuple(a_verdict(status=status) for status in order)) is joined


def test_the_diagnosis_words_red_verdicts_only():
    red = a_verdict(name="lint", status=FAILED, exit_code=3, stdout="x" * 50 + "out", stderr="err")

    said = diagnosis((a_verdict(stdout="fine"), red), limit=8)

    assert said == "check 'lint' (sh scripts/check.sh): exit code 3\nxout\nerr"
    assert diagnosis((a_verdict(),)) == ""


def test_an_error_is_worded_by_its_cause():
    assert "no image" in diagnosis((a_verdict(status=ERROR, exit_code=None, error="no image"),))


def test_a_verdict_keeps_the_contract():
    told = a_verdict(status=FAILED, exit_code=1).contract()

    assert list(told) == [
        "status", "command", "exit_code", "stdout", "stderr", "duration_seconds", "error"
    ]  # fmt: skip
    assert (told["status"], told["command"]) == ("failed", ["sh", "scripts/check.sh"])


def test_a_definition_tells_checks_apart_whose_answers_may_differ():
    check = Check(name="a", command=("x", "y"))
    others = [
        replace(check, name="b"),
        replace(check, command=("x y",)),
        replace(check, timeout_seconds=1.0),
        replace(check, limits=Limits(pids=1)),
        replace(check, no_tests="none"),
    ]

    assert len({each.definition for each in (check, *others)}) == 6
    assert replace(check, repeat_red=3).definition == check.definition
    assert replace(check, limits=Limits()).definition == check.definition
    # a database bounds what it can look up by
    assert len(replace(check, command=("sh", "-c", "x" * 4000)).definition) == 64


@pytest.mark.parametrize(
    ("error", "killed"),
    [
        ("time limit of 1 s", True),
        ("memory limit of 64 MiB; flaky: green in 1 of 2 repeats", True),
        ("limit of 64 processes", True),
        ("no test ran: 'limit of 3'", False),
        (None, False),
    ],
)
def test_a_red_verdict_says_whether_a_limit_ended_it(error, killed):
    assert a_verdict(status=FAILED, error=error).killed is killed
    assert a_verdict(status=ERROR, error=error).killed is False
