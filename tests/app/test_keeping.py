"""What was verified is kept where somebody moved its branch, or deleted it."""

import pytest

from fleet.app.stations import intake, review
from fleet.domain.task import Review
from tests.app.pooled import FIRST, SECOND, a_pen
from tests.memory_world import Life, World


def a_world():
    """Answer a world with a verified branch in review, and its commit."""
    world = World()
    wish = intake.Wish(title="Do it", review=Review.REQUIRED)
    intake.add(wish, world.fleet, a_pen(world))
    Life(world).run()
    return world, world.ledger.pull_request(1).head


def move(world, *, deleted):
    del world.worktrees.branches["fleet/app-1"]
    if not deleted:
        theirs = world.worktrees.commit({}, (world.worktrees.branches["main"],))
        world.worktrees.branches["fleet/app-1"] = theirs


@pytest.mark.parametrize("deleted", [False, True])
def test_the_next_attempt_keeps_the_verified_commit_that_its_branch_holds_no_more(deleted):
    world, verified = a_world()
    move(world, deleted=deleted)

    review.reject(1, a_pen(world), reason="no")
    Life(world).run()

    assert world.worktrees.kept == {FIRST: verified}


@pytest.mark.parametrize("deleted", [False, True])
def test_a_task_that_ends_keeps_the_verified_commit_that_its_branch_holds_no_more(deleted):
    world, verified = a_world()
    move(world, deleted=deleted)

    intake.cancel("APP-1", a_pen(world))
    Life(world).run()

    assert verified in world.worktrees.kept.values()


def test_a_branch_that_nobody_moved_needs_no_keeping():
    world, _ = a_world()

    review.reject(1, a_pen(world), reason="no")
    Life(world).run()

    assert world.ledger.attempts("APP-1")[-1].id == SECOND
    assert world.worktrees.kept == {}
