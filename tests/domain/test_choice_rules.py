"""No slot is ever chosen against a rule, whatever fleet and ledger there are."""

from dataclasses import replace
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.attempt import State
from fleet.domain.budget import Price, Tally
from fleet.domain.choice import Candidate, choose_slot, refused
from fleet.domain.health import account_subject, vendor_subject
from fleet.domain.hindrance import AccountState
from fleet.domain.plan import Snapshot
from fleet.domain.pool import pool_of, taken
from fleet.domain.result import Usage
from fleet.domain.slot import Slot
from fleet.domain.task import Priority
from fleet.domain.window import Window, day_of
from tests.builders import (
    NOW,
    TODAY,
    a_fleet,
    a_health,
    a_profile,
    a_project,
    an_account,
    an_attempt,
)

AGENTS = ("command", "command", "codex")
NAMES = ("a", "b", "c", "d")
ZONES = tuple(map(ZoneInfo, ("UTC", "America/Lima", "Pacific/Kiritimati", "Europe/Berlin")))
few = st.integers(0, 4)
money = st.sampled_from((100, 50, 150, 300, 0))
# seldom nothing at all: what is refused for one reason alone tests that reason
limits = st.sampled_from((None, None, 1_000, 600, 300, 99))
seldom = st.sampled_from((False, False, False, False, True))
hours = st.integers(0, 23).map(time)
instants = st.integers(-90, 30).map(lambda minutes: NOW + timedelta(minutes=minutes))
priced = st.none() | st.just(Price(input=1, cached_input=1, output=1_000_000))


@st.composite
def accounts(draw, name):
    window = st.builds(
        Window,
        opens=hours,
        closes=hours,
        timezone=st.sampled_from(ZONES),
        days=st.frozensets(st.integers(0, 6), min_size=3),
    )
    return an_account(
        name,
        agent=draw(st.sampled_from(AGENTS)),
        owner=draw(st.sampled_from(("", "ann", "bob"))),
        parallel=draw(st.sampled_from((None, 1, 2, 3))),
        daily_budget_micros=draw(limits),
        daily_requests=draw(st.sampled_from((None, None, 3, 5, 8))),
        unmetered=draw(st.booleans()),
        priority=draw(st.sampled_from(Priority)),
        expires=TODAY - timedelta(days=draw(seldom)),
        timezone=draw(st.none() | st.sampled_from(ZONES)),
        window=draw(window) if draw(seldom) else None,
    )


@st.composite
def profiles(draw, name):
    agent, price = draw(st.sampled_from(AGENTS)), draw(priced)
    return a_profile(name, agent=agent, max_cost_micros=draw(money), price=price)


@st.composite
def healths(draw, subject):
    return a_health(
        subject,
        until=draw(st.none() | instants),
        strikes=draw(few),
        blocked=draw(seldom),
    )


@st.composite
def attempts(draw, number):
    return an_attempt(
        f"APP-{number}",
        state=draw(st.sampled_from([State.LEASED, State.RUNNING, State.COLLECTED])),
        account=draw(st.sampled_from(NAMES)),
        profile=draw(st.sampled_from(("p", "q", "gone"))),
        reserved_micros=draw(money),
        created=draw(instants),
        usage=Usage(output_tokens=draw(money), turns=draw(few)),
    )


@st.composite
def scenes(draw):
    """Draw a fleet and what its ledger holds, with few amounts so that limits are often met."""
    known = [draw(accounts(name)) for name in NAMES[: draw(st.integers(1, 4))]]
    subjects = sorted({s for a in known for s in (account_subject(a.name), vendor_subject(a))})
    days = [TODAY + timedelta(days=offset) for offset in (-1, 0, 1)]
    fleet = a_fleet(
        accounts={account.name: account for account in known},
        profiles={name: draw(profiles(name)) for name in ("p", "q")},
        projects={"APP": a_project(daily_budget_micros=draw(limits))},
        run_budget_micros=draw(limits),
        timezone=draw(st.sampled_from(ZONES)),
    )
    tallies = st.dictionaries(
        st.tuples(st.sampled_from(NAMES), st.sampled_from(days)),
        st.builds(Tally, micros=money, requests=few),
    )
    snapshot = Snapshot(
        attempts=tuple(draw(attempts(number)) for number in range(draw(few))),
        health=tuple(draw(healths(s)) for s in draw(st.sets(st.sampled_from(subjects)))),
        account_days=draw(tallies),
        project_days={("APP", day): draw(money) for day in days},
        run_settled=draw(money),
    )
    unfit = {draw(st.sampled_from(NAMES)): "no key"} if draw(seldom) else {}
    return fleet, snapshot, unfit


