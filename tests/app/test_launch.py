"""Launch: what is started after a wait, and what is not because the world has moved on."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from fleet.app import views
from fleet.app.coordinator import Order
from fleet.app.desk import Pen
from fleet.app.stations import intake
from fleet.domain.attempt import State
from fleet.domain.errors import HalfStartedError, TransientError
from fleet.domain.lesson import Draft, LessonStatus, digest_of
from fleet.domain.task import Review
from fleet.domain.window import Window
from fleet.ports import Save
from tests.app.pooled import a_world, add, ends, rest, runs
from tests.builders import NOW, a_health, a_lesson, a_project, an_account
from tests.memory_world import Life, Play, World, line, result

NIGHT = Order(until=NOW + timedelta(days=2))
SHUT = "open 09:00-10:00 UTC only"


def a_day_shift():
    """Answer an account that may be used until 10:00, half an hour from now."""
    window = Window(opens=time(9), closes=time(10), timezone=UTC)
    return an_account("alice", agent="claude", window=window)


def killed_before_the_container(world):
    """Let a coordinator die once its attempt is PREPARING."""
    life = Life(world)
    life.tick()
    life.tick()
    assert ends(world) == [(State.PREPARING, "alice")]


def blocked(world):
    row = a_health("account alice", kind="auth", reason="no entry", until=None, blocked=True)
    world.ledger.commit([Save(row=row)])


def test_nobody_is_started_after_the_window_closed():
    world = a_world(a_day_shift())
    add(world)
    killed_before_the_container(world)
    world.clock.advance(timedelta(hours=5))

    life = Life(world)
    life.run()

    assert ends(world) == [(State.CANCELLED, "alice")]
    assert world.ledger.attempts("APP-1")[0].reason.endswith(f"not be used now: {SHUT}")
    assert world.runtime.starts == {}
    assert life.plan.waits[0].until == datetime(2026, 3, 15, 9, tzinfo=UTC)


def test_nobody_is_started_on_an_account_that_is_blocked_by_now():
    world = a_world(an_account("alice", agent="claude"))
    add(world)
    killed_before_the_container(world)
    blocked(world)

    life = Life(world)
    life.run()

    assert (ends(world), world.runtime.starts) == ([(State.CANCELLED, "alice")], {})
    assert "no entry" in life.plan.waits[0].reason


def test_what_waits_for_the_engine_does_not_start_after_its_window_closed():
    world = a_world(a_day_shift())
    world.faults.plan("start", *[TransientError("engine restarts")] * 2)
    add(world)
    life = Life(world, NIGHT)
    rest(life)
    world.clock.advance(timedelta(hours=5))
    rest(life)

    assert ends(world) == [(State.CANCELLED, "alice")]


def test_what_waits_for_the_engine_can_be_cancelled():
    world = a_world()
    world.faults.plan("start", *[TransientError("engine restarts")] * 2)
    add(world)
    life = Life(world, NIGHT)
    rest(life)
    intake.cancel("APP-1", Pen(ledger=world.ledger, clock=world.clock, who="ann"))
    world.clock.advance(timedelta(seconds=4))
    rest(life)

    assert (ends(world), world.runtime.starts) == ([(State.CANCELLED, "alice")], {})


def test_a_start_in_which_the_engine_died_is_left_to_another_attempt_in_another_worktree():
    world = a_world(an_account("alice", agent="claude"))
    world.faults.plan("start", HalfStartedError("the engine died"))
    add(world)

    Life(world).run()

    assert ends(world) == [(State.LOST, "alice"), (State.MERGED, "alice")]


def test_a_container_that_was_made_goes_on_whatever_keeps_its_account_from_use_by_now():
    world = a_world(an_account("alice", agent="claude"))
    add(world)
    life = Life(world)
    life.tick()
    life.tick()
    life.perform()
    blocked(world)

    rest(Life(world))

    assert ends(world) == [(State.MERGED, "alice")]
    assert set(world.runtime.starts.values()) == {1}


@pytest.mark.parametrize("preparing", [False, True])
@pytest.mark.parametrize("gone", ["profile", "account", "project"])
def test_what_is_gone_from_the_files_ends_the_attempt_and_never_its_task(gone, preparing):
    world = a_world()
    add(world)
    life = Life(world)
    life.tick()
    if preparing:
        life.tick()
    files = world.fleet
    without = {
        "profile": {"profiles": {"codex-dev": files.profiles["codex-dev"]}},
        "account": {"accounts": {"bob": replace(files.accounts["bob"], agent="gemini")}},
        "project": {"projects": {"OTHER": a_project("OTHER")}},
    }
    world.fleet = replace(files, **without[gone])

    life = Life(world)
    life.run()

    (attempt,) = world.ledger.attempts("APP-1")
    assert (attempt.state, world.runtime.starts) == (State.CANCELLED, {})
    assert gone in attempt.reason
    assert [wait.task for wait in life.plan.waits] == ["APP-1"]
    world.fleet = files
    Life(world).run()
    assert ends(world)[1:] == [(State.MERGED, "alice")]


def test_work_begun_in_a_project_that_is_gone_from_the_files_waits_for_it():
    world = a_world()
    add(world)
    life = Life(world)
    life.tick()
    life.tick()
    life.perform()
    files = world.fleet
    world.fleet = replace(files, projects={"OTHER": a_project("OTHER")})

    Life(world).run()
    (attempt,) = world.ledger.attempts("APP-1")
    assert (attempt.state, runs(world)) == (State.PREPARING, [])
    assert "project APP is not in fleet.yaml" in attempt.hindered

    world.fleet = files
    Life(world).run()
    assert ends(world) == [(State.MERGED, "alice")]


def test_work_to_be_verified_of_a_project_that_is_gone_from_the_files_waits_for_it():
    world = a_world()
    add(world)
    life = Life(world)
    while ends(world) != [(State.VERIFYING, "alice")]:
        life.perform()
        life.tick()
    files = world.fleet
    world.fleet = replace(files, projects={"OTHER": a_project("OTHER")})

    Life(world).run()
    (row,) = views.board_rows(world.ledger, world.fleet)
    assert (row["status"], row["reason"]) == ("waiting", "project APP is not in fleet.yaml")
    assert ends(world) == [(State.VERIFYING, "alice")]

    world.fleet = files
    Life(world).run()
    assert ends(world) == [(State.MERGED, "alice")]


def test_a_successor_is_not_told_what_people_have_put_away():
    world = World()
    told = [{"title": "Write red words"}, {"title": "Write green words"}]
    says = [line(2 + place, "lesson", **each) for place, each in enumerate(told)]
    first = Play(edits={"app.py": "red"}, says=(line(1, "started"), *says, result(4)))
    packets: list[dict[str, Any]] = []

    def agent(packet):
        packets.append(packet)
        return first if len(packets) == 1 else Play(edits={"app.py": "good"})

    digest = digest_of(Draft(title="Write red words"), "APP")
    world.ledger.commit([Save(row=a_lesson(status=LessonStatus.QUARANTINED, digest=digest))])
    world.runtime.agent = agent
    wish = intake.Wish(title="Do it", review=Review.AUTO)
    intake.add(wish, world.fleet, Pen(ledger=world.ledger, clock=world.clock, who="ann"))
    Life(world).run()

    handed = packets[1]["context"]["handoff"]["lessons"]
    assert [each["title"] for each in handed] == ["Write green words"]
