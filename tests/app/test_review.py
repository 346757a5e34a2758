"""What people say of pull requests is written down whole, holds for one commit, or is refused."""

from collections.abc import Callable

import pytest

from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.app.desk import Desk, Pen
from fleet.app.stations import intake, reverts, review
from fleet.app.stations.intake import Wish
from fleet.domain.attempt import Red, State
from fleet.domain.errors import ConfigError, FleetError, NotFoundError
from fleet.domain.merge import PullRequestStatus
from fleet.domain.pending import ActionStatus
from fleet.domain.task import Priority, Resolution, Review
from tests.builders import NOW, SHA, a_fleet, a_pull, a_task, an_action, an_attempt
from tests.memory_world import Life, World


@pytest.fixture
def pen():
    clock = ManualClock(NOW)
    return Pen(ledger=MemoryLedger(clock=clock), clock=clock, who="ann")


def kept(pen, *rows):
    desk = Desk(pen.ledger.snapshot(), at=NOW)
    for row in rows:
        desk.save(row)
    pen.ledger.commit(desk.writes())


def in_review(pen, **pull):
    kept(pen, a_task(), an_attempt(state=State.VERIFIED), a_pull(**pull))


def test_a_comment_stays_with_who_and_when_and_sends_it_back(pen):
    in_review(pen)

    review.comment(1, ["name it better", "and test it"], pen)

    pull, (attempt,) = pen.ledger.pull_request(1), pen.ledger.attempts()
    stamp = f"ann, {NOW:%Y-%m-%d %H:%M} UTC"
    assert pull.comments == (f"{stamp}: name it better", f"{stamp}: and test it")
    assert pull.status is PullRequestStatus.REJECTED
    assert (attempt.state, attempt.red) == (State.REJECTED, Red.REVIEW)
    assert attempt.diagnosis == "ann commented on it: name it better\nand test it"
    assert "pull.commented" in [event.kind for event in pen.ledger.events()]


def test_comments_reach_the_next_agent():
    world = World()
    pen = Pen(ledger=world.ledger, clock=world.clock, who="ann")
    intake.add(Wish(title="Do it", review=Review.REQUIRED), world.fleet, pen)
    Life(world).run()

    review.comment(1, ["name it better"], pen)
    Life(world).run()

    first, second = world.ledger.attempts("APP-1")
    asked = [e for e in world.traces.entries[second.id] if e["kind"] == "asked"]
    assert "name it better" in str(asked[-1]["packet"]["messages"])
    assert [p.status for p in world.ledger.pull_requests()] == ["rejected", "open"]
    assert (first.state, second.state) == (State.REJECTED, State.VERIFIED)


@pytest.mark.parametrize("status", [PullRequestStatus.APPROVED, PullRequestStatus.QUEUED])
def test_a_comment_takes_an_approval_back(pen, status):
    in_review(pen, status=status)

    assert review.comment(1, ["wait"], pen).status is PullRequestStatus.REJECTED


def test_who_comments_a_moment_too_late_is_told_how_to_reach_the_agent(pen):
    in_review(pen)
    review.reject(1, pen, reason="no")

    with pytest.raises(FleetError, match="is rejected already") as refused:
        review.comment(1, ["and test it"], pen)

    assert "fleet task comment APP-1" in refused.value.remedy


@pytest.mark.parametrize("texts", [[], [""], ["fine", " \n"]])
def test_an_empty_comment_sends_nothing_back(pen, texts):
    in_review(pen)

    with pytest.raises(FleetError, match="needs a text"):
        review.comment(1, texts, pen)

    assert pen.ledger.pull_request(1).status is PullRequestStatus.OPEN


SAYINGS: list[Callable[[str, Pen], object]] = [
    lambda text, pen: review.comment(1, [text], pen),
    lambda text, pen: review.reject(1, pen, reason=text),
]


@pytest.mark.parametrize("say", SAYINGS)
@pytest.mark.parametrize("text", ["a\0b", "\udcff", "x" * 100_001])
def test_words_that_cannot_be_kept_are_refused(pen, say, text):
    in_review(pen)

    with pytest.raises(ConfigError, match="cannot be kept"):
        say(text, pen)


@pytest.mark.parametrize("say", SAYINGS)
def test_what_is_being_merged_is_not_sent_back(pen, say):
    in_review(pen, status=PullRequestStatus.MERGING)

    with pytest.raises(FleetError, match="being merged"):
        say("no", pen)


@pytest.mark.parametrize("say", SAYINGS)
def test_what_is_being_cancelled_is_not_sent_back(pen, say):
    kept(pen, a_task(cancel_requested=True), an_attempt(state=State.VERIFIED), a_pull())

    with pytest.raises(FleetError, match="being cancelled"):
        say("no", pen)