def asked(fleet, fallback):
    one, other = fleet.profiles["p"], fleet.profiles["q"]
    return [Candidate(profile=one), Candidate(profile=other, fallback=fallback)]


def faults(chosen, fleet, snapshot, unfit):
    """Answer, worked out anew from the ledger, why the slot should not have been chosen."""
    account, profile = fleet.accounts[chosen.account], fleet.profiles[chosen.profile]
    holding = [a for a in snapshot.attempts if a.state in {State.LEASED, State.RUNNING}]
    today = day_of(NOW, account.timezone or fleet.timezone)
    rows = {row.subject: row for row in snapshot.health}
    seen = {
        "agent": account.agent != profile.agent,
        "unfit": account.name in unfit,
        "expired": account.expires is not None and account.expires < today,
        "closed": account.window is not None and account.window.closing(NOW) is None,
        "unwell": any(unwell(account, rows)),
        "probed": probed(account, fleet, holding, rows),
        **overdrawn(account, profile, fleet=fleet, snapshot=snapshot, holding=holding),
        **crowded(account, snapshot.account_days.get((account.name, today), Tally()), holding),
    }
    return [name for name, holds in seen.items() if holds]


def unwell(account, rows):
    for subject in (account_subject(account.name), vendor_subject(account)):
        row = rows.get(subject)
        yield row is not None and row.until is not None and row.until > NOW
        yield row is not None and row.blocked and subject == account_subject(account.name)


def probed(account, fleet, holding, rows):
    row = rows.get(vendor_subject(account))
    if row is None or not row.strikes:
        return False
    same = {each.name for each in fleet.accounts.values() if each.agent == account.agent}
    later = [a for a in holding if row.until is None or a.created >= row.until]
    return any(attempt.account in same for attempt in later)


def crowded(account, settled, holding):
    mine = [attempt for attempt in holding if attempt.account == account.name]
    asked = settled.requests + sum(attempt.usage.turns for attempt in mine)
    return {
        "full": account.parallel is not None and len(mine) >= account.parallel,
        "requests": account.daily_requests is not None and asked >= account.daily_requests,
    }


def overdrawn(account, profile, *, fleet, snapshot, holding):
    def beyond(most, used):
        return most is not None and used + profile.max_cost_micros > most

    days, run = snapshot.account_days, snapshot.run_settled
    today = day_of(NOW, account.timezone or fleet.timezone)
    settled = days.get((account.name, today), Tally()).micros
    of_project = snapshot.project_days[("APP", day_of(NOW, fleet.timezone))]
    mine = sum(held(a, fleet) for a in holding if a.account == account.name)
    all_held = sum(held(a, fleet) for a in holding)
    budget = None if account.unmetered else account.daily_budget_micros
    return {
        "unbounded": not account.unmetered and profile.max_cost_micros == 0,
        "account": beyond(budget, settled + mine),
        "project": beyond(fleet.projects["APP"].daily_budget_micros, of_project + all_held),
        "run": beyond(fleet.run_budget_micros, run + all_held),
    }


def held(attempt, fleet):
    profile = fleet.profiles.get(attempt.profile)
    used = attempt.usage.output_tokens if profile is not None and profile.price else 0
    return max(attempt.reserved_micros, used)


