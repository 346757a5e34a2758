"""Which ready tasks start: fair turns, money, caps on swaps, and what the others wait for."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.attempt import State
from fleet.domain.budget import Tally
from fleet.domain.plan import Dispatch
from fleet.domain.profile import OnClose, SwapRules
from fleet.domain.swap import Cause
from fleet.domain.task import Priority
from fleet.domain.window import Window, night_of
from tests.builders import NOW, a_fleet, a_health, a_profile, a_project, a_task, an_account
from tests.domain.planning import LATER, a_snapshot, ended, planned, running

TODAY = LATER.date()


def starts(plan):
    return [action for action in plan.actions if isinstance(action, Dispatch)]


def started(plan):
    return [action.task.key for action in starts(plan)]


def test_the_most_urgent_task_goes_first_then_the_oldest():
    tasks = (
        a_task("APP-1"),
        a_task("APP-2", priority=Priority.HIGH),
        a_task("APP-3", created=NOW - timedelta(days=1)),
        a_task("APP-4", priority=Priority.LOW, created=NOW - timedelta(days=9)),
    )

    assert started(planned(a_snapshot(tasks=tasks))) == ["APP-2", "APP-3", "APP-1", "APP-4"]


def projects(**weights):
    return {"projects": {key: a_project(key, weight=weight) for key, weight in weights.items()}}


def test_projects_take_turns_by_their_weight():
    tasks = tuple(a_task(f"{key}-{n}") for key in ("A", "B") for n in range(1, 9))

    keys = started(planned(a_snapshot(tasks=tasks), a_fleet(**projects(A=1, B=3)), parallel=8))

    assert [sum(key.startswith(p) for key in keys) for p in ("A", "B")] == [2, 6]


def test_what_runs_already_counts_in_a_projects_turn():
    tasks = tuple(a_task(f"{key}-{n}") for key in ("A", "B") for n in range(1, 5))
    busy = (running(task="A-1"), running(task="A-2", number=1))

    keys = started(planned(a_snapshot(*busy, tasks=tasks), a_fleet(**projects(A=1, B=1))))

    assert keys == ["B-1", "B-2"]


def test_priority_outranks_fairness():
    tasks = (*(a_task(f"A-{n}", priority=Priority.HIGH) for n in (1, 2, 3)), a_task("B-1"))

    keys = started(planned(a_snapshot(tasks=tasks), a_fleet(**projects(A=1, B=9)), parallel=3))

    assert keys == ["A-1", "A-2", "A-3"]


@given(
    weights=st.lists(st.sampled_from([0.5, 1, 2, 5]), min_size=1, max_size=4),
    counts=st.lists(st.integers(0, 9), min_size=4, max_size=4),
    parallel=st.integers(0, 12),
)
def test_every_task_is_dispatched_or_waits_once(weights, counts, parallel):
    keys = [f"P{place}" for place in range(len(weights))]
    fleet = a_fleet(**projects(**dict(zip(keys, weights, strict=True))))
    tasks = tuple(
        a_task(f"{key}-{n}")
        for key, count in zip(keys, counts, strict=False)
        for n in range(1, count + 1)
    )

    plan = planned(a_snapshot(tasks=tasks), fleet, parallel=parallel)

    assert sorted(started(plan) + [w.task for w in plan.waits]) == sorted(t.key for t in tasks)
    assert len(started(plan)) == min(parallel, len(tasks))


def metered(**account):
    return {
        "profiles": {"local": a_profile(max_cost_micros=100)},
        "accounts": {"alice": an_account("alice", unmetered=False, **account)},
    }


def test_money_is_reserved_task_by_task_within_one_plan():
    tasks = tuple(a_task(f"APP-{number}") for number in (1, 2, 3))
    spent = {("alice", TODAY): Tally(micros=50)}

    plan = planned(
        a_snapshot(tasks=tasks, account_days=spent), a_fleet(**metered(daily_budget_micros=250))
    )

    assert started(plan) == ["APP-1", "APP-2"]
    (wait,) = plan.waits
    assert wait.task == "APP-3"
    assert wait.reason == (
        "local/alice: today's budget is spent or reserved, until 2026-03-15 00:00:00 UTC"
    )
    assert wait.until == plan.wake == datetime(2026, 3, 15, tzinfo=UTC)


def test_a_tasks_budget_bounds_all_its_attempts_and_lets_a_cheaper_profile_go_on():
    dear, cheap = a_profile("dear", max_cost_micros=100), a_profile("cheap", max_cost_micros=20)
    fleet = a_fleet(profiles={"cheap": cheap, "dear": dear})
    task = a_task(budget_micros=200, profile="dear")
    both = a_fleet(
        profiles={
            "cheap": cheap,
            "dear": a_profile("dear", max_cost_micros=100, fallback=("cheap",)),
        }
    )

    def plan(fleet, used):
        return planned(a_snapshot(tasks=(task,), task_settled={"APP-1": used}), fleet)

    assert started(plan(fleet, 100)) == ["APP-1"]
    assert started(plan(fleet, 101)) == []
    assert "the task's budget is spent" in plan(fleet, 101).waits[0].reason
    (action,) = starts(plan(both, 101))
    assert action.slot.profile == "cheap"


def test_a_successor_names_whom_it_swaps_and_why():
    last = ended(1, State.SWAPPED, cause=Cause.STALLED)

    (action,) = starts(planned(a_snapshot(last)))

    assert (action.after, action.cause, action.number) == (last, Cause.STALLED, 2)


def test_a_humans_retry_takes_over_from_who_was_swapped_away():
    last = ended(1, State.SWAPPED, cause=Cause.STALLED)
    taken = (last, ended(2, State.CANCELLED))
    retried = a_task(red_from=1)

    (action,) = starts(planned(a_snapshot(last, tasks=(retried,))))
    (after_a_stop,) = starts(planned(a_snapshot(*taken, tasks=(retried,))))

    assert (action.after, action.cause) == (last, Cause.STALLED)
    assert after_a_stop.after is None


def test_a_humans_retry_does_not_wait_for_another_night():
    last = ended(1, State.SWAPPED, cause=Cause.STALLED)
    fleet = a_fleet(swap=SwapRules(night=0))

    assert starts(planned(a_snapshot(last, tasks=(a_task(red_from=1),)), fleet))
    assert not starts(planned(a_snapshot(last), fleet))


def test_a_retry_after_a_red_verdict_is_no_swap():
    (action,) = starts(planned(a_snapshot(ended(1))))

    assert (action.after, action.cause) == (None, None)


def test_a_night_has_only_so_many_swaps_and_new_tasks_go_on():
    last = ended(1, State.SWAPPED, cause=Cause.STALLED)
    tasks = (a_task("APP-1"), a_task("APP-2"))
    fleet = a_fleet(swap=SwapRules(night=3))
    night = night_of(LATER, UTC)

    plan = planned(a_snapshot(last, tasks=tasks, swaps={night: 3}), fleet)

    assert started(plan) == ["APP-2"]
    (wait,) = plan.waits
    assert "3 swaps in this night already" in wait.reason
    assert wait.until == datetime.combine(night + timedelta(days=1), time(12), tzinfo=UTC)
    again = planned(a_snapshot(last, tasks=tasks, swaps={night: 2}), fleet)
    assert started(again) == ["APP-1", "APP-2"]


def test_swaps_of_one_plan_count_against_the_night_too():
    tasks = (a_task("APP-1"), a_task("APP-2"))
    lasts = [ended(1, State.SWAPPED, cause=Cause.STALLED, task=t.key) for t in tasks]

    plan = planned(a_snapshot(*lasts, tasks=tasks), a_fleet(swap=SwapRules(night=1)))

    assert started(plan) == ["APP-1"]


COOLING = a_health("account alice", until=LATER + timedelta(minutes=7), kind="quota", reason="429")


def test_a_storm_is_said_with_its_end_and_burns_nothing():
    fleet = a_fleet(accounts={"alice": an_account("alice")})

    plan = planned(a_snapshot(health=(COOLING,)), fleet)

    assert plan.actions == ()
    assert "1 of them cooling; the first is back at 2026-03-14 10:33:53" in plan.storm
    assert plan.wake == COOLING.until


def test_it_is_no_storm_while_anyone_works_or_starts():
    fleet = a_fleet(accounts={"alice": an_account("alice"), "bob": an_account("bob", parallel=1)})
    tasks = (a_task("APP-1"), a_task("APP-2"))

    first = planned(a_snapshot(tasks=tasks, health=(COOLING,)), fleet)
    then = planned(
        a_snapshot(running(task="APP-9", account="bob"), tasks=tasks, health=(COOLING,)), fleet
    )

    assert (len(started(first)), first.storm, then.storm) == (1, "", "")


def test_reasons_alike_are_told_once():
    names = [f"a{number}" for number in range(9)]
    fleet = a_fleet(accounts={name: an_account(name, parallel=1) for name in names})
    busy = [running(task=f"APP-{n}", account=name) for n, name in enumerate(names, start=10)]

    plan = planned(a_snapshot(*busy, tasks=(a_task(),)), fleet, parallel=99)

    assert [w.reason for w in plan.waits] == [
        "local/a0, local/a1, local/a2 and 6 more: 1 attempts run already"
    ]


def test_a_task_nobody_can_do_says_so():
    def said(**task):
        return [w.reason for w in planned(a_snapshot(tasks=(a_task(**task),))).waits]

    assert said(role="judge") == ["no profile for judge"]
    assert said(profile="gone") == ["gone: there is no profile of that name"]


def test_the_decider_wakes_when_a_window_opens():
    window = Window(opens=time(11), closes=time(12), timezone=UTC)
    fleet = a_fleet(accounts={"local": an_account(window=window)})

    assert planned(a_snapshot(), fleet).wake == datetime(2026, 3, 14, 11, tzinfo=UTC)


def test_the_decider_wakes_when_the_window_of_a_running_attempt_closes_unless_it_may_finish():
    window = Window(opens=time(9), closes=time(12), timezone=UTC)

    def wake(policy):
        account = an_account(window=window, on_window_close=policy)
        return planned(a_snapshot(running()), a_fleet(accounts={"local": account})).wake

    closes = datetime(2026, 3, 14, 12, tzinfo=UTC)
    assert [wake(policy) for policy in (OnClose.FINISH, OnClose.NEXT_TURN, OnClose.NOW)] == [
        None,
        closes,
        closes,
    ]


def test_it_is_no_storm_while_a_probe_is_out():
    fleet = a_fleet(accounts={"alice": an_account("alice")})
    over = a_health("vendor command", kind="overloaded", until=LATER - timedelta(seconds=9))
    probe = running(task="APP-9", account="alice", created=LATER - timedelta(seconds=5))

    plan = planned(a_snapshot(probe, tasks=(a_task(),), health=(over,)), fleet)

    assert "one attempt probes" in plan.waits[0].reason
    assert plan.storm == ""


def test_a_successor_starts_once_the_work_is_collected_and_retirement_waits_for_the_rest():
    collected = ended(1, State.SWAPPED, cause=Cause.STALLED, cleaned=False)
    unknown = ended(1, State.FAILED, outcome=None, cleaned=False)

    assert started(planned(a_snapshot(collected))) == ["APP-1"]
    assert [w.reason for w in planned(a_snapshot(unknown)).waits] == [
        "predecessor not confirmed dead"
    ]


def test_a_page_of_reasons_is_cut_to_those_that_end_soonest():
    rows = [
        a_health(f"account a{n}", until=LATER + timedelta(minutes=9 - n), reason=f"{n}")
        for n in range(5)
    ]
    fleet = a_fleet(accounts={f"a{n}": an_account(f"a{n}") for n in range(5)})

    (wait,) = planned(a_snapshot(health=tuple(rows)), fleet).waits

    assert wait.reason.startswith("local/a4: rate_limit: 4, until 2026-03-14 10:31:53 UTC; ")
    assert wait.reason.endswith("2 more: see `fleet pool status --explain`")


def test_a_task_that_met_too_many_limits_in_a_night_waits_for_the_next_and_fails_not():
    met = [ended(n, State.SWAPPED, cause=Cause.RATE_LIMIT, ended=LATER) for n in range(1, 6)]
    night = night_of(LATER, UTC)

    few, many = planned(a_snapshot(*met[:4])), planned(a_snapshot(*met))

    assert started(few) == ["APP-1"]
    assert many.actions == ()
    (wait,) = many.waits
    assert "fleet task retry" in wait.reason
    assert wait.until == datetime.combine(night + timedelta(days=1), time(12), tzinfo=UTC)


def test_where_no_swap_is_allowed_at_all_nobody_is_told_to_wait_for_noon():
    last = ended(1, State.SWAPPED, cause=Cause.STALLED)

    (wait,) = planned(a_snapshot(last), a_fleet(swap=SwapRules(night=0))).waits

    assert wait.until is None


def test_it_is_no_storm_while_somebody_works():
    task = a_task(profile="hers")
    fleet = a_fleet(
        profiles={"hers": a_profile("hers", agent="claude", command=()), "local": a_profile()},
        accounts={"alice": an_account("alice", agent="claude"), "bob": an_account("bob")},
    )

    plan = planned(
        a_snapshot(running(task="APP-9", account="bob"), tasks=(task,), health=(COOLING,)), fleet
    )

    assert "429" in plan.waits[0].reason
    assert plan.storm == ""
