"""What people see of the pool: accounts, and why a task is not started."""

from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.app import views
from fleet.domain.attempt import State
from fleet.domain.profile import Account, SwapRules
from fleet.domain.swap import Cause
from fleet.domain.task import Resolution
from fleet.domain.window import Window, night_of
from fleet.ports import Append, Save
from tests.builders import (
    NOW,
    a_fleet,
    a_health,
    a_profile,
    a_project,
    a_receipt,
    a_settlement,
    a_task,
    an_account,
    an_attempt,
)

AROUND = views.Around()
MOSCOW = ZoneInfo("Europe/Moscow")


def a_ledger(*rows):
    ledger = MemoryLedger(clock=ManualClock(NOW))
    stateful = [row for row in rows if hasattr(row, "version")]
    ledger.commit([Save(row=row) for row in stateful])
    ledger.commit([Append(row=row) for row in rows if row not in stateful])
    return ledger


def metered(name="alice", **fields) -> Account:
    return an_account(name, unmetered=False, daily_budget_micros=1_000_000, **fields)


def with_accounts(*accounts, **profile):
    return a_fleet(
        accounts={each.name: each for each in accounts},
        profiles={"dev": a_profile("dev", max_cost_micros=400_000, **profile)},
    )


def rows_of(ledger, fleet, **unfit):
    return views.pool_rows(ledger.snapshot(), fleet, now=NOW, unfit=unfit)


def explained(ledger, fleet, key=None):
    return views.explained(ledger.snapshot(), fleet, now=NOW, around=AROUND, key=key)


def test_an_account_is_shown_with_what_it_spent_and_may_spend_today():
    attempt = an_attempt(account="alice", state=State.MERGED, cleaned=True)
    settled = a_settlement(attempt, micros=250_000, requests=7)
    fleet = with_accounts(metered(owner="Alice", daily_requests=200, parallel=3))

    (row,) = rows_of(a_ledger(a_task(), attempt, settled), fleet)

    assert (row["account"], row["owner"], row["agent"]) == ("alice", "Alice", "command")
    assert (row["state"], row["reason"], row["until"]) == ("ready", "", None)
    assert (row["spent_usd"], row["daily_budget_usd"]) == (0.25, 1.0)
    assert (row["requests"], row["daily_requests"]) == (7, 200)
    assert (row["running"], row["parallel"], row["strikes"]) == (0, 3, 0)


def test_a_cooling_account_says_why_and_until_when_in_utc():
    until = (NOW + timedelta(minutes=5)).astimezone(MOSCOW)
    cools = a_health("account alice", until=until, reason="429: slow down", strikes=2)

    (row,) = rows_of(a_ledger(cools), with_accounts(metered()))

    assert row["state"] == "cooling"
    assert "429: slow down" in row["reason"]
    assert row["until"] == (NOW + timedelta(minutes=5)).isoformat()
    assert row["until"].endswith("+00:00")
    assert row["strikes"] == 2


def test_an_unfit_credential_blocks_its_account():
    (row,) = rows_of(a_ledger(), with_accounts(metered()), alice="variable X is not set")

    assert (row["state"], row["reason"]) == ("blocked", "variable X is not set")


def test_a_task_that_would_start_names_its_slot():
    fleet = with_accounts(metered("alice"), metered("bob", priority=a_task().priority))

    (row,) = explained(a_ledger(a_task()), fleet)

    assert row["slot"] == {"profile": "dev", "account": "alice"}
    assert [each["free"] for each in row["candidates"]] == [True, True]


def test_every_candidate_of_a_waiting_task_says_what_refuses_it_and_until_when():
    night = Window(opens=time(0), closes=time(8), timezone=MOSCOW)
    fleet = with_accounts(metered("alice", window=night), metered("bob"))
    ledger = a_ledger(a_task(), a_health("account bob"))

    (row,) = explained(ledger, fleet)

    assert row["slot"] is None
    assert [(each["account"], each["state"]) for each in row["candidates"]] == [
        ("alice", "closed"),
        ("bob", "cooling"),
    ]
    assert "429: slow down" in row["reason"]
    # the first of the two: bob's five minutes
    assert row["until"] == (NOW + timedelta(minutes=5)).isoformat()
    assert all(each["reason"] and each["until"] for each in row["candidates"])


def test_an_end_by_the_fleets_own_clock_is_told_in_utc():
    swapped = an_attempt(account="alice", state=State.SWAPPED, cause=Cause.STALLED, cleaned=True)
    fleet = replace(with_accounts(metered()), swap=SwapRules(night=1), timezone=MOSCOW)
    receipt = a_receipt(swapped, night=night_of(NOW, MOSCOW))

    (row,) = explained(a_ledger(a_task(), swapped, receipt), fleet)

    assert "swaps in this night" in row["reason"]
    # noon in Moscow; today's was half an hour ago
    assert row["until"] == "2026-03-15T09:00:00+00:00"


def test_a_task_that_waits_for_another_says_so_whatever_the_pool_could_do():
    ledger = a_ledger(a_task("APP-1"), a_task("APP-2", depends=("APP-1",)))

    rows = {row["task"]: row for row in explained(ledger, with_accounts(metered()))}

    assert (rows["APP-2"]["status"], rows["APP-2"]["reason"]) == ("waiting", "waits for APP-1")
    assert rows["APP-2"]["slot"] is None


