"""Verdicts joined and worded."""

from itertools import permutations

import pytest

from fleet.domain.result import VerdictStatus, diagnosis, verdict_of
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
