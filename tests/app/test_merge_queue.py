"""The merge queue: batches land as one checked commit; only who is red on a green tip leaves."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fleet.app.coordinator import Order
from fleet.app.desk import Desk, Pen
from fleet.app.stations import intake, landing, merge, review
from fleet.app.stations.found import Held, Landed, Unmoved
from fleet.domain.attempt import Red, State
from fleet.domain.errors import EngineDownError, FleetError, TransientError, WorkspaceError
from fleet.domain.merge import MergeWay, PullRequestStatus
from fleet.domain.task import Priority, Review
from tests.builders import a_project
from tests.memory_world import CHECK, Life, Play, World, tree_of

APPROVED, QUEUED = PullRequestStatus.APPROVED, PullRequestStatus.QUEUED
MERGING = PullRequestStatus.MERGING
MERGED, EVICTED = PullRequestStatus.MERGED, PullRequestStatus.EVICTED


def a_pen(world):
    return Pen(ledger=world.ledger, clock=world.clock, who="ann")


def a_world(*texts, **project):
    """Answer a world in which a task for each text was verified: its branch says that text."""
    world = World(projects={"APP": a_project(**project)})
    world.worktrees.remote = world.worktrees.branches["main"]
    world.runtime.agent = lambda packet: says(packet["task_id"], texts)
    for _ in texts:
        wish = intake.Wish(title="Do it", review=Review.REQUIRED, max_retries=0)
        intake.add(wish, world.fleet, a_pen(world))
    Life(world).run()
    return world


def says(key, texts):
    text = texts[int(key.partition("-")[2]) - 1]
    return Play(edits={"app.py" if text == "shared" else f"{key}.txt": f"{text} {key}"})


def approved(world, *numbers):
    for number in numbers or range(1, len(world.ledger.pull_requests()) + 1):
        review.approve(number, a_pen(world))
    return world


def tip(world):
    return world.worktrees.branches["main"]


def push(world, files, *, remote=False):
    """Let somebody else put a commit on the target, or on what the remote holds of it."""
    git = world.worktrees
    old = git.remote if remote else tip(world)
    new = git.commit(git.files(old) | files, (old,))
    if remote:
        git.remote = new
    else:
        git.branches["main"] = new
    return new


def line_of(world, since):
    """Answer the commits of the target's first-parent line after `since`, the newest first."""
    found, at = [], tip(world)
    while at != since:
        found.append(at)
        at = world.worktrees.commits[at].parents[0]
    return found


def statuses(world):
    return [pull.status for pull in world.ledger.pull_requests()]


def reds(world):
    attempts = {a.id: a for a in world.ledger.attempts()}
    return [attempts[p.attempt].red for p in world.ledger.pull_requests() if p.status is EVICTED]


def until(world, life, key):
    """Go on until that can be done."""
    for _ in range(100):
        life.tick()
        if key in life.crew.ready:
            return
        life.perform()
    raise AssertionError(f"{key} never came")


def test_a_batch_is_checked_once_and_lands_as_one_commit_on_the_old_tip():
    world = approved(a_world(*["fine"] * 5))
    old, before = tip(world), len(world.verifier.checked)

    Life(world).run()

    assert statuses(world) == [MERGED] * 5
    (landed,) = line_of(world, old)
    assert len(world.verifier.checked) == before + 1
    history = world.worktrees.history(landed)
    pulls = world.ledger.pull_requests()
    assert {pull.merged_sha for pull in pulls} | {pull.head for pull in pulls} <= history
    assert len({pull.merged_sha for pull in pulls}) == 5
    for pull in pulls:
        said = {v.tree: v.status for v in world.ledger.verdicts(pull.attempt)}
        assert said[tree_of(world.target)] == "passed"


def test_a_batch_is_no_larger_than_the_project_allows():
    world = approved(a_world(*["fine"] * 5, batch=2))
    old = tip(world)

    Life(world).run()

    assert statuses(world) == [MERGED] * 5
    assert len(line_of(world, old)) == 3


def test_the_second_batch_is_checked_before_the_first_has_landed():
    world = approved(a_world(*["fine"] * 4, batch=2))
    life = Life(world)
    life.tick()

    assert life.crew.ready == ["try APP/main 1-2", "try APP/main 1-2|3-4"]
    life.crew.perform("try APP/main 1-2|3-4")
    before = len(world.verifier.checked)
    life.run()

    # the first batch, and nothing of the second any more
    assert len(world.verifier.checked) == before + 1
    assert statuses(world) == [MERGED] * 4


