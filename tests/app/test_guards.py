"""Guards: a run waits for room and goes on, and what outgrows its worktree is stopped."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from fleet.app.coordinator import Coordinator, Order
from fleet.app.desk import Pen
from fleet.app.room import PATIENCE
from fleet.app.stations import intake
from fleet.domain.attempt import State
from fleet.domain.errors import DiskFullError, FleetError, TooSlowError, TransientError
from fleet.domain.guarding import EVERY
from fleet.domain.swap import Cause
from fleet.domain.task import Review
from fleet.ports import Write
from tests.builders import a_fleet, a_profile
from tests.memory_world import Life, Play, World, a_tenure, line

GB = 1024**3
HANGS = Play(edits={"half.txt": "half"}, says=(line(1, "started"),), code=None)


@pytest.fixture
def world() -> World:
    return World()


def add(world: World) -> None:
    pen = Pen(ledger=world.ledger, clock=world.clock, who="ann")
    intake.add(intake.Wish(title="Do it", review=Review.AUTO), world.fleet, pen)


def states(world: World) -> list[State]:
    return [attempt.state for attempt in world.ledger.attempts("APP-1")]


def pass_by(life: Life, *, seconds: float) -> None:
    """Let time go by, a second a tick, and everything be done that can be."""
    for _ in range(round(seconds)):
        life.tick()
        life.perform()
        life.world.clock.advance(timedelta(seconds=1))
    life.tick()


def test_a_run_waits_for_room_and_goes_on_once_there_is_some(world: World) -> None:
    add(world)
    life = Life(world)
    life.room = "too little memory"

    pass_by(life, seconds=PATIENCE - 5)
    waited = (life.done, states(world))
    life.room = ""
    life.run()

    assert waited == (False, [])
    assert states(world) == [State.MERGED]


def test_a_run_does_not_wait_for_room_for_ever_and_ends_with_the_reason(world: World) -> None:
    add(world)
    life = Life(world)
    life.room = "too little memory"

    pass_by(life, seconds=PATIENCE + 5)

    assert life.done
    assert [wait.reason for wait in life.plan.waits] == ["too little memory"]


def test_a_machine_without_room_is_no_news_while_nothing_may_start_anyway(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleet.app.coordinator.BEAT", 0.01)
    asked, looked = [], []

    def room() -> str:
        asked.append("room")
        if len(asked) > 20:
            service.stop()
        return "too little memory"

    service = Coordinator(
        world.tools,
        Order(merges_only=True, service=True),
        tenure=a_tenure(world),
        room=room,
        seen=lambda _snapshot, _plan: looked.append("tick"),
    )
    service.run()

    # one to begin, and one to end
    assert len(looked) <= 3


def test_a_run_without_anything_to_start_does_not_wait_for_room(world: World) -> None:
    life = Life(world)
    life.room = "too little memory"

    life.tick()

    assert life.done


def test_a_start_that_a_full_disk_hinders_is_waited_for_too(world: World) -> None:
    add(world)
    life = Life(world)
    world.faults.plan("prepare", *[DiskFullError("disk full")] * 60)
    life.tick()
    life.tick()
    life.room = "disk is full"

    pass_by(life, seconds=120)
    waited = (life.done, states(world))
    world.faults.clear()
    life.room = ""
    life.run()

    assert waited == (False, [State.PREPARING])
    assert states(world) == [State.MERGED]


def overgrowing(*, worktree_bytes: int = 2 * GB) -> World:
    """Answer a world whose agents never end by themselves, however silent they are."""
    world = World()
    patient = a_profile(heartbeat_lost_after=10**6, stall_after=10**6, attempt_timeout=10**6)
    world.fleet = a_fleet(worktree_bytes=worktree_bytes, profiles={"local": patient})
    world.runtime.agent = lambda packet: HANGS
    add(world)
    return world


def test_an_attempt_that_outgrows_its_worktree_is_stopped_and_its_work_kept() -> None:
    world = overgrowing()
    life = Life(world)
    pass_by(life, seconds=EVERY)
    running = states(world)

    (attempt,) = world.ledger.attempts("APP-1")
    world.scales.sizes[attempt.id] = 3 * GB
    pass_by(life, seconds=2 * EVERY)

    ended = world.ledger.attempts("APP-1")[0]
    assert running == [State.RUNNING]
    assert (ended.state, ended.cause) == (State.SWAPPED, Cause.OVERGROWN)
    assert ended.reason == "its worktree takes 3.0 GB (limits.worktree_gb allows 2)"
    assert world.worktrees.files(ended.head or "")["half.txt"] == "half"


def test_a_task_whose_attempts_all_outgrow_theirs_fails_with_the_reason() -> None:
    world = overgrowing()
    life = Life(world, Order(until=world.clock.now() + timedelta(hours=1)))
    world.scales.weigh = lambda attempt, task: 3 * GB  # type: ignore[method-assign]

    pass_by(life, seconds=8 * EVERY)

    assert states(world) == [State.SWAPPED] * 3
    assert "its worktree takes 3.0 GB" in world.ledger.task("APP-1").reason


def test_a_worktree_that_cannot_be_weighed_stops_nobody() -> None:
    world = overgrowing()
    life = Life(world)

    def refuse(attempt: str, task: str) -> int:
        raise FleetError("du does not answer")

    world.scales.weigh = refuse  # type: ignore[method-assign]
    pass_by(life, seconds=3 * EVERY)

    assert states(world) == [State.RUNNING]


def test_a_worktree_too_large_to_be_added_up_in_time_is_outgrown_the_second_time() -> None:
    world = overgrowing()
    life, looks = Life(world), list[str]()

    def take_too_long(attempt: str, task: str) -> int:
        looks.append(attempt)
        raise TooSlowError("not added up within 120 s")

    world.scales.weigh = take_too_long  # type: ignore[method-assign]
    pass_by(life, seconds=1.5 * EVERY)
    once = (len(looks), states(world))
    pass_by(life, seconds=EVERY)

    ended = world.ledger.attempts("APP-1")[0]
    assert once == (1, [State.RUNNING])
    assert (ended.state, ended.cause) == (State.SWAPPED, Cause.OVERGROWN)
    assert ended.reason.startswith("its worktree takes more than can be added up")


def test_a_worktree_that_takes_a_minute_to_weigh_keeps_nobody_unseen() -> None:
    world = overgrowing()
    add(world)
    life, growing, looks = Life(world), set[str](), list[str]()

    def weigh(attempt: str, task: str) -> int:
        looks.append(task)
        if task == "APP-1":
            world.clock.advance(timedelta(seconds=60))
        return 3 * GB if attempt in growing else 0

    world.scales.weigh = weigh  # type: ignore[method-assign]
    pass_by(life, seconds=2 * EVERY)
    (other,) = world.ledger.attempts("APP-2")
    growing.add(other.id)
    pass_by(life, seconds=2 * EVERY)

    assert world.ledger.attempts("APP-2")[0].cause is Cause.OVERGROWN
    assert looks.count("APP-1") == 1


def test_even_a_worktree_that_takes_a_minute_to_weigh_is_weighed_every_two() -> None:
    world = overgrowing()
    life, looks = Life(world), list[str]()

    def weigh(attempt: str, task: str) -> int:
        looks.append(attempt)
        world.clock.advance(timedelta(seconds=60))
        return 0

    world.scales.weigh = weigh  # type: ignore[method-assign]
    pass_by(life, seconds=EVERY + 260)

    assert len(looks) == 3


def test_an_attempt_that_has_just_begun_is_not_weighed() -> None:
    world = overgrowing()
    weighed: list[str] = []

    def weigh(attempt: str, task: str) -> int:
        weighed.append(attempt)
        return 0

    world.scales.weigh = weigh  # type: ignore[method-assign]
    life = Life(world)
    pass_by(life, seconds=EVERY - 5)
    before = len(weighed)
    pass_by(life, seconds=2 * EVERY)

    assert before == 0
    assert 1 <= len(weighed) <= 3


def test_silence_that_nobody_could_write_down_kills_nobody(world: World) -> None:
    world.runtime.agent = lambda packet: HANGS
    add(world)
    add(world)
    life = Life(world)
    pass_by(life, seconds=10)
    commit, full = world.ledger.commit, [True] * 10

    def refuse(writes: Sequence[Write]) -> None:
        if full:
            full.pop()
            world.clock.advance(timedelta(seconds=30))
            raise TransientError("the ledger: database or disk is full")
        commit(writes)

    one = world.ledger.attempts("APP-1")[0]
    world.runtime.says(one.container, line(one.last_seq + 1, "beat"))
    life.perform()
    world.ledger.commit = refuse  # type: ignore[method-assign]
    life.tick()

    assert [a.stopping for key in ("APP-1", "APP-2") for a in world.ledger.attempts(key)] == [
        None,
        None,
    ]
