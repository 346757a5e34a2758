"""What the morning is told: swaps, money by account, project and owner, accounts in trouble."""

import re
from datetime import timedelta
from time import tzset

import pytest

from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.app import views
from fleet.domain.attempt import State
from fleet.domain.swap import Cause
from fleet.ports import Append, Log, Save
from tests.builders import (
    NOW,
    a_fleet,
    a_health,
    a_project,
    a_receipt,
    a_reservation,
    a_settlement,
    a_task,
    an_account,
    an_attempt,
    an_event,
)

SINCE = NOW - timedelta(hours=12)
AROUND = views.Around()
FIRST = an_attempt(state=State.SWAPPED, cause=Cause.STALLED, cleaned=True)
SECOND = an_attempt(number=2, account="bob", state=State.MERGED, cleaned=True)


def a_night(*writes, fleet=None, around=AROUND):
    ledger = MemoryLedger(clock=ManualClock(NOW))
    ledger.commit([Save(row=a_task()), Save(row=FIRST), Save(row=SECOND), *writes])
    report = views.report(ledger, fleet or a_fleet(), since=SINCE, now=NOW, around=around)
    return ledger, report


def test_a_receipt_stands_on_the_attempt_that_ended_and_in_the_report():
    receipt = a_receipt(FIRST, to_account="bob", why="no progress for 600 s", seconds_lost=612.34)

    ledger, report = a_night(Append(row=receipt))

    (swap,) = report["swaps"]
    assert (swap["task"], swap["from"], swap["to"]) == ("APP-1", "local/local", "local/bob")
    assert (swap["trigger"], swap["kind"], swap["seconds_lost"]) == ("timeout", "stalled", 612.3)
    first, second = views.task_view("APP-1", ledger, a_fleet(), now=NOW, halted="")["attempts"]
    assert first["swap"]["to"] == "local/bob"
    assert first["swap"]["successor"] == SECOND.id
    assert first["swap"]["carried"] == "1 commit"
    assert second["swap"] is None


def test_a_swap_of_an_earlier_night_is_not_told_again():
    old = a_receipt(FIRST, at=SINCE - timedelta(seconds=1))

    _, report = a_night(Append(row=old))

    assert report["swaps"] == []


def test_money_is_told_by_account_project_and_owner():
    fleet = a_fleet(
        projects={"APP": a_project(), "WEB": a_project("WEB")},
        accounts={
            "local": an_account(owner="ann"),
            "bob": an_account("bob", owner="ann"),
        },
    )
    web = an_attempt("WEB-1", account="bob", state=State.MERGED, cleaned=True)

    _, report = a_night(
        Append(row=a_settlement(FIRST, micros=100_000, requests=2, estimated=True)),
        Append(row=a_settlement(SECOND, micros=200_000, requests=3)),
        *(Save(row=a_task("WEB-1")), Save(row=web)),
        Append(row=a_settlement(web, micros=400_000, requests=5)),
        fleet=fleet,
    )

    spend = {
        group: {row["name"]: (row["cost_usd"], row["requests"]) for row in rows}
        for group, rows in report["spend"].items()
    }
    assert spend["accounts"] == {"local": (0.1, 2), "bob": (0.6, 8)}
    assert spend["projects"] == {"APP": (0.3, 5), "WEB": (0.4, 5)}
    assert spend["owners"] == {"ann": (0.7, 10)}
    assert report["spend"]["owners"][0]["estimated_usd"] == 0.1
    assert report["cost_usd"] == 0.7


def test_what_went_beyond_its_reservation_is_told():
    _, report = a_night(
        Append(row=a_reservation(FIRST, micros=500_000)),
        Append(row=a_settlement(FIRST, micros=700_000)),
        Append(row=a_reservation(SECOND, micros=500_000)),
        Append(row=a_settlement(SECOND, micros=500_000)),
    )

    (over,) = report["overspends"]
    assert (over["attempt"], over["reserved_usd"], over["cost_usd"]) == (FIRST.id, 0.5, 0.7)


