"""The bench of the merge queue, on a small one: it measures what really landed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

BENCH = Path(__file__).resolve().parents[2] / "bench" / "merge_queue.py"


def test_a_batch_is_checked_once_and_a_red_one_in_it_is_halved_out():
    # of checks as short as it takes to start one, two that were begun together look as if in a row
    words = ("--n", "4", "--check-seconds", "3", "--rounds", "1", "--json")
    done = subprocess.run(
        [sys.executable, BENCH, *words], check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    one, four = found["sizes"]
    assert (found["serial_checks"], one["checks"], four["checks"]) == (4, 4, 1)
    assert four["seconds"] < found["serial_s"]
    assert four["red_found_steps"] <= four["aim_steps"]
