"""A merge is taken back by fleet itself where git can, by an agent where it cannot, once."""

from dataclasses import replace

import pytest

from fleet.app import views
from fleet.app.coordinator import Order
from fleet.app.desk import Desk, Pen
from fleet.app.stations import intake, propose, reverts, review
from fleet.domain.attempt import Red, State
from fleet.domain.errors import ConfigError, DiskFullError, WorkspaceError
from fleet.domain.merge import MergeWay, PullRequestStatus
from fleet.domain.pending import ActionStatus
from fleet.domain.plan import Propose
from fleet.domain.profile import SwapRules
from fleet.domain.result import VerdictStatus
from fleet.domain.task import Resolution, Review
from tests.builders import a_profile, a_project
from tests.memory_world import CHECK, Life, Play, World, green


@pytest.fixture
def world():
    return World(projects={"APP": a_project(review=Review.AUTO)})


def a_pen(world):
    return Pen(ledger=world.ledger, clock=world.clock, who="ann")


def merged(world, *edits):
    """Let tasks merge one after the other, each with its edits; answer the target then."""
    for each in edits:
        world.runtime.agent = lambda packet, each=each: Play(edits=each)
        wish = intake.Wish(title="Do it", review=Review.AUTO)
        intake.add(wish, world.fleet, a_pen(world))
        Life(world).run()
    world.runtime.agent = green
    return world.target


def revert(world, number=1):
    return reverts.revert(number, world.fleet, a_pen(world)).key


def changed(world, key, **fields):
    """Let a person change the task of a revert, which nobody is asked about at its beginning."""
    pen = a_pen(world)
    return intake.change(key, lambda task: replace(task, **fields), pen, kind="task.edited").key


def taken_back(world, key):
    return world.ledger.task(key).resolution is Resolution.MERGED


def told(world, attempt):
    asked = [e for e in world.traces.entries[attempt.id] if e["kind"] == "asked"]
    return next(m["content"] for m in asked[-1]["packet"]["messages"] if m["role"] == "user")


def until_planted(world):
    """Let a coordinator plant the branch and die before it writes that down."""
    life = Life(world)
    life.tick()
    (key,) = [key for key in life.crew.ready if key.startswith("propose")]
    life.crew.perform(key)


def test_a_merge_is_taken_back_without_any_agent_and_checked_like_all_else(world):
    before = dict(world.target)
    merged(world, {"a.py": "1"}, {"b.py": "2"})
    started = dict(world.runtime.starts)

    key = revert(world)
    Life(world).run()

    assert world.target == before | {"b.py": "2"}
    (attempt,) = world.ledger.attempts(key)
    assert (attempt.state, attempt.profile, attempt.account) == (State.MERGED, "fleet", "fleet")
    assert world.runtime.starts == started
    assert {v.status for v in world.ledger.verdicts(attempt.id)} == {VerdictStatus.PASSED}
    assert key not in {row.task for row in world.ledger.reservations()}
    assert key not in {row.task for row in world.ledger.settlements()}
    assert world.worktrees.branches == {"main": world.ledger.pull_request(3).merged_sha}


@pytest.mark.parametrize("way", list(MergeWay))
def test_one_of_a_batch_is_taken_back_alone(way):
    world = World(projects={"APP": a_project(merge=way)})
    for _ in range(3):
        wish = intake.Wish(title="Do it", review=Review.AUTO)
        intake.add(wish, world.fleet, a_pen(world))
    Life(world).run()

    revert(world, 2)
    Life(world).run()

    middle = world.ledger.pull_request(2).task
    others = {f"APP-{n}.txt" for n in (1, 2, 3)} - {f"{middle}.txt"}
    assert {path for path in world.target if path.startswith("APP")} == others


def test_a_revert_is_taken_back_too(world):
    after = dict(merged(world, {"a.py": "1"}))
    revert(world, 1)
    Life(world).run()
    assert "a.py" not in world.target

    key = revert(world, 2)
    Life(world).run()

    assert taken_back(world, key)
    assert world.target == after