def test_an_attempt_that_nothing_was_held_for_cannot_overspend():
    _, report = a_night(
        Append(row=a_reservation(FIRST, micros=0)),
        Append(row=a_settlement(FIRST, micros=700_000)),
    )

    assert report["overspends"] == []


def test_accounts_that_cool_or_are_blocked_are_told_and_others_are_not():
    fleet = a_fleet(accounts={name: an_account(name) for name in ("local", "bob", "carol")})

    _, report = a_night(
        Save(row=a_health("account local")),
        Save(row=a_health("account bob", blocked=True, until=None, kind="auth", reason="401")),
        fleet=fleet,
    )

    assert [(row["account"], row["state"]) for row in report["accounts"]] == [
        ("local", "cooling"),
        ("bob", "blocked"),
    ]


def test_the_words_hold_the_receipts_and_the_money_of_the_document():
    _, report = a_night(
        Append(row=a_receipt(FIRST, to_account="bob")),
        Append(row=a_settlement(FIRST, micros=123_000)),
        Save(row=a_health("account local")),
        Log(event=an_event()),
    )

    words = views.report_markdown(report)

    assert "| local/local | local/bob | timeout: stalled |" in words
    assert "| account | local | 0.123 |" in words
    assert "**local** cooling" in words


def test_what_an_agent_said_cannot_break_out_of_its_cell():
    evil = "a | b\n## Merged <script> `x` [y](z)"

    _, report = a_night(Append(row=a_receipt(FIRST, why=evil)))

    (line,) = [line for line in views.report_markdown(report).splitlines() if "local/" in line]
    assert len(re.findall(r"(?<!\\)\|", line)) == 9
    assert r"a \| b ## Merged \<script> \`x\` \[y](z)" in line


def test_a_title_is_shown_with_each_of_its_characters_and_none_of_them_marks_anything_up():
    titled = a_task("APP-2", title=r"echo <x> > r1[0] \`y`")

    _, report = a_night(Save(row=titled), Log(event=an_event(task="APP-2")))

    assert r"echo \<x> > r1\[0] \\\`y\`" in views.report_markdown(report)


def test_the_log_shows_the_evidence_of_a_swap_below_its_line():
    told = {"why": "no progress for 600 s", "carried": "commit abc", "seconds_lost": 612.3}
    event = an_event("attempt.swapped", attempt=FIRST.id, what="stalled -> dev", data=told)

    ledger, _ = a_night(Log(event=event))

    (row,) = [r for r in views.log_rows(ledger, "APP-1") if r["kind"] == "attempt.swapped"]
    assert row["what"] == "stalled -> dev"
    assert row["output"].splitlines() == [
        "why: no progress for 600 s",
        "carried: commit abc",
        "seconds_lost: 612.3",
    ]


def test_a_file_that_stops_everything_is_told_first_and_of_each_task():
    stopped = "stopped by the file STOP in the home: fire"
    waits = a_task("APP-2")

    _, report = a_night(
        Save(row=waits), Log(event=an_event(task="APP-2")), around=views.Around(halted=stopped)
    )

    words = views.report_markdown(report)
    assert report["halted"].startswith(f"everything is {stopped}")
    assert words.index(f"**Now:** everything is {stopped}") < words.index("**APP-2**")
    (row,) = [row for row in report["tasks"] if row["key"] == "APP-2"]
    assert stopped in row["reason"]


def test_where_nothing_is_stopped_the_report_says_nothing_of_it():
    _, report = a_night()

    assert report["halted"] == ""
    assert "**Now:**" not in views.report_markdown(report)


def test_its_times_are_those_of_the_machines_clock_with_the_zone():
    _, report = a_night()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        tzset()
        first = views.report_markdown(report | {"since": NOW.isoformat()}).splitlines()[0]
    tzset()

    assert first == "# Fleet report since 2026-03-14 14:56 IST"
