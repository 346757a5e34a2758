"""A simulated night follows the fleet's rules, and the same dice give the same night."""

from datetime import UTC, time, timedelta

import pytest

from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.app.simulation.night import Night
from fleet.app.simulation.outcome import outcome
from fleet.app.simulation.play import lines_of, picked, play_of
from fleet.domain.budget import Price
from fleet.domain.profile import OnClose, SwapRules
from fleet.domain.scenario import Span, Trouble
from fleet.domain.swap import Cause
from fleet.domain.window import Window
from tests.app.nights import (
    DOLLAR,
    EVENING,
    a_behaviour,
    a_claude,
    a_developer,
    a_pool,
    a_scenario,
    dice_of,
    played,
)

PRICE = Price(input=1, cached_input=1, output=1)
MIXED = dict.fromkeys((Trouble.HANG, Trouble.RATE_LIMIT, Trouble.LOOP), 0.1)


def told(scenario, *, seed):
    clock = ManualClock(scenario.starts)
    ledger = MemoryLedger(clock=clock)
    night = Night(scenario, ledger, clock=clock, dice=dice_of(seed))
    night.play()
    return outcome(scenario, night, ledger)


def two_vendors(**fields):
    """Answer a pool in which a second profile takes over, with a vendor of its own."""
    profiles = {
        "dev": a_developer(fallback=("other",)),
        "other": a_developer("other", agent="opencode", roles=("tester",), price=PRICE),
    }
    accounts = (a_claude(), a_claude("olga", agent="opencode"))
    return a_pool(*accounts, profiles=profiles, **fields)


def test_the_same_dice_give_the_same_night_and_others_another():
    scenario = a_scenario(a_behaviour(troubles=MIXED, red=0.2), count=12)

    assert told(scenario, seed=5) == told(scenario, seed=5)
    assert told(scenario, seed=5) != told(scenario, seed=6)


