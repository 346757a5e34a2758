"""What people stop stands still until they resume it, over restarts, and nothing of it is lost."""

import pytest

from fleet.app.coordinator import Coordinator, Order
from fleet.app.stations import halting, intake, review
from fleet.domain.attempt import Outcome, State
from fleet.domain.errors import DeposedError, FleetError, NotFoundError
from fleet.domain.hold import COORDINATOR, FLEET, HoldKind, task_subject
from fleet.domain.merge import PullRequestStatus
from tests.app.pooled import HANGS, a_pen, add, ends, happened, plays, rest, runs
from tests.builders import a_profile
from tests.memory_world import Life, Play, World, a_tenure, line, result

PATIENT = a_profile(heartbeat_lost_after=1e6, stall_after=1e6, attempt_timeout=1e6)
SERVICE = Order(parallel=2, service=True)
WHY = "stopped by ann at 2026-03-14 09:26 UTC: fire"


def a_world(*scripted):
    world = World(profiles={"local": PATIENT})
    plays(world, *scripted)
    add(world)
    return world


def a_life(world, order=SERVICE):
    life = Life(world, order)
    rest(life)
    return life


def a_merge_under_way(until="try "):
    """Answer a world with a merge that is about to be tried, or to land."""
    world = a_world()
    life = Life(world, SERVICE)
    while not any(key.startswith(until) for key in life.crew.ready):
        life.tick()
        for key in life.crew.ready:
            if not key.startswith(until):
                life.crew.perform(key)
    return world, life


def stop_all(world):
    return halting.stop_all(a_pen(world), reason="fire")


def drain(world, kind=HoldKind.DRAIN):
    return halting.end_coordinator(kind, world.ledger.term().number, a_pen(world))


def held(world, *subjects):
    assert [hold.subject for hold in world.ledger.snapshot().holds] == list(subjects)


def test_a_stop_of_all_salvages_what_runs_and_holds_over_restarts_until_it_is_resumed():
    world = a_world(HANGS)
    life = a_life(world)

    stop_all(world)
    rest(life)

    (stopped,) = world.ledger.attempts("APP-1")
    assert (stopped.state, stopped.outcome) == (State.CANCELLED, Outcome.CANCELLED)
    assert stopped.reason == f"everything is {WHY} (`fleet resume` lifts it)"
    assert world.worktrees.files(stopped.head)["half.txt"] == "half"
    assert world.runtime.running == {}
    for again in (life, a_life(world)):
        rest(again)
        assert [wait.reason for wait in again.plan.waits] == [stopped.reason]
        assert again.plan.halted == stopped.reason
    assert len(world.ledger.attempts("APP-1")) == 1

    halting.resume(FLEET, a_pen(world))
    rest(a_life(world))

    assert ends(world) == [(State.CANCELLED, "local"), (State.MERGED, "local")]
    assert world.target["half.txt"] == "half"


def test_the_brake_stops_all_without_a_word_to_the_ledger_and_is_written_down():
    world = a_world(HANGS)
    life = a_life(world)

    world.brake.said = "stopped by the file STOP in the home: fire"
    assert life.coordinator._heed.moved
    rest(life)
    rest(life)

    assert ends(world) == [(State.CANCELLED, "local")]
    said = "everything is stopped by the file STOP in the home: fire (`fleet resume` removes it)"
    assert [wait.reason for wait in life.plan.waits] == [said]
    held(world)

    world.brake.release()
    rest(life)

    assert ends(world)[-1] == (State.MERGED, "local")
    told = happened(world, "fleet.held", "fleet.resumed")
    assert [(event.kind, event.what) for event in told] == [
        ("fleet.held", "stopped by the file STOP in the home: fire"),
        ("fleet.resumed", "stopped by the file STOP in the home: fire"),
    ]


def test_a_stopped_task_leaves_the_others_alone_and_says_who_stopped_it_in_its_history():
    world = a_world(HANGS)
    add(world)
    life = a_life(world)
    assert [len(runs(world, key)) for key in ("APP-1", "APP-2")] == [1, 1]

    halting.stop_task("APP-1", a_pen(world), reason="fire")
    rest(life)

    said = f"{WHY} (`fleet resume APP-1` lifts it)"
    assert (ends(world), len(runs(world, "APP-2"))) == ([(State.CANCELLED, "local")], 1)
    assert [(wait.task, wait.reason) for wait in life.plan.waits] == [("APP-1", said)]
    (event,) = happened(world, "task.held")
    assert (event.task, event.who, event.what) == ("APP-1", "ann", "fire")

    halting.resume(task_subject("APP-1"), a_pen(world))
    rest(life)

    assert ends(world)[-1] == (State.MERGED, "local")
    (event,) = happened(world, "task.resumed")
    assert (event.task, event.who) == ("APP-1", "ann")


def test_a_stopped_attempt_counts_for_nothing():
    world = a_world(HANGS, HANGS, HANGS, HANGS, HANGS)
    life = a_life(world)
    for _ in range(5):
        stop_all(world)
        rest(life)
        halting.resume(FLEET, a_pen(world))
        rest(life)

    assert [state for state, _ in ends(world)] == [State.CANCELLED] * 5 + [State.MERGED]
    assert world.ledger.receipts() == ()


def test_nothing_lands_while_all_is_stopped_and_it_may_still_be_sent_back():
    world, life = a_merge_under_way()

    stop_all(world)
    rest(life)

    (pull,) = world.ledger.pull_requests()
    assert pull.status is PullRequestStatus.QUEUED
    assert "APP-1.txt" not in world.target
    review.reject(pull.number, a_pen(world), reason="it is wrong")
    assert world.ledger.pull_request(1).status is PullRequestStatus.REJECTED


