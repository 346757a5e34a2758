"""Why a running attempt is stopped: one rule after another, each with its evidence."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from fleet.domain.budget import Price, Tally
from fleet.domain.plan import Hearing
from fleet.domain.pool import pool_of
from fleet.domain.profile import OnClose
from fleet.domain.result import Usage
from fleet.domain.stopping import ground, spending_of
from fleet.domain.swap import Cause
from fleet.domain.window import Window
from tests.builders import NOW, a_fleet, a_profile, a_project, a_task, an_account
from tests.domain.planning import LATER, a_snapshot, running

TODAY = LATER.date()


def stopped(attempt, fleet=None, *, task=None, since=NOW, now=LATER, others=(), **settled):
    hearing = Hearing(since=since, clock_set=settled.pop("clock_set", timedelta()))
    snapshot = a_snapshot(attempt, *others, **settled)
    pool = pool_of(snapshot, fleet or a_fleet(), now=now, unfit={})
    spending = spending_of(snapshot, pool)
    return ground(attempt, task or a_task(), pool, spending=spending, hearing=hearing)


def ago(seconds):
    return LATER - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("fields", "cause", "said"),
    [
        ({"last_beat": ago(61)}, Cause.HEARTBEAT_LOST, "no heartbeat for 61 s (limit 60 s)"),
        ({"last_beat": ago(60)}, None, ""),
        ({"last_progress": ago(601)}, Cause.STALLED, "no progress for 601 s (limit 600 s)"),
        ({"last_progress": ago(600)}, None, ""),
        ({"started": ago(3631)}, Cause.OVERTIME, "ran 3631 s (limit 3600 s)"),
        ({"started": ago(3630)}, None, ""),
    ],
)
def test_silence_stall_and_overtime_are_three_rules(fields, cause, said):
    found = stopped(running(**fields))

    assert (found and found[0]) == cause
    assert said in (found[1] if found else "")


@pytest.mark.parametrize(
    ("told", "worked", "said"),
    [
        (601, None, "no progress for 601 s (limit 600 s) though alive, last beat 0 s ago"),
        (601, 600, None),
        (1800, 0, None),
        (1801, 0, "not a word for 1801 s (limit 1800 s) while it works, though alive"),
        (900, 601, "no progress for 601 s (limit 600 s), not a word for 900 s though alive"),
        (1801, 1000, "no progress for 1000 s (limit 600 s), not a word for 1801 s though alive"),
        (5, 5000, None),
    ],
)
def test_work_without_a_word_is_progress_for_three_times_the_limit(told, worked, said):
    work = None if worked is None else ago(worked)

    found = stopped(running(last_progress=ago(told), last_work=work), since=ago(9000))

    assert (found and found[0]) == (Cause.STALLED if said else None)
    assert (said or "") in (found[1] if found else "")


def test_a_build_of_twenty_silent_minutes_lives_and_a_loop_of_thirty_does_not():
    """The runner beats every ten seconds; nothing but its beats is heard, by the default limits."""

    def after(minutes):
        silent = running(last_progress=ago(60 * minutes), last_work=ago(10))
        return stopped(silent, since=ago(9000))

    assert after(20) is None
    assert after(30) is None
    assert after(31)[0] is Cause.STALLED


@pytest.mark.parametrize("worked", [ago(900), LATER + timedelta(hours=1)])
def test_work_before_the_hearing_began_or_ahead_of_the_clock_is_forgiven_as_words_are(worked):
    quiet = running(last_progress=ago(5000), last_work=worked)

    assert stopped(quiet, since=ago(600)) is None
    assert stopped(quiet, since=ago(601)) is not None


def test_silence_before_this_coordinator_began_is_forgiven():
    quiet = running(last_beat=ago(900), last_progress=ago(900))

    assert stopped(quiet, since=ago(30)) is None


def test_one_that_cannot_be_heard_is_late_only_once_its_time_is_over():
    quiet = {"last_beat": ago(900), "last_progress": ago(900)}

    assert stopped(running(**quiet), since=None) is None
    cause, said = stopped(running(**quiet, started=ago(3631)), since=None)
    assert (cause, said) == (
        Cause.OVERTIME,
        "ran 3631 s (limit 3600 s), its output cannot be read",
    )


@pytest.mark.parametrize("sign", ["last_beat", "last_progress"])
def test_a_sign_of_life_that_lies_ahead_counts_as_none(sign):
    ahead = running(**{sign: LATER + timedelta(hours=3)})

    assert stopped(ahead, since=ago(60)) is None
    assert stopped(ahead, since=ago(601)) is not None


@pytest.mark.parametrize(("by", "late"), [(3600, False), (-1, True), (0, True)])
def test_the_age_of_an_attempt_is_the_time_that_passed_whatever_the_clock_says(by, late):
    old = running(started=ago(3631))

    found = stopped(old, clock_set=timedelta(seconds=by))

    assert (found is not None) is late


@pytest.mark.parametrize(
    ("ran", "beat", "late"),
    [(3629, 0, False), (3631, 0, True), (3625, 5, False), (3625, 6, True)],
)
@pytest.mark.parametrize("started", [ago(90_000), LATER + timedelta(hours=3)])
def test_who_is_heard_is_as_old_as_its_runner_says_whatever_the_clock_did(ran, beat, late, started):
    old = running(started=started, ran_seconds=ran, last_beat=ago(beat))

    found = stopped(old)

    assert (found and found[0]) == (Cause.OVERTIME if late else None)


def test_who_cannot_be_heard_is_as_old_as_the_clock_says():
    assert stopped(running(started=ago(3631), ran_seconds=5), since=None) is not None
    assert stopped(running(started=ago(3630), ran_seconds=5), since=None) is None


def metered(**fields):
    account = an_account("alice", unmetered=False, **fields)
    profile = a_profile(max_cost_micros=100, price=Price(input=1_000_000, cached_input=0, output=0))
    return {"profiles": {"local": profile}, "accounts": {"alice": account}}


def at_work(micros, **fields):
    told = {"account": "alice", "reserved_micros": 100, "usage": Usage(cost_micros=micros, turns=7)}
    return running(**(told | fields))


@pytest.mark.parametrize(("used", "over"), [(99, False), (100, True), (250, True)])
def test_an_attempt_stops_when_it_told_of_its_reservation(used, over):
    found = stopped(at_work(used), a_fleet(**metered()))

    assert (found is not None) is over
    if found:
        assert found[0] is Cause.RESERVATION
        assert "of 0.0001 USD of its reservation" in found[1]


def test_tokens_count_by_the_profiles_price():
    tokens = at_work(None, usage=Usage(input_tokens=100))

    assert stopped(tokens, a_fleet(**metered())) == (
        Cause.RESERVATION,
        "used 0.0001 of 0.0001 USD of its reservation",
    )


def test_one_that_told_its_result_is_not_stopped_for_money():
    assert stopped(at_work(500, failure_kind="none"), a_fleet(**metered())) is None


@pytest.mark.parametrize(
    ("fleet", "task", "settled", "cause"),
    [
        (
            metered(daily_budget_micros=300),
            a_task(),
            {"account_days": {("alice", TODAY): Tally(micros=250)}},
            Cause.ACCOUNT_BUDGET,
        ),
        (
            metered() | {"projects": {"APP": a_project(daily_budget_micros=300)}},
            a_task(),
            {"project_days": {("APP", TODAY): 250}},
            Cause.PROJECT_BUDGET,
        ),
        (
            metered(),
            a_task(budget_micros=300),
            {"task_settled": {"APP-1": 250}},
            Cause.TASK_BUDGET,
        ),
        (metered() | {"run_budget_micros": 300}, a_task(), {"run_settled": 250}, Cause.RUN_BUDGET),
        (
            metered(daily_requests=30),
            a_task(),
            {"account_days": {("alice", TODAY): Tally(requests=23)}},
            Cause.ACCOUNT_REQUESTS,
        ),
    ],
)
def test_an_attempt_stops_when_what_it_told_reaches_a_days_limit(fleet, task, settled, cause):
    found = stopped(at_work(50), a_fleet(**fleet), task=task, **settled)

    assert found is not None
    assert found[0] is cause


def test_what_another_attempt_of_the_account_uses_counts_too():
    fleet = a_fleet(**metered(daily_budget_micros=120))
    other = at_work(70, number=9)

    assert stopped(at_work(49), fleet, others=(other,)) is None
    assert stopped(at_work(50), fleet, others=(other,)) is not None


def test_yesterdays_money_is_another_days():
    fleet = a_fleet(**metered(daily_budget_micros=300))
    spent = {("alice", TODAY - timedelta(days=1)): Tally(micros=1_000)}

    assert stopped(at_work(50), fleet, account_days=spent) is None


def test_money_of_an_unmetered_account_has_no_daily_limit():
    fleet = a_fleet(
        profiles={"local": a_profile()},
        accounts={"alice": an_account("alice", daily_budget_micros=10)},
    )

    assert stopped(at_work(50), fleet) is None


NIGHT = Window(opens=time(0), closes=time(10), timezone=UTC)
CLOSED = datetime.combine(date(2026, 3, 14), time(10), tzinfo=UTC)


def of_the_night(policy, agent="claude"):
    fields = {"window": NIGHT, "on_window_close": policy, "agent": agent}
    account = an_account("alice", **fields)
    return a_fleet(
        profiles={"local": a_profile(agent=agent, command=())}, accounts={"alice": account}
    )


@pytest.mark.parametrize(
    ("policy", "turn", "stops"),
    [
        (OnClose.FINISH, 60, False),
        (OnClose.NOW, None, True),
        (OnClose.NEXT_TURN, -60, False),
        (OnClose.NEXT_TURN, None, False),
        (OnClose.NEXT_TURN, 60, True),
    ],
)
def test_when_its_window_closes_an_attempt_ends_as_the_account_says(policy, turn, stops):
    last = None if turn is None else CLOSED + timedelta(seconds=turn)
    attempt = running(account="alice", started=NOW, last_turn=last)

    found = stopped(attempt, of_the_night(policy), now=LATER)

    assert LATER > CLOSED > NOW
    assert (found is not None) is stops
    if found:
        assert found == (
            Cause.WINDOW_CLOSED,
            "the window of account alice closed at 2026-03-14 10:00 UTC",
        )


def test_an_agent_that_tells_no_turns_stops_at_its_next_sign_of_work():
    attempt = running(account="alice", last_progress=CLOSED + timedelta(seconds=1))
    fleet = of_the_night(OnClose.NEXT_TURN, agent="gemini")

    assert stopped(attempt, fleet) is not None
    quiet = running(account="alice", last_progress=CLOSED - timedelta(seconds=1))
    assert stopped(quiet, fleet) is None or stopped(quiet, fleet)[0] is Cause.STALLED


def test_nothing_stops_while_the_window_is_open():
    soon = NOW + timedelta(minutes=5)
    attempt = running(account="alice", started=NOW, last_beat=soon, last_progress=soon)

    assert stopped(attempt, of_the_night(OnClose.NOW), now=soon) is None


@pytest.mark.parametrize("gone", ["profiles", "accounts"])
def test_what_is_no_longer_in_the_files_stops_at_once(gone):
    found = stopped(at_work(1), a_fleet(**(metered() | {gone: {}})))

    assert found is not None
    assert found[0] is Cause.CONFIG
    assert "is not there any more" in found[1]


def test_who_costs_nothing_is_not_stopped_by_what_others_used_up():
    fleet = a_fleet(projects={"APP": a_project(daily_budget_micros=0)}, run_budget_micros=5)

    assert stopped(running(), fleet, run_settled=5) is None
    assert stopped(running(usage=Usage(cost_micros=1)), fleet, run_settled=5) is not None
