"""The books of a simulated night name each broken promise: one that cannot fail shows nothing."""

from datetime import UTC, time, timedelta

import pytest

from fleet.adapters.memory import ManualClock
from fleet.app.simulation.books import Books
from fleet.domain.plan import Dispatch
from fleet.domain.profile import OnClose
from fleet.domain.scenario import Trouble
from fleet.domain.slot import Slot
from fleet.domain.window import Window
from tests.app.nights import DOLLAR, EVENING, a_claude, a_developer, a_pool, a_scenario
from tests.builders import a_project, a_task, an_attempt


class Clerk:
    """Enters what a test says happened; one attempt a task, of the account alice."""

    def __init__(self, *accounts, **fields):
        self.clock = ManualClock(EVENING)
        self.books = Books(a_scenario(fleet=a_pool(*accounts, **fields)), self.clock)

    def dispatch(self, task="APP-1", number=1, account="alice"):
        slot = Slot(profile="dev", account=account)
        action = Dispatch(task=a_task(task), slot=slot, number=number, fresh=False)
        self.books.dispatched(an_attempt(task, number).id, action)

    def use(self, micros, task="APP-1", number=1):
        self.books.used(an_attempt(task, number).id, calls=1, micros=micros)

    def end(self, task="APP-1", number=1, trouble=None, resets=None):
        self.books.ended(an_attempt(task, number), trouble, resets=resets)

    def wait(self, **time):
        self.clock.advance(timedelta(**time))

    def said(self, *words):
        return len(self.books.violations) == 1 and all(w in self.books.violations[0] for w in words)


def test_what_keeps_all_promises_is_not_complained_of():
    clerk = Clerk(a_claude(daily_budget_micros=2 * DOLLAR, daily_requests=4, parallel=1))

    for number in (1, 2):
        clerk.dispatch(f"APP-{number}")
        clerk.use(DOLLAR // 2, f"APP-{number}")
        clerk.end(f"APP-{number}")
        clerk.books.settled(an_attempt(f"APP-{number}").id, DOLLAR // 2)
        clerk.books.merged(f"APP-{number}")
    clerk.books.judge_days()

    assert clerk.books.violations == []


def test_two_attempts_of_a_task_at_once_are_named():
    clerk = Clerk()

    clerk.dispatch()
    clerk.dispatch(number=2)

    assert clerk.said("another attempt of APP-1 is under way")


def test_an_attempt_of_a_merged_task_is_named():
    clerk = Clerk()

    clerk.books.merged("APP-1")
    clerk.dispatch()

    assert clerk.said("APP-1 is merged already")


def test_a_second_merge_is_named():
    clerk = Clerk()

    clerk.books.merged("APP-1")
    clerk.books.merged("APP-1")

    assert clerk.said("APP-1 was merged twice")


@pytest.mark.parametrize("crowd", [{"parallel": 1}, {"accounts": {"alice": a_claude(parallel=1)}}])
def test_more_attempts_than_machine_or_account_allow_are_named(crowd):
    clerk = Clerk(**crowd)

    clerk.dispatch()
    clerk.dispatch("APP-2")

    assert clerk.said("1 attempts", "run already")


def test_a_start_outside_the_window_is_named():
    clerk = Clerk(a_claude(window=Window(opens=time(0), closes=time(8), timezone=UTC)))

    clerk.dispatch()

    assert clerk.said("alice is outside its window")


def test_an_attempt_that_runs_on_after_the_window_is_named():
    window = Window(opens=time(20), closes=time(21), timezone=UTC)
    clerk = Clerk(a_claude(window=window, on_window_close=OnClose.NOW))

    clerk.dispatch()
    clerk.wait(minutes=62)
    clerk.end()

    assert clerk.said("ran on after the window")


@pytest.mark.parametrize(
    ("trouble", "resets", "cools"),
    [
        (Trouble.RATE_LIMIT, 1200.0, 1200),
        (Trouble.QUOTA, None, 300),
        (Trouble.OVERLOADED, None, 30),
        (Trouble.NETWORK, None, 30),
    ],
)
def test_a_start_in_a_cooldown_is_named_and_one_at_its_end_is_not(trouble, resets, cools):
    clerk = Clerk()
    clerk.dispatch()
    clerk.end(trouble=trouble, resets=resets)

    clerk.wait(seconds=cools - 1)
    clerk.dispatch("APP-2")
    clerk.wait(seconds=1)
    clerk.dispatch("APP-3")

    assert clerk.said("app-2", "cools until")


@pytest.mark.parametrize("trouble", [Trouble.AUTH, Trouble.BILLING])
def test_a_start_with_an_account_that_a_human_has_to_open_is_named(trouble):
    clerk = Clerk()
    clerk.dispatch()
    clerk.end(trouble=trouble)

    clerk.wait(days=2)
    clerk.dispatch("APP-2")

    assert clerk.said("account alice is closed", trouble.value)


def test_a_reservation_beyond_the_account_s_day_is_named():
    clerk = Clerk(a_claude(daily_budget_micros=DOLLAR))
    clerk.dispatch()
    clerk.use(1)
    clerk.end()

    clerk.dispatch("APP-2")

    assert clerk.said("1.00 of 1.00 USD of account alice")


def test_a_reservation_beyond_the_project_s_day_is_named():
    poor = {"APP": a_project(daily_budget_micros=3 * DOLLAR // 2)}
    clerk = Clerk(projects=poor)

    clerk.dispatch()
    clerk.dispatch("APP-2")

    assert clerk.said("2.00 of 1.50 USD of project APP")


def test_a_start_after_the_last_request_is_named():
    clerk = Clerk(a_claude(daily_requests=1))
    clerk.dispatch()
    clerk.use(1)

    clerk.dispatch("APP-2")

    assert clerk.said("the requests of account alice are used")


def test_one_call_beyond_the_requests_is_allowed_and_a_second_is_named():
    clerk = Clerk(a_claude(daily_requests=1))
    clerk.dispatch()
    clerk.dispatch("APP-2")
    clerk.use(1)
    clerk.use(1, "APP-2")
    clerk.end("APP-2")
    assert clerk.books.violations == []

    clerk.use(1)
    clerk.use(1)
    clerk.end()

    assert clerk.said("app-1", "calls beyond the requests of alice")


def test_one_call_beyond_a_reservation_is_allowed_and_a_second_is_named():
    clerk = Clerk()
    clerk.dispatch()
    clerk.dispatch("APP-2")

    clerk.use(9 * DOLLAR // 10)
    clerk.use(DOLLAR // 2)
    clerk.end()
    assert clerk.books.violations == []
    for _ in range(4):
        clerk.use(DOLLAR // 2, "APP-2")
    clerk.end("APP-2")

    assert clerk.said("app-2", "spent 1.0000 USD beyond its reservation")


def test_money_that_was_spent_but_not_settled_is_named():
    clerk = Clerk()
    clerk.dispatch()
    clerk.use(DOLLAR // 2)
    clerk.end()

    clerk.books.settled(an_attempt().id, DOLLAR // 4)

    assert clerk.said("0.2500 USD were spent but not settled")


def test_a_day_that_cost_more_than_its_limit_is_named():
    clerk = Clerk(a_claude(daily_budget_micros=DOLLAR), profiles={"dev": a_developer()})
    for task in ("APP-1", "APP-2"):
        clerk.dispatch(task)
        clerk.use(9 * DOLLAR // 10, task)
        clerk.end(task)
    clerk.books.violations.clear()

    clerk.books.judge_days()

    assert clerk.said("account alice spent 1.80 of 1.00 USD")