@pytest.mark.parametrize(("asked", "status"), [(Review.REQUIRED, "open"), (Review.AUTO, "merged")])
def test_what_an_agent_makes_of_a_revert_is_reviewed_as_its_project_wants(asked, status):
    world = World(projects={"APP": a_project(review=asked)})
    merged(world, {"a.py": "1"}, {"a.py": "2"})
    world.runtime.agent = lambda packet: Play(edits={"a.py": "by an agent"})

    revert(world)
    Life(world).run()

    own, agents = world.ledger.attempts("APP-3")
    assert (own.by_fleet, agents.by_fleet) == (True, False)
    assert world.ledger.pull_request(3).status == status
    assert (world.target["a.py"] == "by an agent") is (asked is Review.AUTO)


def test_two_merges_are_taken_back_at_once(world):
    before = dict(world.target)
    merged(world, {"a.py": "1"}, {"b.py": "2"})

    keys = [revert(world, 1), revert(world, 2)]
    Life(world).run()

    assert all(taken_back(world, key) for key in keys)
    assert world.target == before


def test_what_was_changed_since_is_taken_back_by_an_agent_who_is_told_both_sides(world):
    merged(world, {"app.py": "1"}, {"app.py": "2"})
    world.runtime.agent = lambda packet: Play(edits={"app.py": "two without one"})

    key = revert(world)
    Life(world).run()

    first, second = world.ledger.attempts(key)
    assert (first.state, first.red, first.others) == (State.REJECTED, Red.CONFLICT, ("APP-2",))
    assert first.reason == (
        "pull request 1 does not revert cleanly: app.py, which APP-2 changed since"
    )
    message = told(world, second)
    assert "Fleet tried by git alone and could not" in message
    sha = world.ledger.pull_request(1).merged_sha
    assert f"git diff {sha}^1 {sha}" in message
    assert "Both sides of app.py:\n2 | old" in message
    assert (second.profile, second.fresh, second.state) == ("local", True, State.MERGED)
    assert world.target["app.py"] == "two without one"


def test_a_red_revert_is_gone_on_with_by_an_agent_who_has_all_tries(world):
    merged(world, {"a.py": "left"}, {"a.py": "fine"}, {"b.py": "right"})
    tries = [Play(edits={"c.py": "1"}), Play(edits={"b.py": "left"})]
    world.runtime.agent = lambda packet: tries.pop(0)
    task = reverts.revert(2, world.fleet, a_pen(world))
    key = changed(world, task.key, max_retries=1)

    Life(world).run()

    states = [(a.profile, a.red) for a in world.ledger.attempts(key)]
    assert states == [("fleet", Red.CHECK), ("local", Red.CHECK), ("local", None)]
    second = world.ledger.attempts(key)[1]
    assert "attempt 1, profile fleet: rejected, the checks were red" in told(world, second)
    assert world.target["a.py"] == "left"


def test_a_red_revert_calls_no_stronger_profile_before_an_agent_had_it():
    swap = SwapRules(critic_after=1, critic_to="opus")
    profiles = {"local": a_profile(), "opus": a_profile("opus", roles=("architect",))}
    world = World(swap=swap, profiles=profiles)
    merged(world, {"a.py": "left"}, {"a.py": "fine"}, {"b.py": "right"})
    world.runtime.agent = lambda packet: Play(edits={"b.py": "left"})

    key = revert(world, 2)
    Life(world).run()

    assert [a.profile for a in world.ledger.attempts(key)] == ["fleet", "local"]
    assert world.ledger.receipts(key) == ()


def test_policy_asks_about_a_revert_as_about_anything(world):
    merged(world)
    world.runtime.agent = lambda packet: Play(edits={CHECK: "lenient"})
    intake.add(intake.Wish(title="Do it", review=Review.AUTO), world.fleet, a_pen(world))
    Life(world).run()
    review.answer("A-1", ActionStatus.APPROVED, a_pen(world))
    Life(world).run()
    assert world.target[CHECK] == "lenient"

    key = revert(world)
    Life(world).run()
    (question,) = [a for a in world.ledger.pending_actions() if a.task == key]
    assert (question.status, question.files) == (ActionStatus.PENDING, (CHECK,))
    review.answer(question.id, ActionStatus.APPROVED, a_pen(world))
    Life(world).run()

    assert world.target[CHECK] == "strict"