def test_a_yes_to_what_is_being_cancelled_is_refused_for_it_would_merge_nothing(pen):
    kept(pen, a_task(cancel_requested=True), an_attempt(state=State.VERIFIED), a_pull())

    with pytest.raises(FleetError, match="APP-1 is being cancelled"):
        review.approve(1, pen)

    assert pen.ledger.pull_request(1).status is PullRequestStatus.OPEN


def test_a_yes_to_a_question_of_what_is_being_cancelled_is_refused(pen):
    attempt = an_attempt(state=State.VERIFYING)
    kept(pen, a_task(cancel_requested=True), attempt, an_action())

    with pytest.raises(FleetError, match="APP-1 is being cancelled"):
        review.answer("A-1", ActionStatus.APPROVED, pen)
    dropped = review.answer("A-1", ActionStatus.CLEARED, pen)

    assert dropped.status is ActionStatus.CLEARED


def test_a_yes_to_a_branch_that_moved_is_refused_and_says_what_to_do():
    pull = a_pull()

    review.unmoved(pull, at=pull.head, sha=None)
    review.unmoved(pull, at=None, sha=None)
    with pytest.raises(FleetError, match=f"{'e' * 12}, but {SHA[:12]} was verified") as refused:
        review.unmoved(pull, at="e" * 40, sha=None)

    assert f"git update-ref refs/heads/fleet/app-1 {SHA}" in refused.value.remedy
    assert "pr reject 1" in refused.value.remedy


@pytest.mark.parametrize("sha", [SHA, SHA[:7], SHA[:12].upper()])
def test_a_yes_may_name_the_commit_it_is_meant_for(sha):
    review.unmoved(a_pull(), at=SHA, sha=sha)


@pytest.mark.parametrize("sha", ["b" * 40, SHA[:6], "", SHA + "a"])
def test_a_yes_to_another_commit_is_refused(sha):
    with pytest.raises(FleetError, match=f"is at {SHA[:12]}, not at"):
        review.unmoved(a_pull(), at=SHA, sha=sha)


@pytest.mark.parametrize("status", [PullRequestStatus.MERGED, PullRequestStatus.EVICTED])
def test_a_yes_to_what_has_ended_is_refused(status):
    with pytest.raises(FleetError, match=f"is {status} already"):
        review.unmoved(a_pull(status=status), at=None, sha=None)


def merged(pen, number=1, key="APP-1", **task):
    kept(
        pen,
        a_task(key, **({"resolution": Resolution.MERGED, "role": "tester"} | task)),
        an_attempt(key, state=State.MERGED, cleaned=True),
        a_pull(number, key, status=PullRequestStatus.MERGED, merged_sha="d" * 40),
    )


def test_a_revert_is_a_task_that_goes_first_and_asks_no_reviewer(pen):
    merged(pen)

    task = reverts.revert(1, a_fleet(), pen)

    assert (task.key, task.reverts, task.role) == ("APP-2", 1, "tester")
    assert (task.review, task.priority) == (Review.AUTO, Priority.HIGH)
    assert task.title == "Revert APP-1: Do what APP-1 says"
    assert "d" * 40 in task.goal
    assert pen.ledger.events(task="APP-2")[0].who == "ann"


def test_a_merge_is_taken_back_by_one_task(pen):
    merged(pen)
    reverts.revert(1, a_fleet(), pen)

    with pytest.raises(FleetError, match="APP-2 takes pull request 1 back already"):
        reverts.revert(1, a_fleet(), pen)


class Overtaken(MemoryLedger):
    """Somebody else writes between what is read here and what is written."""

    meanwhile: Callable[[], object] | None = None

    def commit(self, writes):
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        super().commit(writes)


def test_who_asked_a_moment_later_finds_the_first_ones_task():
    clock = ManualClock(NOW)
    ledger = Overtaken(clock=clock)
    ann, bob = (Pen(ledger=ledger, clock=clock, who=who) for who in ("ann", "bob"))
    merged(ann)
    ledger.meanwhile = lambda: reverts.revert(1, a_fleet(), bob)

    with pytest.raises(FleetError, match="APP-2 takes pull request 1 back already"):
        reverts.revert(1, a_fleet(), ann)

    assert [task.key for task in ledger.tasks()] == ["APP-1", "APP-2"]


def test_what_is_not_merged_or_of_an_unknown_project_is_not_reverted(pen):
    in_review(pen)

    with pytest.raises(FleetError, match="only a merged one"):
        reverts.revert(1, a_fleet(), pen)
    with pytest.raises(NotFoundError):
        reverts.revert(9, a_fleet(), pen)


def test_a_revert_needs_its_project(pen):
    merged(pen)

    with pytest.raises(ConfigError, match="APP is not in"):
        reverts.revert(1, a_fleet(projects={}), pen)
