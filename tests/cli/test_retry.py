"""`fleet task retry` says what came of it."""

import pytest

from fleet.domain.attempt import State
from fleet.domain.swap import Cause
from fleet.domain.task import Resolution
from tests.builders import a_task, an_attempt
from tests.cli.reviewed import written

pytestmark = pytest.mark.slow


def test_a_retry_of_a_task_that_has_not_ended_does_not_say_that_it_opened_it(home):
    home.agent("writes", "")
    key = home.task("do it")

    done = home.ask("task", "retry", key)

    assert (done.code, done.out) == (0, f"{key} was open; its red attempts so far count no more\n")


def test_a_retry_of_a_stopped_task_says_that_it_stays_stopped(home):
    home.agent("writes", "")
    key = home.task("do it")
    home.ask("stop", key)

    done = home.ask("task", "retry", key)

    assert (done.code, ", but stopped by " in done.out) == (0, True)
    assert f"`fleet resume {key}` lifts it" in done.out


def test_a_retry_of_a_failed_task_opens_it_again(home):
    written(home, a_task(resolution=Resolution.FAILED, reason="no"))

    assert home.ask("task", "retry", "APP-1").out == "APP-1 is open again\n"


@pytest.mark.parametrize(
    ("cause", "start"), [(Cause.OVERGROWN, "the target"), (Cause.STALLED, "its branch")]
)
def test_a_dry_run_says_where_the_next_attempt_starts(home, cause, start):
    last = an_attempt(state=State.SWAPPED, cause=cause, cleaned=True)
    written(home, a_task(resolution=Resolution.FAILED, reason="no"), last)

    done = home.ask("task", "retry", "APP-1", "--dry-run")

    assert f"APP-1 would be open again, from {start}" in done.out
