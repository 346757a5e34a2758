"""The pool chooses a slot or says, one by one, why not."""

import pytest

from fleet.domain.pool import Refusal, Slot, choose_slot
from fleet.domain.task import Priority
from tests.builders import a_fleet, a_profile, a_task, an_account


def choose(task, fleet, *, running=None, spent=None, unfit=None):
    return choose_slot(task, fleet, running=running or {}, spent=spent or {}, unfit=unfit or {})


def a_metered_fleet(**account):
    profile = a_profile(max_cost_micros=100)
    return a_fleet(
        profiles={"local": profile},
        accounts={"alice": an_account("alice", unmetered=False, **account)},
    )


def test_a_task_gets_the_slot_of_its_role():
    assert choose(a_task(), a_fleet()) == Slot(profile="local", account="local")


def test_the_most_urgent_profile_goes_first_then_the_name():
    names = {"c": Priority.LOW, "b": Priority.HIGH, "a": Priority.NORMAL, "bb": Priority.HIGH}
    fleet = a_fleet(profiles={n: a_profile(n, priority=p) for n, p in names.items()})

    assert choose(a_task(), fleet) == Slot(profile="b", account="local")


def test_a_task_assigned_to_a_profile_waits_for_that_one():
    fleet = a_fleet(profiles={"a": a_profile("a"), "b": a_profile("b", agent="gemini")})

    (refusal,) = choose(a_task(profile="b"), fleet)

    assert (refusal.subject, refusal.reason) == ("b", "no account for gemini")


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (a_task(role="judge"), Refusal(subject="judge", reason="no profile for judge")),
        (
            a_task(profile="gone"),
            Refusal(subject="gone", reason="there is no profile of that name"),
        ),
    ],
)
def test_a_task_nobody_can_do_is_refused_by_name(task, said):
    assert choose(task, a_fleet()) == (said,)


def test_a_full_account_is_passed_over():
    both = {name: an_account(name, parallel=1) for name in ("one", "two")}

    assert choose(a_task(), a_fleet(accounts=both), running={"one": 1}) == Slot(
        profile="local", account="two"
    )
    refusals = choose(a_task(), a_fleet(accounts=both), running={"one": 1, "two": 1})
    assert [r.subject for r in refusals] == ["local/one", "local/two"]
    assert {r.reason for r in refusals} == {"1 attempts run already"}


@pytest.mark.parametrize(
    ("budget", "spent", "chosen"),
    [(100, 0, True), (99, 0, False), (200, 100, True), (200, 101, False), (None, 10**9, True)],
)
def test_money_is_there_for_the_whole_reservation_or_not_at_all(budget, spent, chosen):
    fleet = a_metered_fleet(daily_budget_micros=budget)

    found = choose(a_task(), fleet, spent={"alice": spent})

    assert isinstance(found, Slot) is chosen
    if not chosen:
        refusal = Refusal(subject="local/alice", reason="today's budget is spent or reserved")
        assert found == (refusal,)


def test_a_metered_account_needs_a_bound_on_cost():
    fleet = a_metered_fleet()
    profiles = {"local": a_profile(max_cost_micros=0)}

    (refusal,) = choose(a_task(), a_fleet(profiles=profiles, accounts=fleet.accounts))

    assert "max_cost_usd is 0" in refusal.reason


def test_an_account_whose_credential_is_not_there_is_passed_over():
    accounts = {name: an_account(name) for name in ("alice", "bob")}
    fleet = a_fleet(accounts=accounts)

    assert choose(a_task(), fleet, unfit={"alice": "x"}) == Slot(profile="local", account="bob")
    assert choose(a_task(), fleet, unfit={"alice": "x is not set", "bob": "y"}) == (
        Refusal(subject="local/alice", reason="x is not set"),
        Refusal(subject="local/bob", reason="y"),
    )
