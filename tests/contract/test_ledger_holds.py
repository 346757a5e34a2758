"""Holds and the coordinator's term: kept, replaced by compare-and-set, and a fence behind them."""

import pytest

from fleet.domain.errors import DeposedError, DuplicateError, StaleLeaseError
from fleet.ports import Fence, Log, Save
from tests.builders import a_hold, a_task, a_term, an_event


def save(ledger, *rows):
    ledger.commit([Save(row=row) for row in rows])


def test_only_holds_that_stand_are_in_the_snapshot(ledger):
    save(ledger, a_hold(), a_hold("task APP-1", reason="wrong branch"), a_hold("coordinator"))
    save(ledger, a_hold(active=False, version=1))

    assert ledger.snapshot().holds == (
        a_hold("coordinator", version=1),
        a_hold("task APP-1", reason="wrong branch", version=1),
    )
    assert ledger.hold("fleet") == a_hold(active=False, version=2)
    assert ledger.hold("task APP-2") is None


def test_a_hold_moves_by_compare_and_set(ledger):
    save(ledger, a_hold())

    with pytest.raises(DuplicateError):
        save(ledger, a_hold())
    with pytest.raises(StaleLeaseError, match="fleet"):
        save(ledger, a_hold(version=2))


def test_there_is_one_term_and_it_moves_by_compare_and_set(ledger):
    assert ledger.term() is None
    save(ledger, a_term())
    save(ledger, a_term(2, version=1))

    with pytest.raises(StaleLeaseError, match="coordinator"):
        save(ledger, a_term(3, version=1))

    assert ledger.term() == a_term(2, version=2)


@pytest.mark.parametrize("standing", [None, a_term(7)])
def test_behind_a_fence_nothing_of_another_term_is_written(ledger, standing):
    if standing is not None:
        save(ledger, standing)

    with pytest.raises(DeposedError, match="coordinates this home now"):
        ledger.commit([Save(row=a_task()), Fence(term=6), Log(event=an_event())])

    assert ledger.tasks() == ()
    assert ledger.events() == ()


def test_the_term_that_stands_passes_its_fence(ledger):
    save(ledger, a_term(7))

    ledger.commit([Fence(term=7), Save(row=a_task())])

    assert len(ledger.tasks()) == 1
