"""`fleet pool` on a real ledger: what stands still and why, and a human's word to go on."""

import json
from datetime import timedelta

import pytest

from fleet.adapters.system import SystemClock
from fleet.app.run import STARTED
from fleet.bootstrap import office_open
from fleet.config import read_settings
from fleet.domain.attempt import State
from fleet.domain.events import Event
from fleet.domain.task import Resolution
from fleet.ports import Append, Log, Save
from tests.builders import NOW, TODAY, a_health, a_settlement, a_task, an_attempt

pytestmark = pytest.mark.slow

# a command writes UTC for scripts and the clock of the machine for people
SOON = SystemClock().now().replace(microsecond=0) + timedelta(hours=5)
BLOCKED = a_health(
    "account alice", blocked=True, until=None, kind="auth", reason="401: the key was revoked"
)


@pytest.fixture
def pooled(home):
    """A home with the accounts alice and bob, and one task that only they may do."""
    accounts = [
        {"name": name, "agent": "command", "owner": name, "daily_budget_usd": 2, "parallel": 1}
        for name in ("alice", "bob")
    ]
    home.configure(accounts=accounts)
    home.agent("dear", "pass", max_cost_usd=3)
    home.task("needs money", "--profile", "dear")
    return home


def put_down(home, *rows):
    with office_open(read_settings(home.folder)) as office:
        office.ledger.commit([Save(row=row) for row in rows])


def by_name(rows):
    return {row["account"]: row for row in rows}


def test_the_document_holds_the_promised_fields_of_every_account(pooled):
    rows = by_name(pooled.ask("pool", "status", "--json").json)

    assert set(rows) == {"alice", "bob"}
    promised = {"account", "owner", "agent", "state", "until", "reason", "spent_usd"}
    promised |= {"daily_budget_usd", "requests", "running"}
    assert promised <= rows["alice"].keys()
    assert (rows["alice"]["state"], rows["alice"]["daily_budget_usd"]) == ("ready", 2.0)


def test_an_end_is_told_to_scripts_in_utc_and_to_people_by_their_clock(pooled):
    put_down(pooled, a_health("account bob", until=SOON))

    told = by_name(pooled.ask("pool", "status", "--json").json)
    shown = pooled.ask("pool", "status").out

    assert told["bob"]["until"] == SOON.isoformat()
    assert f"{SOON.astimezone():%Y-%m-%d %H:%M:%S %Z}" in shown


def test_explain_names_every_candidate_with_its_refusal(pooled):
    put_down(pooled, BLOCKED)

    document = pooled.ask("pool", "status", "--explain", "APP-1", "--json").json
    words = pooled.ask("pool", "status", "--explain").out

    (task,) = document["tasks"]
    refusals = {each["account"]: each["reason"] for each in task["candidates"]}
    assert "401: the key was revoked" in refusals["alice"]
    assert "budget" in refusals["bob"]
    assert "dear/alice: blocked, auth: 401: the key was revoked" in words
    assert [row["account"] for row in document["accounts"]] == ["alice", "bob"]


def test_explain_says_who_has_to_act_where_nothing_changes_by_itself(pooled):
    put_down(pooled, BLOCKED)
    keyed = {"name": "keyed", "agent": "claude", "roles": ["developer"], "max_cost_usd": 1}
    (pooled.folder / "profiles" / "keyed.yaml").write_text(json.dumps(keyed))
    pooled.task("needs a key", "--profile", "keyed")

    words = pooled.ask("pool", "status", "--explain").out.splitlines()

    assert "  keyed: no account for claude, until fleet.yaml names one" in words
    (alice,) = (line for line in words if line.startswith("  dear/alice: blocked"))
    assert alice.endswith(", until somebody mends that")


def test_a_task_that_has_ended_or_is_unknown_is_refused_by_explain(pooled):
    unknown = pooled.ask("pool", "status", "--explain", "APP-9")
    without = pooled.ask("pool", "status", "APP-1")

    assert (unknown.code, "APP-9" in unknown.err) == (1, True)
    assert (without.code, "--explain" in without.err) == (2, True)


def test_a_blocked_account_is_open_once_a_human_says_so(pooled):
    put_down(pooled, BLOCKED)
    before = by_name(pooled.ask("pool", "status", "--json").json)["alice"]

    done = pooled.ask("pool", "open", "alice", "--yes")

    after = by_name(pooled.ask("pool", "status", "--json").json)["alice"]
    assert (before["state"], after["state"]) == ("blocked", "ready")
    assert done.code == 0, done.err
    assert "401: the key was revoked" in done.out


def test_an_account_is_not_opened_without_a_yes(pooled):
    put_down(pooled, BLOCKED)

    done = pooled.ask("pool", "open", "alice")

    assert done.code == 2
    assert by_name(pooled.ask("pool", "status", "--json").json)["alice"]["state"] == "blocked"


@pytest.mark.parametrize(
    ("name", "said"), [("alise", "did you mean 'alice'"), ("bob", "open already")]
)
def test_an_unknown_account_and_one_that_is_open_are_refused(pooled, name, said):
    done = pooled.ask("pool", "open", name, "--yes")

    assert done.code == 1
    assert said in done.err


def test_status_says_until_when_a_task_waits_and_what_is_left_today(pooled):
    pooled.agent("dear", "pass", max_cost_usd=1)
    put_down(pooled, a_health("account alice", until=SOON), a_health("account bob", until=SOON))

    view = pooled.ask("status", "--json").json

    (queued,) = view["queue"]
    assert (queued["task"], queued["until"]) == ("APP-1", SOON.isoformat())
    spend = by_name(view["spend"])["alice"]
    assert (spend["spent_usd"], spend["reserved_usd"], spend["daily_budget_usd"]) == (0, 0, 2)
    assert pooled.ask("status").code == 0


def test_the_money_of_the_run_under_way_refuses_what_it_would_refuse_there(pooled):
    pooled.configure(limits={"run_budget_usd": 3.5})
    pooled.agent("dear", "pass", max_cost_usd=1)
    task = a_task("APP-2", resolution=Resolution.MERGED)
    attempt = an_attempt("APP-2", account="bob", state=State.MERGED, cleaned=True)
    settled = a_settlement(attempt, micros=3_000_000, run="r", day=TODAY - timedelta(days=9))
    started = Event(kind=STARTED, at=NOW, data={"run": "r"})
    put_down(pooled, task, attempt)
    with office_open(read_settings(pooled.folder)) as office:
        office.ledger.commit([Append(row=settled), Log(event=started)])

    (row,) = pooled.ask("pool", "status", "--explain", "APP-1", "--json").json["tasks"]

    assert row["slot"] is None
    assert "run" in row["candidates"][0]["reason"]
