"""The hot-swap pool as a user sees it: what hangs, fails or runs out of money is taken over."""

import json
import signal
import textwrap
import time
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fleet.adapters.system import SystemClock
from tests.e2e.fleets import Home, git

CLOCK = SystemClock()

pytestmark = [pytest.mark.docker, pytest.mark.e2e, pytest.mark.timeout(600)]

WRITES = """
import json, os
key = json.load(open(os.environ["FLEET_PACKET"]))["task_id"]
open(f"{key}.txt", "w").write(key)
"""
HANGS = """
import pathlib, time
pathlib.Path("half.txt").write_text("half of the work")
time.sleep(600)
"""
FAILS = """
import json, os, pathlib
pathlib.Path("half.txt").write_text("half of the work")
told = {failure}
json.dump(told, open(os.environ["FLEET_RESULT"], "w"))
raise SystemExit(1)
"""
READS = """
import os, shutil
shutil.copy(os.environ["FLEET_PACKET"], "told.json")
"""
FIRST_ONLY = """
import json, os
if json.load(open(os.environ["FLEET_PACKET"]))["context"]["attempt"] == 1:
"""
RED = "open('red.txt', 'w').write('x')"
MENDS = """
import pathlib
pathlib.Path("red.txt").unlink(missing_ok=True)
pathlib.Path("mended.txt").write_text("mended")
"""
# the first attempt uses more than it may, whoever comes after it little
SPENDS = """
import json, os, pathlib
number = json.load(open(os.environ["FLEET_PACKET"]))["context"]["attempt"]
pathlib.Path("half.txt").write_text("half of the work")
cost = 1.25 if number == 1 else 0.1
told = {"usage": {"cost_usd": cost, "turns": 1}}
if number == 1:
    told["failure"] = {"kind": "budget", "message": "no money left"}
json.dump(told, open(os.environ["FLEET_RESULT"], "w"))
"""


def account(name: str, **keys: Any) -> dict[str, Any]:
    return {"name": name, "owner": name.partition("-")[0], "agent": "command", **keys}


def failing(kind: str, **told: Any) -> str:
    failure = {"kind": kind, "message": f"{kind} by the vendor", **told}
    return FAILS.format(failure=json.dumps({"failure": failure}))


def far_from_midnight() -> str:
    """Answer a timezone in which it is noon or so: no day ends while a test goes on."""
    return f"Etc/GMT{CLOCK.now().hour - 12:+}"


def swaps_of(home: Home, key: str) -> list[dict[str, Any]]:
    return [a["swap"] for a in home.show(key)["attempts"] if a["swap"]]


def merged_files(home: Home) -> set[str]:
    return set(git(home.repository, "ls-tree", "--name-only", "main").split())


def test_what_hangs_is_taken_over_on_the_same_branch_with_its_work(home: Home) -> None:
    home.agent("hangs", HANGS, stall_after="12s", heartbeat_lost_after="20s", fallback=["writes"])
    home.agent("writes", WRITES, roles=["helper"])
    key = home.task("write a file", "--profile", "hangs")

    done = home.run("run", "--json")

    assert (done.code, done.json["merged"]) == (0, 1), (done.err, home.show(key))
    assert {"half.txt", f"{key}.txt"} <= merged_files(home)
    first, second = home.show(key)["attempts"]
    assert (first["state"], second["state"]) == ("swapped", "merged")
    swap = first["swap"]
    assert (swap["trigger"], swap["kind"]) == ("timeout", "stalled")
    assert swap["to"] == "writes/local"
    assert swap["seconds_lost"] > 0
    assert first["head"][:7] in swap["carried"]
    log = git(home.repository, "log", "--format=%s", "main")
    assert f"WIP {key}" in log
    assert "stalled" in home.run("task", "log", key).out
    assert "stalled" in home.run("report").out


def test_the_successor_is_told_what_stands_there(home: Home) -> None:
    home.agent("hangs", HANGS, stall_after="12s", heartbeat_lost_after="20s", fallback=["reads"])
    home.agent("reads", READS, roles=["helper"])
    home.task("write a file", "--profile", "hangs")

    done = home.run("run", "--json")

    assert done.json["merged"] == 1, done.err
    packet = json.loads(git(home.repository, "show", "main:told.json"))
    handoff = packet["context"]["handoff"]
    assert "half.txt" in json.dumps(handoff)
    assert "stalled" in json.dumps(handoff)
    assert any("half.txt" in message["content"] for message in packet["messages"])


