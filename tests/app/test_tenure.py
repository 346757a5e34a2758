"""One coordinator a home: its term is taken, beaten and given back; who was succeeded is fenced."""

from datetime import timedelta

import pytest

from fleet.app.leftovers import end_checks
from fleet.app.tenure import BEAT_EVERY, held, taken
from fleet.domain.attempt import State
from fleet.domain.errors import BusyError, DeposedError, TransientError
from fleet.domain.term import LAPSES_AFTER
from tests.app.pooled import add
from tests.builders import NOW, a_term
from tests.memory_world import Life, World, a_tenure

SECOND = timedelta(seconds=1)
BEAT = timedelta(seconds=BEAT_EVERY)


@pytest.fixture
def world():
    return World()


def elsewhere(world, **fields):
    """Let a coordinator on another machine take the home."""
    return a_tenure(world, host="other:/srv", pid=99, holder="other", **fields)


def test_whoever_begins_takes_the_term_and_the_next_on_the_same_host_succeeds(world):
    a_tenure(world, holder="first")
    a_tenure(world, holder="second")

    term = world.ledger.term()
    assert (term.number, term.holder, term.ended) == (2, "second", False)


def test_a_coordinator_on_another_host_is_in_the_way_and_named(world):
    elsewhere(world)
    world.clock.advance(12 * SECOND)

    with pytest.raises(BusyError) as refused:
        a_tenure(world)

    said = f"process 99 on other:/srv (fleet up) coordinates this home since {NOW:%Y-%m-%d %H:%M}"
    assert said in str(refused.value)
    assert "last heard 12 s ago" in str(refused.value)
    assert "stop it there" in refused.value.remedy


def test_a_term_elsewhere_that_lapsed_is_in_nobodys_way(world):
    elsewhere(world)
    world.clock.advance(LAPSES_AFTER + SECOND)

    a_tenure(world, holder="next")

    assert world.ledger.term().holder == "next"


def test_a_term_that_was_given_back_is_in_nobodys_way(world):
    with held(world.ledger, world.clock, a_term(0, host="other:/srv")):
        pass

    a_tenure(world, holder="next")

    assert world.ledger.term().holder == "next"


def test_a_term_is_beaten_every_few_seconds_so_that_it_never_lapses(world):
    tenure = elsewhere(world)
    for _ in range(30):
        world.clock.advance(BEAT)
        tenure.keep()

    assert world.ledger.term().beat == world.clock.now()
    with pytest.raises(BusyError):
        a_tenure(world)


def test_a_beat_wakes_nobody_and_comes_no_oftener_than_it_has_to(world):
    tenure = a_tenure(world)
    world.clock.advance(BEAT - SECOND)
    tenure.keep()
    assert world.ledger.term().beat == NOW

    latest = world.ledger.latest_event()
    world.clock.advance(SECOND)
    tenure.keep()

    assert world.ledger.term().beat == world.clock.now()
    assert world.ledger.latest_event() == latest


@pytest.mark.parametrize("came_through", [False, True])
def test_a_beat_that_seemed_to_fail_costs_no_term(world, came_through):
    tenure, commit = a_tenure(world), world.ledger.commit

    def broken(writes):
        if came_through:
            commit(writes)
        world.ledger.commit = commit
        raise TransientError("the connection is gone")

    world.ledger.commit = broken
    for _ in range(3):
        world.clock.advance(BEAT)
        tenure.keep()

    assert world.ledger.term().beat == world.clock.now()


def test_who_was_succeeded_is_told_at_its_next_beat_and_takes_nothing_back(world):
    tenure = a_tenure(world)
    a_tenure(world, holder="second")
    world.clock.advance(BEAT)

    with pytest.raises(DeposedError, match="coordinates this home now"):
        tenure.keep()
    tenure.end()

    assert world.ledger.term().holder == "second"
    assert not world.ledger.term().ended


def test_of_two_that_take_a_term_at_once_one_is_refused(world):
    commit = world.ledger.commit

    def beaten_to_it(writes):
        world.ledger.commit = commit
        elsewhere(world)
        commit(writes)

    world.ledger.commit = beaten_to_it
    with pytest.raises(BusyError, match="other:/srv"):
        taken(world.ledger, world.clock, a_term(0))

    assert world.ledger.term().holder == "other"


def test_a_deposed_coordinator_records_and_starts_nothing_more(world):
    life = Life(world)
    a_tenure(world, holder="second")
    add(world)

    with pytest.raises(DeposedError):
        life.run()

    assert world.ledger.attempts() == ()
    assert world.runtime.starts == {}


def test_a_coordinator_that_has_nothing_to_write_notices_too_that_it_was_succeeded(world):
    life = Life(world)
    life.tick()
    a_tenure(world, holder="second")
    world.clock.advance(BEAT)

    with pytest.raises(DeposedError):
        life.tick()


def test_what_a_deposed_coordinator_ran_is_adopted_by_its_successor_and_started_once(world):
    add(world)
    life = Life(world)
    life.tick()
    life.perform()
    life.tick()
    successor = Life(world)

    with pytest.raises(DeposedError):
        life.run()
    successor.run()

    (attempt,) = world.ledger.attempts()
    assert attempt.state is State.MERGED
    assert set(world.runtime.starts.values()) == {1}


class AtWork:
    """Hands that never settle; each look lasts as long as a beat, `then` comes after ten."""

    def __init__(self, world, then):
        self.looks = []
        self._world = world
        self._then = then

    def settled(self, *, within):
        self.looks.append(self._world.ledger.term().beat)
        self._world.clock.advance(BEAT)
        if len(self.looks) == 10:
            self._then()
        return False


def test_a_term_is_beaten_while_checks_are_ended_and_nothing_of_a_successors_is(world):
    tenure = a_tenure(world)
    hands = AtWork(world, lambda: a_tenure(world, holder="second"))

    with pytest.raises(DeposedError):
        end_checks(world.tools, hands, keep=tenure.keep)

    assert hands.looks == [NOW + look * BEAT for look in range(10)]