def test_what_was_taken_back_by_hand_ends_done_without_a_merge(world):
    merged(world, {"a.py": "1"})
    tip = world.worktrees.branches["main"]
    by_hand = {path: text for path, text in world.target.items() if path != "a.py"}
    world.worktrees.branches["main"] = world.worktrees.commit(by_hand, (tip,))

    key = revert(world)
    Life(world).run()

    task = world.ledger.task(key)
    assert task.resolution is Resolution.MERGED
    assert task.reason == "nothing of pull request 1 is left in main"
    assert world.ledger.attempts(key) == ()
    assert [pull.number for pull in world.ledger.pull_requests()] == [1]


def test_what_the_target_never_held_cannot_be_taken_back(world):
    merged(world, {"a.py": "1"})
    world.worktrees.branches["main"] = world.worktrees.commit({CHECK: "strict"}, ())

    key = revert(world)
    Life(world).run()

    task = world.ledger.task(key)
    assert task.resolution is Resolution.FAILED
    assert "is not in main" in task.reason
    assert "fleet/app-2" not in world.worktrees.branches


def test_a_coordinator_killed_after_planting_proposes_the_same_again(world):
    merged(world, {"a.py": "1"})
    key = revert(world)
    until_planted(world)
    planted = world.worktrees.branches["fleet/app-2"]

    Life(world).run()

    (attempt,) = world.ledger.attempts(key)
    assert (attempt.head, attempt.state) == (planted, State.MERGED)
    assert planted not in world.worktrees.kept.values()


def test_a_proposal_on_a_tip_that_moved_on_is_put_away_and_made_anew(world):
    merged(world, {"a.py": "1"})
    key = revert(world)
    until_planted(world)
    planted = world.worktrees.branches["fleet/app-2"]
    tip = world.worktrees.branches["main"]
    world.worktrees.branches["main"] = world.worktrees.commit(world.target | {"x": "1"}, (tip,))

    Life(world).run()

    (attempt,) = world.ledger.attempts(key)
    assert attempt.state is State.MERGED
    assert attempt.head != planted
    assert world.worktrees.kept[f"app-2-{planted[:12]}"] == planted
    assert (world.target.get("a.py"), world.target["x"]) == (None, "1")


def test_a_revert_cancelled_while_it_is_proposed_leaves_nothing_behind(world):
    merged(world, {"a.py": "1"})
    key = revert(world)
    life = Life(world)
    life.tick()

    intake.cancel(key, a_pen(world))
    life.tick()
    assert world.ledger.task(key).open
    life.run()

    assert world.ledger.task(key).resolution is Resolution.CANCELLED
    assert set(world.worktrees.branches) == {"main"}
    assert world.target["a.py"] == "1"


def test_a_wish_to_end_it_goes_before_what_was_found(world):
    merged(world, {"a.py": "1"})
    revert(world)
    Life(world).run()
    again = merged_away(world)
    life = Life(world)
    life.tick()
    life.perform()

    intake.cancel(again, a_pen(world))
    life.run()

    assert world.ledger.task(again).resolution is Resolution.CANCELLED


def merged_away(world):
    """Answer a task for what stands in the target no more, as an earlier fleet may have left it."""
    wish = intake.Wish(title="Revert it again", review=Review.AUTO)
    task = intake.add(wish, world.fleet, a_pen(world))
    return changed(world, task.key, reverts=1)


def test_what_is_found_twice_opens_one_attempt(world):
    merged(world, {"a.py": "1"})
    key = revert(world)
    Life(world).tick()
    found = propose.carry_out(Propose(task=world.ledger.task(key)), world.tools)

    for _ in range(2):
        desk = Desk(world.ledger.snapshot(), at=world.clock.now())
        propose.settle(found, desk, world.tools)
        world.ledger.commit(desk.writes())

    assert [a.state for a in world.ledger.attempts(key)] == [State.VERIFYING]


def test_an_agent_takes_back_by_hand_what_nobody_can_show_any_more(world):
    merged(world, {"app.py": "1"}, {"app.py": "2"})
    world.faults.plan("patch", WorkspaceError("the branch is gone"))
    world.runtime.agent = lambda packet: Play(edits={"app.py": "two without one"})

    key = revert(world)
    Life(world).run()

    assert taken_back(world, key)


