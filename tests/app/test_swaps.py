"""Swaps take effect: who hung, failed or was rejected hands over, and it is all on record."""

from datetime import timedelta

import pytest

from fleet.app.coordinator import Order
from fleet.app.stations import intake
from fleet.domain.attempt import Outcome, Red, State
from fleet.domain.errors import TransientError
from fleet.domain.profile import SwapRules
from fleet.domain.swap import Cause, Trigger
from tests.app.pooled import (
    FIRST,
    HANGS,
    SECOND,
    STARTED,
    a_pen,
    a_world,
    add,
    ends,
    failing,
    happened,
    plays,
    rest,
)
from tests.builders import NOW, a_profile, an_account
from tests.memory_world import Life, Play, World, result


def test_who_hangs_hands_over_and_the_receipt_says_so():
    world = a_world()
    plays(world, HANGS)
    add(world)
    life = Life(world)
    rest(life)
    began = world.ledger.attempts("APP-1")[0].last_progress

    world.clock.advance(timedelta(seconds=100))
    life.run()

    first, second = world.ledger.attempts("APP-1")
    assert (first.state, first.outcome) == (State.SWAPPED, Outcome.SWAP)
    (receipt,) = world.ledger.receipts("APP-1")
    assert (receipt.attempt, receipt.successor) == (first.id, second.id)
    assert (receipt.trigger, receipt.cause) == (Trigger.TIMEOUT, Cause.HEARTBEAT_LOST)
    assert (receipt.from_profile, receipt.from_account) == ("claude-dev", "alice")
    assert (receipt.to_profile, receipt.to_account) == ("codex-dev", "bob")
    assert receipt.why.startswith("no heartbeat for 100 s (limit 60 s)")
    assert receipt.carried == f"commit {first.head[:7]} on fleet/app-1"
    assert receipt.seconds_lost == (receipt.at - began).total_seconds() >= 100
    assert receipt.night == (NOW - timedelta(days=1)).date()
    assert world.target["half.txt"] == "half"


def test_a_receipt_stands_in_the_history_of_who_ended_and_in_both_traces():
    world = a_world()
    plays(world, failing("hang"))
    add(world)

    Life(world).run()

    (event,) = happened(world, "attempt.swapped")
    assert (event.attempt, event.what) == (FIRST, "stalled -> codex-dev with account bob")
    assert (event.data["successor"], event.data["cause"]) == (SECOND, "stalled")
    for attempt in (FIRST, SECOND):
        (told,) = [e for e in world.traces.entries[attempt] if e["kind"] == "swapped"]
        assert told["receipt"] == event.data


def handed_over(world):
    """Let the first attempt hang and its successor be leased; answer the coordinator's life."""
    plays(world, failing("hang"))
    add(world)
    life = Life(world)
    life.tick()
    while len(ends(world)) == 1:
        life.perform()
        life.tick()
    return life


def receipts_traced(world):
    traces = world.traces.entries
    return [[e["kind"] for e in traces[id_]].count("swapped") for id_ in (FIRST, SECOND)]


def test_a_receipt_is_traced_once_though_the_launch_was_tried_again():
    world = a_world()
    life = handed_over(world)
    world.faults.plan("start", *[TransientError("engine restarts")] * 3)

    life.run()

    assert ends(world)[-1] == (State.MERGED, "bob")
    assert receipts_traced(world) == [1, 1]


def test_a_receipt_is_traced_though_the_successor_never_started():
    world = a_world()
    life = handed_over(world)
    world.runtime.image = None

    life.run()

    assert ends(world)[-1] == (State.FAILED, "bob")
    assert receipts_traced(world) == [1, 1]


def test_a_humans_retry_of_what_was_swapped_away_keeps_its_receipt():
    world = a_world(an_account("alice", agent="claude"))
    plays(world, failing("rate_limit", retry_after_seconds=1200))
    add(world)
    life = Life(world, Order(until=NOW + timedelta(days=1)))
    rest(life)
    intake.retry("APP-1", a_pen(world), fresh=False)
    world.clock.advance(timedelta(seconds=1300))
    rest(life)

    (receipt,) = world.ledger.receipts("APP-1")
    assert (receipt.successor, receipt.cause) == (SECOND, Cause.RATE_LIMIT)
    assert receipts_traced(world) == [1, 1]


def test_a_successor_without_a_predecessors_work_is_told_so():
    world = a_world()
    plays(world, Play(says=(STARTED, result(2, "hang")), code=1))
    add(world)

    Life(world).run()

    assert [r.carried for r in world.ledger.receipts()] == ["nothing: no change yet"]


def test_work_of_an_earlier_attempt_is_carried_on_by_one_that_did_nothing():
    world = a_world()
    plays(world, failing("hang"), Play(says=(STARTED, result(2, "loop")), code=1))
    add(world)

    Life(world).run()

    head = world.ledger.attempts("APP-1")[0].head
    carried = [r.carried for r in world.ledger.receipts()]
    assert carried == [f"commit {head[:7]} on fleet/app-1"] * 2


@pytest.mark.parametrize(
    ("play", "ended"),
    [
        (failing("hang", message="no\nword"), "ended swap: hang: no word"),
        (failing("crash", message="boom"), "ended failed: crash: boom"),
        (failing("approval_required", message="may I?"), "ended paused: may I?"),
    ],
)
def test_work_that_will_not_be_verified_is_labelled(play, ended):
    world = a_world()
    plays(world, play)
    add(world)

    Life(world).run()

    head = world.worktrees.commits[world.ledger.attempts("APP-1")[0].head]
    said = f"WIP APP-1: Do it\n\nAttempt 1 by claude-dev {ended}"
    assert head.message == f"{FIRST}: {said}"


@pytest.mark.parametrize("kind", [None, "self_check", "limit"])
def test_work_that_is_verified_is_not_labelled(kind):
    world = a_world()
    says = (STARTED, result(2, kind))
    plays(world, Play(edits={"a": "b"}, says=says, code=0 if kind is None else 1))
    add(world)

    Life(world).run()

    (attempt,) = world.ledger.attempts("APP-1")
    assert world.worktrees.commits[attempt.head].message == f"{FIRST}: APP-1: Do it"
    assert attempt.state is State.MERGED


def test_a_profile_that_cannot_hold_the_task_hands_over_and_its_account_is_not_blamed():
    world = a_world()
    plays(world, failing("context_too_long"))
    add(world)

    Life(world).run()

    assert ends(world) == [(State.SWAPPED, "alice"), (State.MERGED, "bob")]
    assert world.ledger.snapshot().health == ()


def test_the_critic_hands_over_to_the_stronger_with_a_receipt():
    weak = a_profile("weak", escalate_to="strong")
    strong = a_profile("strong", roles=("expert",))
    world = World(profiles={"weak": weak, "strong": strong}, swap=SwapRules(critic_after=2))
    plays(
        world,
        *[Play(edits={"app.py": "red", "n": str(n)}) for n in (1, 2)],
        Play(edits={"app.py": "good"}),
    )
    add(world)

    Life(world).run()

    assert [(a.profile, a.red) for a in world.ledger.attempts("APP-1")] == [
        ("weak", Red.CHECK),
        ("weak", Red.CHECK),
        ("strong", None),
    ]
    (receipt,) = world.ledger.receipts()
    assert (receipt.trigger, receipt.cause, receipt.attempt) == (Trigger.CRITIC, Cause.RED, SECOND)
