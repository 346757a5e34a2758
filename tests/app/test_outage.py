"""The engine goes or hangs: nothing is started or judged meanwhile, and all goes on afterwards."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from fleet.app.outage import EVERY, LOOK
from fleet.domain.attempt import Outcome, State
from fleet.domain.errors import EngineDownError, FleetError
from fleet.domain.health import engine_refused
from tests.app.pooled import HANGS, add, ends, happened, plays, rest
from tests.builders import a_profile
from tests.memory_world import HandCrew, Life, World, line, result

SECOND = timedelta(seconds=1)
DOWN = EngineDownError("no Docker engine answers at unix:///x", remedy="start it")


class Engine:
    """The engine of a world, which can be gone."""

    def __init__(self, world):
        self.gone = False
        self.asked = 0
        self._real = {name: getattr(world.runtime, name) for name in CALLS}
        for name in CALLS:
            setattr(world.runtime, name, lambda *a, _name=name, **k: self._call(_name, *a, **k))

    def _call(self, name, *words, **named):
        self.asked += 1
        if self.gone:
            raise DOWN
        return self._real[name](*words, **named)


CALLS = ("ping", "start", "stop", "remove", "wait", "containers")


@pytest.fixture
def world():
    return World(profiles={"local": a_profile(heartbeat_lost_after=60.0, stall_after=60.0)})


@pytest.fixture
def engine(world):
    return Engine(world)


def move(life, seconds):
    life.world.clock.advance(seconds * SECOND)
    life.tick()
    life.perform()
    life.tick()


def running(world):
    """Answer a life in which an attempt runs, and whose engine has just gone."""
    plays(world, HANGS)
    add(world)
    life = Life(world)
    rest(life)
    assert ends(world) == [(State.RUNNING, "local")]
    return life


def test_nothing_is_dispatched_while_the_engine_is_gone_and_the_reason_is_told(world, engine):
    life = running(world)
    engine.gone = True
    move(life, EVERY + 1)
    add(world)
    life.tick()

    (wait,) = [wait for wait in life.plan.waits if wait.task == "APP-2"]
    assert "no Docker engine answers at unix:///x (start it); fleet looks for it" in wait.reason
    assert "no Docker engine answers" in engine_refused(world.ledger.snapshot().health)
    assert world.ledger.attempts("APP-2") == ()
    assert not life.done


def test_an_attempt_that_cannot_be_heard_is_not_judged_by_its_silence(world, engine):
    life = running(world)
    engine.gone = True
    move(life, EVERY + 1)
    for _ in range(10):
        move(life, 60)
    assert ends(world) == [(State.RUNNING, "local")]
    assert world.ledger.attempts()[0].stopping is None

    engine.gone = False
    move(life, 61)
    assert world.ledger.attempts()[0].stopping is None
    world.runtime.ends(f"fleet-{world.ledger.attempts()[0].id}", line(2, "x"), result(3))
    rest(life)

    assert ends(world) == [(State.MERGED, "local")]


def test_after_an_outage_silence_counts_again(world, engine):
    life = running(world)
    engine.gone = True
    move(life, EVERY + 1)
    engine.gone = False
    move(life, 61)
    for _ in range(9):
        move(life, 10)

    assert world.ledger.attempts()[0].cause is not None


def test_a_gone_engine_is_asked_by_one_look_at_a_time_with_growing_pauses(world, engine):
    life = running(world)
    engine.gone, engine.asked = True, 0
    looks = []
    for second in range(240):
        move(life, 1)
        if engine.asked:
            looks.append(second)
            assert engine.asked == 1
            engine.asked = 0

    began = looks[0]
    assert [look - began for look in looks][:8] == [0, 3, 9, 21, 45, 93, 153, 213]


def test_the_task_goes_on_once_the_engine_is_back_and_both_are_written_down_once(world, engine):
    add(world)
    life = Life(world)
    engine.gone = True
    for _ in range(20):
        move(life, 5)
    assert [a.state for a in world.ledger.attempts()] == [State.PREPARING]

    engine.gone = False
    for _ in range(20):
        move(life, 5)
    rest(life)

    assert ends(world)[-1] == (State.MERGED, "local")
    down, back = happened(world, "engine.down", "engine.back")
    assert (down.kind, back.kind) == ("engine.down", "engine.back")
    assert str(DOWN) in down.what
    assert re.fullmatch(r"the engine answers again, after \d+ (s|min)", back.what)
    assert engine_refused(world.ledger.snapshot().health) == ""


def test_a_start_that_the_engine_carried_out_but_did_not_answer_is_found(world, engine):
    answered: list[str] = []
    start = world.runtime.start

    def late(spec):
        start(spec)
        if not answered:
            answered.append(spec.name)
            raise DOWN

    world.runtime.start = late
    add(world)
    life = Life(world)
    for _ in range(10):
        move(life, 3)
    rest(life)

    assert ends(world) == [(State.MERGED, "local")]
    assert set(world.runtime.starts.values()) == {1}


def test_one_call_that_broke_off_holds_nothing_up_for_longer_than_a_look(world):
    world.faults.plan("image_id", DOWN)
    add(world)
    life = Life(world)

    for _ in range(4):
        life.tick()
        life.perform()

    assert engine_refused(world.ledger.snapshot().health) == ""
    assert happened(world, "engine.down")


def test_a_fleet_that_rests_asks_no_engine(world, engine):
    life = Life(world)
    engine.asked = 0
    for _ in range(100):
        move(life, 10)

    assert engine.asked == 0


def test_a_new_life_clears_what_an_earlier_one_wrote_of_the_engine(world, engine):
    life = running(world)
    engine.gone = True
    move(life, EVERY + 1)
    assert engine_refused(world.ledger.snapshot().health)

    engine.gone = False
    Life(world).tick()

    assert engine_refused(world.ledger.snapshot().health) == ""


def test_a_stop_does_not_wait_for_an_engine_that_is_gone(world, engine):
    life = running(world)
    engine.gone = True
    move(life, EVERY + 1)
    # its reader breaks off with the engine
    life.crew.lose(f"follow {world.ledger.attempts()[0].id}", DOWN)
    life.coordinator.stop()
    life.tick()
    life.tick()

    assert life.done


def test_an_orphan_that_cannot_be_removed_does_not_keep_fleet_from_its_work(world):
    plays(world, HANGS)
    add(world)
    rest(Life(world))
    (name,) = world.runtime.running
    stranger = world.runtime.running[name]
    world.runtime.running["fleet-app-9-1-x"] = type(stranger)("app-9-1-x", [], None)
    world.faults.plan("remove", FleetError("the engine refuses: device or resource busy"))

    life = Life(world)
    world.runtime.ends(name, result(9))
    rest(life)

    assert ends(world) == [(State.MERGED, "local")]


def test_a_container_that_an_engine_forgot_to_have_started_is_lost_and_failed_over(world):
    life = running(world)
    (attempt,) = world.ledger.attempts()
    wait, containers = world.runtime.wait, world.runtime.containers
    forgotten = replace(containers()[0], running=False, exit=None)
    world.runtime.wait = lambda name, timeout=None: (
        None if name == attempt.container else wait(name, timeout=timeout)
    )
    world.runtime.containers = lambda: (
        *(each for each in containers() if each.name != attempt.container),
        forgotten,
    )
    world.runtime.ends(attempt.container)
    rest(life)

    first, second = world.ledger.attempts()
    assert (first.outcome, second.state) == (Outcome.LOST, State.MERGED)


def test_a_look_is_no_finding(world, engine):
    life = running(world)
    world.clock.advance((EVERY + 1) * SECOND)
    life.tick()
    assert isinstance(life.crew, HandCrew)
    assert LOOK in life.crew.ready

    life.perform()
    life.tick()

    assert ends(world) == [(State.RUNNING, "local")]