@pytest.mark.parametrize("error", [DiskFullError("no space left"), ConfigError("no APP")])
def test_a_proposal_that_cannot_be_made_now_waits_and_ends_nothing(world, error):
    merged(world, {"a.py": "1"})
    key = revert(world)
    world.faults.plan("reverted", error)

    life = Life(world)
    life.run()
    assert world.ledger.task(key).open
    Life(world).run()

    assert taken_back(world, key)


def test_a_project_that_is_gone_makes_the_revert_wait_with_the_reason(world):
    merged(world, {"a.py": "1"})
    key = revert(world)
    world.fleet = World(projects={"LIB": a_project("LIB")}).fleet

    life = Life(world)
    life.run()

    assert [(w.task, w.reason) for w in life.plan.waits] == [
        (key, "project APP is not in fleet.yaml")
    ]


def test_a_human_who_asks_again_lets_fleet_try_again_on_the_tip_of_now(world):
    merged(world, {"a.py": "1"})
    world.faults.plan("reverted", WorkspaceError("the disk is broken"))
    key = revert(world)
    Life(world).run()
    assert world.ledger.task(key).reason == "the disk is broken"

    intake.retry(key, a_pen(world), fresh=False)
    Life(world).run()

    assert [a.profile for a in world.ledger.attempts(key)] == ["fleet"]
    assert taken_back(world, key)


def test_the_same_proposal_is_made_once_more_where_its_checks_could_not_run(world):
    merged(world, {"a.py": "1"})
    world.faults.plan("check", WorkspaceError("no room for a checkout"))
    key = revert(world)
    Life(world).run()
    assert world.ledger.task(key).resolution is Resolution.FAILED

    intake.retry(key, a_pen(world), fresh=True)
    Life(world).run()

    first, second = world.ledger.attempts(key)
    assert (first.head, first.profile) == (second.head, second.profile)
    assert (first.state, second.state) == (State.FAILED, State.MERGED)
    assert not world.ledger.task(key).fresh


def test_a_run_that_only_merges_proposes_nothing(world):
    merged(world, {"a.py": "1"})
    revert(world)

    Life(world, Order(merges_only=True)).run()

    assert world.ledger.attempts("APP-2") == ()


def test_a_revert_that_conflicts_while_it_waits_goes_to_an_agent(world):
    merged(world, {"app.py": "1"})
    key = revert(world)
    changed(world, key, review=Review.REQUIRED)
    Life(world).run()
    merged(world, {"app.py": "2"})
    world.runtime.agent = lambda packet: Play(edits={"app.py": "two without one"})

    review.approve(2, a_pen(world))
    Life(world).run()

    first, second = world.ledger.attempts(key)
    assert (first.red, first.others) == (Red.CONFLICT, ("APP-3",))
    assert f"...{first.head[:12]}` shows it" in told(world, second)
    assert second.profile == "local"


def test_who_asks_why_no_agent_is_started_is_told(world):
    merged(world, {"a.py": "1"})
    revert(world)

    snapshot, now = world.ledger.snapshot(), world.clock.now()
    (row,) = views.explained(snapshot, world.fleet, now=now, around=views.Around())

    assert (row["slot"], row["reason"]) == (None, "fleet itself makes the first attempt")


def test_everything_that_looks_at_attempts_can_look_at_fleets_own(world):
    merged(world, {"a.py": "1"})
    key = revert(world)
    life = Life(world)
    life.tick()
    life.perform()
    life.tick()
    assert world.ledger.attempts(key)[0].state is State.VERIFYING

    shown = views.task_view(key, world.ledger, world.fleet, now=world.clock.now(), halted="")
    rows = views.board_rows(world.ledger, world.fleet)
    life.run()

    assert shown["attempts"][0]["profile"] == "fleet"
    assert [row["status"] for row in rows] == ["done", "running"]
    pull = world.ledger.pull_request(2)
    assert pull.status is PullRequestStatus.MERGED
    assert pull.summary.startswith("This takes back pull request 1 of APP-1, merged as ")