def test_an_untroubled_task_is_merged_by_its_first_attempt():
    over = played(a_scenario(count=3))

    assert over.merged == 3
    assert [attempt.state for attempt in over.ledger.attempts()] == ["merged"] * 3
    assert {row.micros for row in over.ledger.settlements()} == {DOLLAR // 2}


@pytest.mark.parametrize(
    ("trouble", "cause"),
    [
        (Trouble.LOOP, Cause.LOOPING),
        (Trouble.RATE_LIMIT, Cause.RATE_LIMIT),
        (Trouble.QUOTA, Cause.QUOTA),
        (Trouble.OVERLOADED, Cause.OVERLOADED),
        (Trouble.NETWORK, Cause.NETWORK),
        (Trouble.AUTH, Cause.AUTH),
        (Trouble.BILLING, Cause.BILLING),
        (Trouble.CONTEXT_TOO_LONG, Cause.CONTEXT_TOO_LONG),
        (Trouble.MODEL_NOT_FOUND, Cause.MODEL_NOT_FOUND),
        (Trouble.HANG, Cause.STALLED),
        (Trouble.SILENT, Cause.HEARTBEAT_LOST),
    ],
)
def test_each_trouble_is_swapped_for_its_cause_and_the_task_is_merged(trouble, cause):
    scenario = a_scenario(a_behaviour(profile="dev", troubles={trouble: 1.0}), fleet=two_vendors())

    over = played(scenario)

    assert [row.cause for row in over.ledger.receipts()] == [cause]
    assert over.merged == 1


def test_who_never_ends_is_stopped_overtime_and_costs_what_it_told():
    cheap = Span(least=10_000, most=10_000)
    slow = a_behaviour(profile="dev", micros=cheap, troubles={Trouble.OVERTIME: 1.0})

    over = played(a_scenario(slow, fleet=two_vendors()))

    assert [row.cause for row in over.ledger.receipts()] == [Cause.OVERTIME]


@pytest.mark.parametrize(
    ("trouble", "state"), [(Trouble.CRASH, "failed"), (Trouble.VANISH, "lost")]
)
def test_what_breaks_off_is_no_swap_and_ends_the_task_at_its_cap(trouble, state):
    fleet = a_pool(swap=SwapRules(timeouts=1))

    over = played(a_scenario(a_behaviour(troubles={trouble: 1.0}), fleet=fleet))

    assert [attempt.state for attempt in over.ledger.attempts()] == [state] * 2
    assert [task.resolution for task in over.ledger.tasks()] == ["failed"]
    assert over.ledger.receipts() == ()


def test_red_work_is_tried_again_until_its_retries_are_used():
    over = played(a_scenario(a_behaviour(red=1.0)))

    assert {attempt.state for attempt in over.ledger.attempts()} == {"rejected"}
    assert [task.resolution for task in over.ledger.tasks()] == ["failed"]


def test_more_than_was_reserved_stops_an_attempt_after_one_call():
    dear = a_behaviour(profile="dev", micros=Span(least=3 * DOLLAR, most=3 * DOLLAR))

    over = played(a_scenario(dear, fleet=two_vendors()))

    first = over.ledger.settlements()[0]
    assert [row.cause for row in over.ledger.receipts()] == [Cause.RESERVATION]
    assert DOLLAR <= first.micros <= DOLLAR + 3 * DOLLAR // 10


def test_a_day_s_budget_ends_the_dispatch_and_the_next_day_renews_it():
    poor = a_claude(daily_budget_micros=2 * DOLLAR)

    over = played(a_scenario(count=9, fleet=a_pool(poor), lasts=timedelta(hours=6)))

    spent = {row.day.day: 0 for row in over.ledger.settlements()}
    for row in over.ledger.settlements():
        spent[row.day.day] += row.micros
    # a dollar has to be free for a start, and each one costs half a dollar
    assert spent == {14: 3 * DOLLAR // 2, 15: 3 * DOLLAR // 2}
    assert over.merged == 6


def test_an_account_starts_at_the_minute_its_window_opens():
    window = Window(opens=time(22, 30), closes=time(23), timezone=UTC)

    over = played(a_scenario(fleet=a_pool(a_claude(window=window))))

    assert over.ledger.attempts()[0].created == EVENING + timedelta(hours=2, minutes=30)
    assert over.merged == 1


def test_an_attempt_ends_when_the_window_closes_where_the_account_says_so():
    window = Window(opens=time(20), closes=time(20, 5), timezone=UTC)
    bob = a_claude(window=window, on_window_close=OnClose.NOW)

    over = played(a_scenario(fleet=a_pool(bob)))

    attempt = over.ledger.attempts()[0]
    assert attempt.cause is Cause.WINDOW_CLOSED
    assert attempt.ended is not None
    assert attempt.ended - EVENING < timedelta(minutes=6)


def test_when_every_account_cools_dispatch_pauses_and_goes_on_at_the_reset():
    limited = a_behaviour(troubles={Trouble.RATE_LIMIT: 0.7})
    fleet = a_pool(a_claude(parallel=1), a_claude("bob", parallel=1), swap=SwapRules(errors=50))

    over = played(a_scenario(limited, count=4, fleet=fleet, lasts=timedelta(hours=12)))

    assert over.night.diary.storms
    assert over.night.diary.becalmed > timedelta()
    assert over.merged == 4


def test_the_outcome_tells_the_longest_wait_and_who_ran_when():
    fleet = a_pool(a_claude(parallel=1))

    found = told(a_scenario(count=3, fleet=fleet), seed=1)

    assert found["tasks"] == {"merged": 3, "failed": 0, "open": 0, "total": 3}
    assert found["longest_wait"]["task"] == "APP-3"
    assert 1200 <= found["longest_wait"]["seconds"] <= 1300
    assert found["running"] == [
        {
            "account": "alice",
            "parallel": 1,
            "hours": {
                "Sat 20:00 UTC": 0.5,
                "Sat 21:00 UTC": 0.0,
                "Sat 22:00 UTC": 0.0,
                "Sat 23:00 UTC": 0.0,
            },
        }
    ]


def test_what_still_runs_at_the_end_of_the_night_is_stopped_and_settled():
    scenario = a_scenario(lasts=timedelta(minutes=5))

    over = played(scenario)

    assert [attempt.state for attempt in over.ledger.attempts()] == ["cancelled"]
    assert len(over.ledger.settlements()) == 1


def test_a_meter_that_tells_only_at_its_end_says_nothing_before():
    dice = dice_of()
    live = play_of(a_developer(), a_behaviour(), dice)
    late = play_of(a_developer(agent="gemini"), a_behaviour(), dice)

    def usage(play):
        return [line for line in lines_of(play, 0.0, 200.0, seq=1) if line.type == "usage"]

    assert [line.data["turns"] for line in usage(live)] == [3]
    assert usage(late) == []
    assert lines_of(late, 0.0, 600.0, seq=1)[-1].data["diagnostics"]["usage"]["turns"] == 10


def test_shares_are_kept_in_the_long_run():
    dice = dice_of()

    found = [picked({"hang": 0.2, "loop": 0.1}, dice) for _ in range(5_000)]

    assert abs(found.count("hang") - 1_000) < 150
    assert abs(found.count("loop") - 500) < 100