@pytest.mark.parametrize("first", ["left", "right"])
def test_of_two_that_are_red_only_together_one_leaves_and_all_others_land(first):
    other = {"left": "right", "right": "left"}[first]
    world = approved(a_world("fine", first, "fine", "fine", other, "fine"))

    Life(world).run()

    assert statuses(world) == [MERGED, MERGED, MERGED, MERGED, EVICTED, MERGED]
    evicted = world.ledger.attempts("APP-5")[0]
    assert (evicted.red, evicted.state) == (Red.MERGED_TIP, State.REJECTED)
    assert "APP-2" in evicted.others
    assert "assert red is green" in evicted.diagnosis


def test_who_is_in_conflict_leaves_and_who_stood_behind_lands():
    world = approved(a_world("fine", "shared", "shared", "fine"))

    Life(world).run()

    assert statuses(world)[:4] == [MERGED, MERGED, EVICTED, MERGED]
    assert reds(world) == [Red.CONFLICT]
    assert world.ledger.attempts("APP-3")[0].others == ("APP-2",)


def test_a_squashed_line_is_checked_commit_by_commit():
    world = approved(a_world(*["fine"] * 3, merge=MergeWay.SQUASH))
    old = tip(world)

    Life(world).run()

    line = line_of(world, old)
    passed = {v.tree for a in world.ledger.attempts() for v in world.ledger.verdicts(a.id)}
    assert len(line) == 3
    assert all(len(world.worktrees.commits[sha].parents) == 1 for sha in line)
    assert {tree_of(world.worktrees.files(sha)) for sha in line} <= passed
    assert [p.merged_sha for p in world.ledger.pull_requests()] == line[::-1]


def test_a_target_that_is_red_itself_stops_the_queue_with_a_reason_and_blames_nobody():
    world = approved(a_world("fine", "fine", "fine"))
    old = push(world, {"broken.txt": "red"})

    Life(world).run()

    assert tip(world) == old
    pulls = world.ledger.pull_requests()
    assert {pull.status for pull in pulls} == {PullRequestStatus.APPROVED}
    for pull in pulls:
        assert f"main itself is not green at {old[:12]}" in pull.reason

    push(world, {"broken.txt": "fine"})
    Life(world).run()
    assert statuses(world) == [MERGED] * 3
    assert [pull.reason for pull in world.ledger.pull_requests()] == [""] * 3


def test_a_red_target_is_not_checked_again_and_again():
    world = approved(a_world("fine", "fine"))
    push(world, {"broken.txt": "red"})
    Life(world).run()
    before = len(world.verifier.checked)

    for _ in range(3):
        Life(world).run()

    assert len(world.verifier.checked) == before
    told = [event for event in world.ledger.events() if event.kind == "merge.waits"]
    assert len(told) == 2


def test_what_mends_a_red_target_goes_first_where_it_is_urgent():
    world = approved(a_world("fine", "fine"))
    push(world, {"APP-3.txt": "red"})
    Life(world).run()

    world.runtime.agent = lambda _: Play(edits={"APP-3.txt": "mended"})
    mend = intake.Wish(title="Mend it", review=Review.AUTO, priority=Priority.CRITICAL)
    intake.add(mend, world.fleet, a_pen(world))
    Life(world).run()

    assert statuses(world) == [MERGED] * 3


def test_a_project_without_checks_merges_nothing_and_blames_nobody():
    world = approved(a_world("fine", "fine"))
    world.fleet = replace(world.fleet, projects={"APP": a_project(checks=())})

    Life(world).run()

    assert set(statuses(world)) == {PullRequestStatus.APPROVED}
    assert "no check is configured" in world.ledger.pull_request(1).reason


def test_a_check_that_cannot_run_is_not_begun_again_every_few_seconds():
    world = approved(a_world("fine", "fine"))
    git = world.worktrees
    files = {path: text for path, text in world.target.items() if path != CHECK}
    git.branches["main"] = git.commit(files, (tip(world),))
    before, life = len(world.verifier.checked), Life(world)
    for _ in range(10):
        life.tick()
        life.perform()
        world.clock.advance(timedelta(seconds=5))
    assert "the check could not run" in world.ledger.pull_request(1).reason
    assert len(world.verifier.checked) == before + 1

    push(world, {CHECK: "strict"})
    world.clock.advance(timedelta(seconds=60))
    life.run()
    assert statuses(world) == [MERGED] * 2


def test_who_is_rejected_while_it_is_tried_does_not_land_and_the_others_do():
    world = approved(a_world("fine", "fine", "fine"))
    life = Life(world)
    until(world, life, "try APP/main 1-2-3")
    life.crew.perform("try APP/main 1-2-3")

    review.reject(2, a_pen(world), reason="not that")
    life.run()

    assert statuses(world) == [MERGED, PullRequestStatus.REJECTED, MERGED]
    assert "APP-2.txt" not in world.target


def test_who_is_cancelled_while_it_is_tried_does_not_land():
    world = approved(a_world("fine", "fine"))
    life = Life(world)
    until(world, life, "try APP/main 1-2")
    life.crew.perform("try APP/main 1-2")

    intake.cancel("APP-1", a_pen(world))
    life.run()

    assert "APP-1.txt" not in world.target
    assert statuses(world)[1] is MERGED