def test_what_the_brake_stops_is_explained_in_the_words_of_status():
    attempt = an_attempt(task="APP-1", state=State.VERIFYING)
    snapshot = a_ledger(a_task("APP-1"), attempt).snapshot()
    around = views.Around(halted="stopped by STOP")

    (row,) = views.explained(snapshot, a_fleet(), now=NOW, around=around)

    (queued,) = views.status_view(snapshot, a_fleet(), now=NOW, around=around)["queue"]
    assert (row["task"], row["status"]) == ("APP-1", "waiting")
    assert row["reason"] == queued["waiting_for"]
    assert "stopped by STOP" in row["reason"]


def test_a_running_task_is_explained_only_when_it_is_asked_for():
    ledger = a_ledger(a_task(), an_attempt(account="alice", profile="dev", state=State.RUNNING))
    fleet = with_accounts(metered())

    assert explained(ledger, fleet) == []
    assert [row["status"] for row in explained(ledger, fleet, key="APP-1")] == ["running"]


def test_an_ended_task_is_never_explained():
    ledger = a_ledger(a_task(resolution=Resolution.MERGED))

    assert explained(ledger, with_accounts(metered())) == []


def test_a_fallback_is_told_apart_and_a_profile_without_account_says_so():
    fleet = a_fleet(
        accounts={"alice": metered()},
        profiles={
            "dev": a_profile("dev", agent="claude", command=(), fallback=("other",)),
            "other": a_profile("other", roles=("tester",), max_cost_micros=1),
        },
    )

    (row,) = explained(a_ledger(a_task()), fleet)

    assert [(e["profile"], e["account"], e["fallback"]) for e in row["candidates"]] == [
        ("dev", None, False),
        ("other", "alice", True),
    ]
    assert row["candidates"][0]["reason"] == "no account for claude"


def test_a_tasks_own_budget_refuses_every_candidate():
    attempt = an_attempt(account="alice", profile="dev", state=State.FAILED, cleaned=True)
    ledger = a_ledger(a_task(budget_micros=500_000), attempt, a_settlement(attempt, micros=200_000))

    (row,) = explained(ledger, with_accounts(metered()))

    assert row["slot"] is None
    assert "the task's budget" in row["candidates"][0]["reason"]


def test_what_waits_in_status_says_until_when():
    ledger = a_ledger(a_task(), a_health("account alice"))

    view = views.status_view(ledger.snapshot(), with_accounts(metered()), now=NOW, around=AROUND)

    (queued,) = view["queue"]
    assert "429: slow down" in queued["waiting_for"]
    assert queued["until"] == (NOW + timedelta(minutes=5)).isoformat()
    assert view["wake"] == queued["until"]
    assert "every account" in view["storm"]


def test_a_day_of_spending_is_that_of_the_accounts_own_calendar():
    kiritimati = ZoneInfo("Pacific/Kiritimati")  # 14 hours ahead: its next day has begun
    first = an_attempt(account="alice", state=State.FAILED, cleaned=True)
    second = an_attempt(number=2, account="alice", state=State.MERGED, cleaned=True)
    tomorrow = NOW.date() + timedelta(days=1)
    rows = (
        *(a_task(), first, second),
        a_settlement(first, micros=100_000, day=NOW.date()),
        a_settlement(second, micros=30_000, day=tomorrow),
    )
    at = NOW.replace(hour=12)

    view = views.status_view(
        a_ledger(*rows).snapshot(),
        with_accounts(metered(timezone=kiritimati)),
        now=at,
        around=AROUND,
    )

    (spend,) = view["spend"]
    assert (spend["day"], spend["spent_usd"]) == (tomorrow.isoformat(), 0.03)


def test_what_attempts_hold_is_told_apart_from_what_is_spent():
    running = an_attempt(
        account="alice", profile="dev", state=State.RUNNING, reserved_micros=400_000
    )

    view = views.status_view(
        a_ledger(a_task(), running).snapshot(), with_accounts(metered()), now=NOW, around=AROUND
    )

    (spend,) = view["spend"]
    assert (spend["spent_usd"], spend["reserved_usd"]) == (0.0, 0.4)


def test_a_project_out_of_money_is_named():
    attempt = an_attempt("APP-2", account="bob", state=State.MERGED, cleaned=True)
    ledger = a_ledger(
        *(a_task(), a_task("APP-2", resolution=Resolution.MERGED), attempt),
        a_settlement(attempt, micros=900_000),
    )
    fleet = a_fleet(
        projects={"APP": a_project(daily_budget_micros=1_000_000)},
        accounts={"alice": metered()},
        profiles={"dev": a_profile("dev", max_cost_micros=400_000)},
    )

    (row,) = explained(ledger, fleet)

    assert "project APP" in row["candidates"][0]["reason"]
    assert row["candidates"][0]["until"] is not None


def test_a_cause_without_a_receipt_is_a_swap_that_nobody_took_over():
    swapped = an_attempt(
        state=State.SWAPPED, cause=Cause.RATE_LIMIT, reason="429: slow down", cleaned=True
    )

    view = views.task_view("APP-1", a_ledger(a_task(), swapped), a_fleet(), now=NOW, halted="")

    (attempt,) = view["attempts"]
    assert (attempt["swap"]["trigger"], attempt["swap"]["kind"]) == ("error", "rate_limit")
    assert (attempt["swap"]["to"], attempt["swap"]["why"]) == (None, "429: slow down")