@given(scenes(), st.booleans())
def test_no_slot_is_ever_chosen_against_a_rule(scene, fallback):
    fleet, snapshot, unfit = scene
    pool = pool_of(snapshot, fleet, now=NOW, unfit=unfit)

    found = choose_slot(asked(fleet, fallback), pool, project="APP")

    if isinstance(found, Slot):
        assert faults(found, fleet, snapshot, unfit) == []


@given(scenes(), st.booleans(), st.sampled_from(NAMES))
def test_there_is_a_slot_or_a_refusal_of_each_with_its_reason(scene, fallback, avoided):
    fleet, snapshot, unfit = scene
    pool = pool_of(snapshot, fleet, now=NOW, unfit=unfit)

    avoid = Slot(profile="p", account=avoided)
    found = choose_slot(asked(fleet, fallback), pool, project="APP", avoid=avoid)

    if isinstance(found, Slot):
        assert refused(found, pool, project="APP") is None
        return
    assert found
    assert len({each.subject for each in found}) == len(found)
    for refusal in found:
        assert refusal.reason
        assert refusal.until is None or refusal.until > NOW
    if not any(each.state is AccountState.FULL for each in found):
        assert all(each for each in everything_refused(fleet, pool))


def everything_refused(fleet, pool):
    for profile in fleet.profiles.values():
        for account in fleet.accounts.values():
            if account.agent == profile.agent:
                yield refused(Slot(profile=profile.name, account=account.name), pool, project="APP")


@given(scenes(), st.booleans())
def test_slots_are_given_until_no_limit_allows_another(scene, fallback):
    fleet, snapshot, unfit = scene
    pool = pool_of(snapshot, fleet, now=NOW, unfit=unfit)

    for number in range(100, 110):
        found = choose_slot(asked(fleet, fallback), pool, project="APP")
        if not isinstance(found, Slot):
            break
        # what was promised within a tick is what the ledger will say after it
        assert faults(found, fleet, snapshot, unfit) == []
        pool = taken(pool, found, project="APP")
        begun = an_attempt(
            f"APP-{number}",
            profile=found.profile,
            account=found.account,
            reserved_micros=fleet.profiles[found.profile].max_cost_micros,
        )
        snapshot = replace(snapshot, attempts=(*snapshot.attempts, begun))


@st.composite
def constraints(draw, fleet, snapshot):
    """Draw the same fleet and ledger with one more thing in the way of account `a`."""
    account = fleet.accounts["a"]
    kind = draw(st.sampled_from(("blocked", "window", "expires", "full", "money", "requests")))
    match kind:
        case "blocked":
            rows = [row for row in snapshot.health if row.subject != account_subject("a")]
            blocked = a_health(account_subject("a"), blocked=True)
            return fleet, replace(snapshot, health=(*rows, blocked))
        case "window":
            account = replace(
                account,
                window=Window(opens=time(1), closes=time(2), timezone=ZONES[0]),
            )
        case "expires":
            account = replace(account, expires=date(2020, 1, 1))
        case "full":
            account = replace(account, parallel=0)
        case "money":
            account = replace(account, daily_budget_micros=0, unmetered=False)
        case _:
            account = replace(account, daily_requests=0)
    return replace(fleet, accounts={**fleet.accounts, "a": account}), snapshot


@given(st.data())
def test_one_more_constraint_never_lets_a_refused_slot_through(data):
    fleet, snapshot, unfit = data.draw(scenes())
    harder = data.draw(constraints(fleet, snapshot))
    before = pool_of(snapshot, fleet, now=NOW, unfit=unfit)
    after = pool_of(harder[1], harder[0], now=NOW, unfit=unfit)

    for profile in fleet.profiles.values():
        for account in fleet.accounts.values():
            if account.agent == profile.agent:
                asked_for = Slot(profile=profile.name, account=account.name)
                refusal = refused(asked_for, after, project="APP")
                was_refused = refused(asked_for, before, project="APP") is not None
                assert refusal is not None or (account.name != "a" and not was_refused)
    found = choose_slot(asked(fleet, True), after, project="APP")
    assert not isinstance(found, Slot) or found.account != "a"