def test_a_branch_that_moved_voids_the_approval_of_its_own_alone():
    world = approved(a_world("fine", "fine"))
    world.worktrees.branches["fleet/app-1"] = world.worktrees.commit({}, (tip(world),))

    Life(world).run()

    assert statuses(world) == [PullRequestStatus.OPEN, MERGED]
    assert "was verified and approved" in world.ledger.pull_request(1).reason


def test_only_what_was_asked_for_is_merged():
    world = approved(a_world("fine", "fine", "fine"))

    Life(world, Order(keys=frozenset({"APP-2"}), merges_only=True)).run()

    assert [status is MERGED for status in statuses(world)] == [False, True, False]


def test_a_batch_that_is_landing_lands_though_another_was_asked_for():
    world = approved(a_world("fine", "fine", "fine"), 1, 2)
    until(world, Life(world), "land APP/main")
    approved(world, 3)

    Life(world, Order(keys=frozenset({"APP-3"}), merges_only=True)).run()

    assert statuses(world) == [MERGED] * 3


def test_a_target_that_moved_on_is_built_upon_anew():
    world = approved(a_world("fine", "fine"))
    life = Life(world)
    until(world, life, "land APP/main")
    push(world, {"new": "1"})

    life.run()

    assert statuses(world) == [MERGED] * 2
    assert {"new", "APP-1.txt", "APP-2.txt"} <= world.target.keys()


def test_a_target_that_others_move_all_the_time_is_not_tried_without_a_breath():
    world = approved(a_world("fine"))
    life = Life(world)
    until(world, life, "land APP/main")
    push(world, {"new": "1"})
    life.crew.perform("land APP/main")

    assert life.tick().actions == ()
    assert not life.done
    world.clock.advance(timedelta(seconds=1))
    assert [action.key for action in life.tick().actions] == ["try APP/main 1"]


def test_a_dirty_checkout_makes_the_queue_wait_and_land_later():
    world = approved(a_world("fine", "fine"))
    world.worktrees.blocked = "the checkout of main is dirty"
    for _ in range(3):
        Life(world).run()

    assert {p.reason for p in world.ledger.pull_requests()} == {world.worktrees.blocked}
    told = [event.attempt for event in world.ledger.events() if event.kind == "merge.waits"]
    assert len(told) == len(set(told)) == 2
    assert not any(a.state is State.MERGED for a in world.ledger.attempts())

    world.worktrees.blocked = None
    Life(world).run()
    assert [(p.status, p.reason) for p in world.ledger.pull_requests()] == [(MERGED, "")] * 2


def test_a_merge_that_was_begun_ends_where_it_was_begun_though_the_target_is_renamed():
    world = approved(a_world("fine", "fine"))
    old = tip(world)
    world.worktrees.branches["next"] = old
    until(world, Life(world), "land APP/main")
    world.fleet = replace(world.fleet, projects={"APP": a_project(target="next")})

    Life(world).run()

    assert statuses(world) == [MERGED] * 2
    assert world.worktrees.branches["next"] == old
    assert len(line_of(world, old)) == 1


def test_a_project_that_is_gone_from_the_fleet_keeps_its_queue_waiting():
    world = approved(a_world("fine"))
    projects = world.fleet.projects
    world.fleet = replace(world.fleet, projects={"OTHER": a_project("OTHER")})
    Life(world).run()
    assert "project APP is not in fleet.yaml" in world.ledger.pull_request(1).reason

    world.fleet = replace(world.fleet, projects=projects)
    Life(world).run()
    assert statuses(world) == [MERGED]


@pytest.mark.parametrize("step", range(8))
def test_killed_at_any_step_a_batch_lands_once(step):
    world = approved(a_world("fine", "left", "right", batch=2))
    old, life = tip(world), Life(world)
    for number in range(step):
        life.tick()
        ready = life.crew.ready
        if ready:
            life.crew.perform(ready[number % len(ready)])

    Life(world).run()

    assert statuses(world) == [MERGED, MERGED, EVICTED]
    landed = [p for p in world.ledger.pull_requests() if p.status is MERGED]
    steps = line_of(world, old)
    assert len(steps) == len({pull.candidate for pull in landed})
    assert {tree_of(world.worktrees.files(sha)) for sha in steps} <= {
        v.tree for a in world.ledger.attempts() for v in world.ledger.verdicts(a.id)
    }