def test_a_limit_cools_the_account_and_the_next_in_the_chain_goes_on(home: Home) -> None:
    both = (account("ada-1", unmetered=True), account("bob-1", unmetered=True, priority="low"))
    home.configure(accounts=both)
    script = failing("rate_limit", retry_after_seconds=3600)
    home.agent("writes", FIRST_ONLY + textwrap.indent(script, "    ") + WRITES)
    key = home.task("write a file")

    done = home.run("run", "--json")

    assert (done.code, done.json["merged"]) == (0, 1), (done.err, home.show(key))
    first, second = home.show(key)["attempts"]
    assert (first["account"], second["account"]) == ("ada-1", "bob-1")
    assert (first["swap"]["trigger"], first["swap"]["kind"]) == ("error", "rate_limit")
    pool = pool_of(home)
    assert pool["ada-1"]["state"] == "cooling"
    assert pool["bob-1"]["state"] == "ready"
    left = datetime.fromisoformat(pool["ada-1"]["until"]) - CLOCK.now()
    assert timedelta(minutes=50) < left <= timedelta(hours=1)


def pool_of(home: Home) -> dict[str, Any]:
    return {row["account"]: row for row in home.run("pool", "status", "--json").json}


def test_two_red_verdicts_call_the_stronger_profile(home: Home) -> None:
    home.agent("weak", RED, escalate_to="opus")
    home.agent("opus", MENDS, roles=["architect"])
    key = home.task("make it green", "--profile", "weak")

    done = home.run("run", "--json")

    assert (done.code, done.json["merged"]) == (0, 1), (done.err, home.show(key))
    attempts = home.show(key)["attempts"]
    assert [a["profile"] for a in attempts] == ["weak", "weak", "opus"]
    swap = attempts[1]["swap"]
    assert (swap["trigger"], swap["kind"], swap["to"]) == ("critic", "red", "opus/local")
    assert attempts[0]["swap"] is None


def test_money_used_up_ends_an_attempt_and_an_account_with_money_goes_on(home: Home) -> None:
    home.configure(
        accounts=[
            account("ada-1", daily_budget_usd=1.5, priority="high"),
            account("bob-1", daily_budget_usd=5),
        ],
        timezone=far_from_midnight(),
    )
    home.agent("spends", SPENDS, max_cost_usd=1)
    key = home.task("write a file")

    done = home.run("run", "--json")

    assert (done.code, done.json["merged"]) == (0, 1), (done.err, home.show(key))
    first, second = home.show(key)["attempts"]
    assert (first["account"], second["account"]) == ("ada-1", "bob-1")
    assert (first["swap"]["trigger"], first["swap"]["kind"]) == ("budget", "reservation")
    assert "half.txt" in merged_files(home)
    pool = pool_of(home)
    assert (pool["ada-1"]["spent_usd"], pool["bob-1"]["spent_usd"]) == (1.25, 0.1)
    assert done.json["cost_usd"] == 1.35
    assert "1.25" in home.run("task", "log", key).out


def test_when_all_accounts_are_spent_the_task_waits_with_reason_and_time(home: Home) -> None:
    zone = far_from_midnight()
    home.configure(accounts=[account("ada-1", daily_budget_usd=1)], timezone=zone)
    script = (
        WRITES
        + """
json.dump({"usage": {"cost_usd": 0.6, "turns": 1}}, open(os.environ["FLEET_RESULT"], "w"))
"""
    )
    home.agent("writes", script, max_cost_usd=0.7)
    keys = [home.task("write a file"), home.task("write another")]

    done = home.run("run", "--json")

    assert done.code == 1
    assert (done.json["merged"], done.json["waiting"]) == (1, [keys[1]])
    there = CLOCK.now().astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0)
    midnight = (there + timedelta(days=1)).astimezone(UTC)
    (waiting,) = [t for t in done.json["tasks"] if t["key"] == keys[1]]
    assert "today's budget is spent or reserved" in waiting["reason"]
    assert f"until {midnight:%Y-%m-%d %H:%M:%S} UTC" in waiting["reason"]
    (queued,) = home.run("status", "--json").json["queue"]
    assert datetime.fromisoformat(queued["until"]) == midnight.replace(microsecond=0)


def test_a_task_waits_for_the_window_and_starts_at_the_minute(home: Home) -> None:
    # half a minute at least, so that the run has begun before, on a busy machine too
    opens = (CLOCK.now() + timedelta(seconds=90)).replace(second=0, microsecond=0)
    closes = opens + timedelta(hours=2)
    window = {"from": f"{opens:%H:%M}", "to": f"{closes:%H:%M}", "timezone": "UTC"}
    home.configure(accounts=[account("bob-1", unmetered=True, window=window)])
    home.agent("writes", WRITES)
    key = home.task("write a file")
    local = (opens + timedelta(minutes=3)).astimezone()

    running = home.start("run", "--json", "--until", f"{local:%H:%M}")
    started = leased_at(home, key, seconds=240)
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=150)

    assert timedelta(0) <= started - opens < timedelta(seconds=30)


def leased_at(home: Home, key: str, *, seconds: float) -> datetime:
    """Answer when the first attempt was leased, by the task's log."""
    deadline, pause = time.monotonic() + seconds, Event()
    while time.monotonic() < deadline:
        rows = home.run("task", "log", key, "--json").json
        leased = [row["at"] for row in rows if row["kind"] == "attempt.leased"]
        if leased:
            return datetime.fromisoformat(leased[0])
        pause.wait(1)
    raise AssertionError(f"{key} never started")