def test_what_was_green_while_all_was_stopped_lands_once_it_is_resumed_without_another_check():
    world, life = a_merge_under_way()
    stop_all(world)
    rest(life)
    checked = list(world.verifier.checked)

    halting.resume(FLEET, a_pen(world))
    rest(life)

    assert ends(world) == [(State.MERGED, "local")]
    assert world.verifier.checked == checked


def test_a_landing_that_was_planned_before_the_stop_is_put_off():
    world, life = a_merge_under_way("land ")
    before = dict(world.target)

    stop_all(world)
    rest(life)

    assert world.target == before
    (pull,) = world.ledger.pull_requests()
    assert pull.status is PullRequestStatus.MERGING
    assert pull.reason == f"everything is {WHY} (`fleet resume` lifts it)"

    halting.resume(FLEET, a_pen(world))
    a_life(world)

    assert ends(world) == [(State.MERGED, "local")]


def test_a_start_that_was_planned_before_the_stop_is_not_carried_out():
    world = a_world()
    life = Life(world, SERVICE)
    while not any(key.startswith("launch ") for key in life.crew.ready):
        life.tick()

    stop_all(world)
    rest(life)

    assert world.runtime.starts == {}
    assert ends(world) == [(State.CANCELLED, "local")]


def test_a_run_of_a_stopped_task_ends_at_once_and_knows_why():
    world = a_world()
    halting.stop_task("APP-1", a_pen(world), reason="fire")

    life = Life(world, Order(keys=frozenset({"APP-1"})))
    life.run(ticks=5)

    assert [wait.reason for wait in life.plan.waits] == [f"{WHY} (`fleet resume APP-1` lifts it)"]
    assert ends(world) == []


def test_a_coordinator_that_drains_finishes_and_merges_what_runs_and_begins_nothing():
    world = a_world(Play(edits={"a.txt": "a"}, says=(line(1, "started"),), code=None))
    life = a_life(world, Order(parallel=1, service=True))
    add(world)
    rest(life)

    drain(world)
    rest(life)
    assert not life.done
    (name,) = world.runtime.running
    world.runtime.ends(name, result(2))
    rest(life)

    assert life.done
    assert ends(world) == [(State.MERGED, "local")]
    assert ends(world, "APP-2") == []
    assert [wait.reason for wait in life.plan.waits] == [
        "the coordinator ends, stopped by ann at 2026-03-14 09:26 UTC"
    ]


def test_a_coordinator_that_is_told_to_end_now_stops_what_runs():
    world = a_world(HANGS)
    life = a_life(world)

    drain(world)
    rest(life)
    drain(world, HoldKind.STOP)
    life.run()

    assert ends(world) == [(State.CANCELLED, "local")]
    assert world.runtime.running == {}


def test_who_coordinates_next_is_not_ended_by_what_its_predecessor_was_told():
    world = a_world(HANGS)
    term = world.ledger.term
    a_life(world)
    drain(world, HoldKind.STOP)
    held(world, COORDINATOR)

    second = a_life(world)

    held(world)
    assert not second.done
    assert term().number == 2
    with pytest.raises(DeposedError):
        halting.end_coordinator(HoldKind.STOP, 1, a_pen(world))
    held(world)


def test_who_stops_what_is_stopped_changes_nothing_and_hears_who_did():
    world = a_world()
    first = stop_all(world)
    world.clock.advance(world.clock.now() - first.at)

    again = halting.stop_all(a_pen(world), reason="me too")

    assert (again.who, again.reason, again.at) == (first.who, first.reason, first.at)
    assert len(happened(world, "fleet.held")) == 1


def test_who_resumes_what_is_not_stopped_changes_nothing():
    world = a_world()
    assert halting.resume(FLEET, a_pen(world)) is None
    stop_all(world)

    lifted = halting.resume(FLEET, a_pen(world))

    assert lifted is not None
    assert lifted.reason == "fire"
    assert halting.resume(FLEET, a_pen(world)) is None
    assert len(happened(world, "fleet.resumed")) == 1


def test_a_drain_does_not_weaken_a_stop_that_was_asked_for():
    world = a_world()
    a_life(world)
    drain(world, HoldKind.STOP)

    assert drain(world).kind is HoldKind.STOP
    (hold,) = world.ledger.snapshot().holds
    assert hold.kind is HoldKind.STOP


def test_what_is_no_open_task_cannot_be_stopped():
    world = a_world()
    a_life(world)

    with pytest.raises(FleetError, match="APP-1 has ended already: merged"):
        halting.stop_task("APP-1", a_pen(world), reason="")
    with pytest.raises(NotFoundError):
        halting.stop_task("APP-9", a_pen(world), reason="")


@pytest.mark.parametrize(
    ("given", "kept"),
    [("", ""), ("one\ntwo\x1b[31m", "one two [31m"), ("x" * 300, "x" * 197 + "..."), (" ", "")],
)
def test_a_reason_is_one_bounded_line(given, kept):
    world = a_world()

    assert halting.stop_all(a_pen(world), reason=given).reason == kept


def test_a_stopped_task_may_be_cancelled():
    world = a_world()
    life = a_life(world, Order(keys=frozenset()))
    stop_all(world)

    intake.cancel("APP-1", a_pen(world))
    life = a_life(world)

    assert life.plan.actions == ()
    assert world.ledger.task("APP-1").resolution == "cancelled"


def test_a_supervisor_hears_that_it_works_goes_on_and_ends():
    world = World()
    run = Coordinator(
        world.tools,
        Order(),
        tenure=a_tenure(world),
        room=lambda: "",
        seen=lambda snapshot, plan: None,
    )

    run.run()

    assert world.supervisor.words == ["ready", "alive", "stopping"]