@pytest.mark.parametrize("call", ["advance", "is_merged"])
def test_a_batch_that_landed_is_found_though_looking_for_it_fails(call):
    world = approved(a_world("fine", "fine", "fine"))
    life = Life(world)
    until(world, life, "land APP/main")
    life.crew.perform("land APP/main")
    landed = tip(world)
    push(world, {"new": "1"})
    world.faults.plan(call, WorkspaceError("the disk is slow"))

    life = Life(world)
    life.tick()
    life.perform()
    life.tick()
    with pytest.raises(FleetError, match="merged"):
        review.reject(1, a_pen(world), reason="not that")
    Life(world).run()

    assert statuses(world) == [MERGED] * 3
    assert {pull.candidate for pull in world.ledger.pull_requests()} == {landed}
    assert len(line_of(world, landed)) == 1


def test_a_push_that_somebody_was_faster_with_is_built_anew_and_lands():
    world = approved(a_world("fine", "fine", remote="origin"))
    life = Life(world)
    until(world, life, "land APP/main")
    push(world, {"theirs": "1"}, remote=True)

    life.run()

    assert statuses(world) == [MERGED] * 2
    assert world.worktrees.remote == tip(world)
    assert {"theirs", "APP-1.txt", "APP-2.txt"} <= world.target.keys()


@pytest.mark.parametrize("pushed_upon", [False, True])
def test_what_was_pushed_before_a_crash_is_not_merged_twice(pushed_upon):
    world = approved(a_world("fine", "fine", remote="origin"))
    old, life = tip(world), Life(world)
    until(world, life, "land APP/main")
    world.faults.plan("advance", EngineDownError("killed"))
    life.crew.perform("land APP/main")
    assert (tip(world), world.worktrees.remote) == (old, world.ledger.pull_request(1).candidate)
    if pushed_upon:
        push(world, {"theirs": "1"}, remote=True)

    Life(world).run()

    assert statuses(world) == [MERGED] * 2
    assert tip(world) == world.worktrees.remote
    assert len(line_of(world, old)) == 1 + pushed_upon


def test_what_was_pushed_is_not_forgotten_while_the_checkout_is_dirty():
    world = approved(a_world("fine", "fine", remote="origin"))
    old, life = tip(world), Life(world)
    until(world, life, "land APP/main")
    world.worktrees.blocked = "the checkout of main is dirty"
    life.run()
    assert {(p.status, p.reason) for p in world.ledger.pull_requests()} == {
        (MERGING, world.worktrees.blocked)
    }

    world.worktrees.blocked = None
    Life(world).run()

    assert statuses(world) == [MERGED] * 2
    assert line_of(world, old) == [world.worktrees.remote]


@pytest.mark.parametrize(("call", "status"), [("synced", APPROVED), ("pushed", MERGING)])
def test_a_remote_that_is_away_keeps_the_queue_waiting_with_its_reason(call, status):
    world = approved(a_world("fine", remote="origin"))
    away = TransientError("remote origin: no route to host", remedy="it is tried again by itself")
    old, life = tip(world), Life(world)
    world.faults.plan(call, *[away] * 50)

    life.run(ticks=40)

    assert life.done
    assert (statuses(world), tip(world)) == ([status], old)
    assert world.ledger.pull_request(1).reason == str(away)
    world.faults.clear()
    Life(world).run()
    assert statuses(world) == [MERGED]
    assert world.worktrees.remote == tip(world)


def test_what_a_look_at_a_remote_that_went_away_leaves_open_is_landed_once():
    world = approved(a_world("fine", remote="origin"))
    old, life = tip(world), Life(world)
    until(world, life, "land APP/main")
    world.faults.plan("pushed", WorkspaceError("refused"))
    world.faults.plan("synced", TransientError("remote origin: no route to host"))

    life.crew.perform("land APP/main")
    life.tick()

    assert statuses(world) == [MERGING]
    assert "no route to host" in world.ledger.pull_request(1).reason
    Life(world).run()
    assert line_of(world, old) == [world.worktrees.remote]


def landing_now(world):
    """Answer a desk on which two are being landed, and their candidate."""
    until(world, Life(world), "land APP/main")
    desk = Desk(world.ledger.snapshot(), at=world.clock.now())
    return desk, world.ledger.pull_request(1).candidate


def test_what_a_try_that_comes_too_late_says_does_not_touch_what_is_landed():
    world = approved(a_world("fine", "fine"))
    desk, _ = landing_now(world)

    merge.settle(Held(project="APP", target="main", reason="dirty"), desk)

    assert desk.writes() == []


def test_a_landing_is_settled_by_the_candidate_it_was_about():
    world = approved(a_world("fine", "fine"))
    desk, _ = landing_now(world)
    of_another: dict[str, Any] = {
        "project": "APP",
        "target": "main",
        "pulls": (1, 2),
        "candidate": "f" * 40,
    }

    landing.settle(Landed(**of_another), desk)
    landing.settle(Unmoved(**of_another, reason="moved", moved_on=True), desk)

    assert desk.writes() == []
