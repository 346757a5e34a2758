"""Tasks go the whole way, whatever agents, people and engines do to them."""

import json
from datetime import timedelta

import pytest

from fleet.app import views
from fleet.app.coordinator import Order
from fleet.app.desk import Pen
from fleet.app.stations import intake, review
from fleet.domain.attempt import Outcome, Red, State
from fleet.domain.errors import (
    DiskFullError,
    EngineDownError,
    TransientError,
    WorkspaceError,
)
from fleet.domain.merge import PullRequestStatus
from fleet.domain.pending import ActionStatus
from fleet.domain.swap import Cause
from fleet.domain.task import Resolution, Review
from fleet.ports import Log
from tests.app.pooled import rest
from tests.builders import a_profile, a_project
from tests.memory_world import CHECK, Life, Play, World, green, line, result

LATE = timedelta(hours=2)
HANGS = Play(edits={"half.txt": "half"}, says=(line(1, "started"),), code=None)


@pytest.fixture
def world():
    return World()


def a_pen(world):
    return Pen(ledger=world.ledger, clock=world.clock, who="ann")


def add(world, *, title="Do it", review=Review.AUTO, **wish):
    return intake.add(intake.Wish(title=title, review=review, **wish), world.fleet, a_pen(world))


def plays(world, *scripted):
    """Let attempt 1, 2, ... of every task do as written, all further ones well."""

    def agent(packet):
        number = packet["context"]["attempt"]
        return scripted[number - 1] if number <= len(scripted) else green(packet)

    world.runtime.agent = agent


def red(**fields):
    return Play(**({"edits": {"app.py": "red"}} | fields))


def failing(kind):
    return Play(says=(line(1, "started"), result(2, kind)), code=1)


def ends(world, key="APP-1"):
    return [attempt.state for attempt in world.ledger.attempts(key)]


def packet(world, attempt):
    asked = [e for e in world.traces.entries[attempt] if e["kind"] == "asked"]
    return asked[-1]["packet"]


def assert_tidy(world):
    assert world.runtime.running == {}
    assert world.worktrees.spaces == {}
    assert world.packets.folders == {}
    assert all(attempt.cleaned for attempt in world.ledger.attempts())


def test_a_task_goes_the_whole_way(world):
    add(world)

    Life(world).run()

    assert ends(world) == [State.MERGED]
    assert world.ledger.task("APP-1").resolution is Resolution.MERGED
    assert world.target["APP-1.txt"] == "done by attempt 1"
    (pull,) = world.ledger.pull_requests()
    assert (pull.status, pull.reviewers) == (PullRequestStatus.MERGED, ("auto",))
    assert world.worktrees.branches == {"main": pull.merged_sha}
    assert_tidy(world)


def test_a_task_that_needs_a_review_waits_for_it(world):
    add(world, review=Review.REQUIRED)
    Life(world).run()
    assert "APP-1.txt" not in world.target

    review.approve(1, a_pen(world))
    Life(world).run()

    assert world.target["APP-1.txt"] == "done by attempt 1"
    assert world.ledger.pull_request(1).reviewers == ("ann",)


def test_a_rejected_pull_request_is_the_next_attempts_diagnosis(world):
    add(world, review=Review.REQUIRED)
    Life(world).run()

    review.reject(1, a_pen(world), reason="name it better")
    Life(world).run()

    first, second = world.ledger.attempts("APP-1")
    assert (first.state, first.red, second.state) == (State.REJECTED, Red.REVIEW, State.VERIFIED)
    assert "name it better" in json.dumps(packet(world, second.id)["messages"])


def test_red_then_green_gets_the_diagnosis_in_its_packet(world):
    plays(world, red(), Play(edits={"app.py": "good"}))
    add(world)

    Life(world).run()

    assert ends(world) == [State.REJECTED, State.MERGED]
    second = world.ledger.attempts("APP-1")[1]
    (message,) = packet(world, second.id)["messages"]
    assert "attempt 1, profile local: rejected, the checks were red" in message["content"]
    assert "assert red is green" in message["content"]
    assert world.target["app.py"] == "good"


def test_red_three_times_is_the_end_and_the_work_is_kept(world):
    plays(world, red(), Play(edits={"x": "1"}), Play(edits={"x": "2"}))
    add(world)

    Life(world).run()

    assert ends(world) == [State.REJECTED] * 3
    task = world.ledger.task("APP-1")
    assert (task.resolution, task.reason) == (Resolution.FAILED, "3 red attempts: red: test")
    head = world.worktrees.branches["fleet/app-1"]
    assert world.worktrees.kept == {world.ledger.attempts("APP-1")[-1].id: head}
    assert world.target["app.py"] == "old"
    assert_tidy(world)


def test_a_human_may_retry_what_failed(world):
    plays(world, red(), red(), red())
    add(world)
    Life(world).run()

    intake.retry("APP-1", a_pen(world), fresh=True)
    Life(world).run()

    assert world.ledger.task("APP-1").resolution is Resolution.MERGED
    assert world.target["app.py"] == "old"


def test_an_attempt_that_changes_nothing_is_red(world):
    plays(world, Play())
    add(world)

    Life(world).run()

    assert [a.red for a in world.ledger.attempts("APP-1")] == [Red.UNCHANGED, None]


def test_the_cheat_waits_for_an_approval_and_is_then_checked_both_ways(world):
    plays(world, Play(edits={"app.py": "red", CHECK: "true"}))
    add(world)
    Life(world).run()
    (question,) = world.ledger.pending_actions()
    assert (question.status, question.files) == (ActionStatus.PENDING, (CHECK,))
    assert world.verifier.checked == []

    review.answer("A-1", ActionStatus.APPROVED, a_pen(world))
    Life(world).tick()
    life = Life(world)
    life.run()

    first = world.ledger.attempts("APP-1")[0]
    said = {verdict.name: verdict.status.value for verdict in world.ledger.verdicts(first.id)}
    assert said == {"test@target": "failed", "test": "passed"}
    assert (first.state, world.target[CHECK]) == (State.REJECTED, "strict")


def test_an_honest_change_of_the_check_is_merged_once_approved(world):
    plays(world, Play(edits={CHECK: "stricter"}))
    add(world)
    Life(world).run()

    review.answer("A-1", ActionStatus.APPROVED, a_pen(world))
    Life(world).run()

    assert (ends(world), world.target[CHECK]) == ([State.MERGED], "stricter")


def test_a_refused_diff_is_red_with_the_reason(world):
    plays(world, Play(edits={CHECK: "true"}))
    add(world)
    Life(world).run()

    review.answer("A-1", ActionStatus.REJECTED, a_pen(world), reason="leave it alone")
    Life(world).run()

    assert world.ledger.attempts("APP-1")[0].state is State.REJECTED
    second = world.ledger.attempts("APP-1")[1]
    assert "leave it alone" in json.dumps(packet(world, second.id)["messages"])


def test_a_cleared_question_is_moved_on_by_a_retry_alone(world):
    plays(world, Play(edits={CHECK: "true"}))
    add(world)
    Life(world).run()

    review.answer("A-1", ActionStatus.CLEARED, a_pen(world))
    Life(world).run()
    assert ends(world) == [State.VERIFYING]

    intake.retry("APP-1", a_pen(world), fresh=True)
    Life(world).run()
    assert ends(world) == [State.CANCELLED, State.MERGED]


def test_the_agents_own_question_pauses_and_the_answer_goes_on(world):
    plays(world, failing("approval_required"))
    add(world)
    Life(world).run()
    assert ends(world) == [State.PAUSED]

    review.answer("A-1", ActionStatus.APPROVED, a_pen(world), reason="go ahead")
    Life(world).run()

    assert ends(world) == [State.PAUSED, State.MERGED]
    second = world.ledger.attempts("APP-1")[1]
    assert "go ahead" in json.dumps(packet(world, second.id)["messages"])
    assert world.ledger.task("APP-1").granted


def test_a_conflict_goes_back_fresh(world):
    plays(world, Play(edits={"app.py": "mine"}), Play(edits={"app.py": "both"}))
    add(world, review=Review.REQUIRED)
    Life(world).run()
    tip = world.worktrees.branches["main"]
    theirs = world.target | {"app.py": "theirs"}
    world.worktrees.branches["main"] = world.worktrees.commit(theirs, (tip,))

    review.approve(1, a_pen(world))
    Life(world).run()
    review.approve(2, a_pen(world))
    Life(world).run()

    first, second = world.ledger.attempts("APP-1")
    assert (first.red, second.fresh, second.state) == (Red.CONFLICT, True, State.MERGED)
    assert "conflict with the target in app.py" in json.dumps(packet(world, second.id)["messages"])
    assert world.target["app.py"] == "both"
    assert world.ledger.pull_request(1).status is PullRequestStatus.EVICTED


def test_another_image_since_then_means_another_check(world):
    add(world, review=Review.REQUIRED)
    Life(world).run()
    before = len(world.verifier.checked)
    world.runtime.image = "sha256:2"

    review.approve(1, a_pen(world))
    Life(world).run()

    assert ends(world) == [State.MERGED]
    assert len(world.verifier.checked) == before + 1
    assert world.ledger.verdicts(world.ledger.attempts("APP-1")[0].id)[-1].image == "sha256:2"


@pytest.mark.parametrize(
    "call",
    ["image_id", "prepare", "start", "follow", "wait", "collect", "check", "chained", "advance",
     "remove", "remove_worktree", "tip"],
)  # fmt: skip
def test_an_engine_that_was_down_for_a_while_costs_nothing(world, call):
    add(world)
    world.faults.plan(call, EngineDownError("no answer"), EngineDownError("no answer"))

    Life(world).run()

    assert ends(world) == [State.MERGED]
    assert set(world.runtime.starts.values()) == {1}
    assert_tidy(world)


def test_work_that_cannot_be_committed_waits_with_the_reason_and_is_not_cleaned_away(world):
    add(world)
    world.faults.plan("collect", *[DiskFullError("no space left on /srv")] * 2)

    Life(world).run()
    (row,) = views.board_rows(world.ledger, world.fleet)
    assert (row["status"], ends(world)) == ("waiting", [State.RUNNING])
    assert "no space left on /srv" in row["reason"]

    world.faults.clear()
    Life(world).run()
    assert ends(world) == [State.MERGED]


def test_a_disk_that_is_full_at_the_start_is_not_the_tasks_end(world):
    add(world)
    world.faults.plan("prepare", *[DiskFullError("no space left on /srv")] * 5)

    Life(world).run()
    (row,) = views.board_rows(world.ledger, world.fleet)
    assert (row["status"], ends(world)) == ("waiting", [State.PREPARING])
    assert row["reason"] == "it cannot be started: no space left on /srv"

    world.faults.clear()
    Life(world).run()
    assert ends(world) == [State.MERGED]
    assert world.ledger.attempts("APP-1")[0].hindered == ""


def test_a_full_disk_is_looked_at_again_after_a_pause_and_told_once(world):
    add(world)
    world.faults.plan("prepare", *[DiskFullError("no space left on /srv")] * 2)
    life = Life(world)
    for _ in range(2):
        rest(life)
        assert ends(world) == [State.PREPARING]
        world.clock.advance(timedelta(seconds=6))
    rest(life)

    assert ends(world) == [State.MERGED]
    assert [event.kind for event in world.ledger.events()].count("attempt.hindered") == 1


def test_an_engine_that_is_down_at_the_start_is_said_at_once(world):
    world.faults.plan("ping", EngineDownError("no answer", remedy="start it"))

    with pytest.raises(EngineDownError, match="start it"):
        Life(world).coordinator.run()


def test_a_missing_image_ends_the_task_with_what_to_do(world):
    world.runtime.image = None
    add(world)

    Life(world).run()

    task = world.ledger.task("APP-1")
    assert (task.resolution, "fleet image build" in task.reason) == (Resolution.FAILED, True)


def test_a_workspace_that_cannot_be_made_ends_the_task(world):
    world.faults.plan("prepare", WorkspaceError("the repository is gone"))
    add(world)

    Life(world).run()

    assert world.ledger.task("APP-1").reason == "the repository is gone"
    assert_tidy(world)


def test_a_check_that_cannot_run_stops_the_task(world):
    tip = world.worktrees.branches["main"]
    world.worktrees.branches["main"] = world.worktrees.commit({"app.py": "old"}, (tip,))
    add(world)

    Life(world).run()

    assert ends(world) == [State.FAILED]
    assert "no check script" in world.ledger.task("APP-1").reason


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        *((kind, State.FAILED) for kind in ("crash", "oom", "stopped", "made_up")),
        *((kind, State.SWAPPED) for kind in ("timeout", "hang", "loop")),
    ],
)
def test_a_passing_failure_is_tried_three_times(world, kind, end):
    plays(world, *[failing(kind)] * 9)
    add(world)

    Life(world).run()

    assert ends(world) == [end] * 3
    assert world.ledger.task("APP-1").resolution is Resolution.FAILED


def test_a_permanent_failure_is_tried_once(world):
    plays(world, *[failing("setup")] * 9)
    add(world)

    Life(world).run()

    assert ends(world) == [State.FAILED]


def test_a_red_self_check_is_advice_only(world):
    says = (line(1, "started"), result(2, "self_check"))
    plays(world, Play(edits={"app.py": "good"}, says=says, code=1))
    add(world)

    Life(world).run()

    assert (ends(world), world.target["app.py"]) == ([State.MERGED], "good")


@pytest.mark.parametrize(
    ("says", "code", "memory", "kind"),
    [
        ((), 0, False, "crash"),
        ((line(1, "started"),), 137, True, "oom"),
        ((result(1),), 1, False, "crash"),
        ((b"garbage\n",), 0, False, "crash"),
    ],
)
def test_success_needs_both_a_result_and_a_clean_end(world, says, code, memory, kind):
    plays(world, Play(edits={"a": "b"}, says=says, code=code, out_of_memory=memory))
    add(world)

    Life(world).run()

    first = world.ledger.attempts("APP-1")[0]
    assert (first.state, first.outcome, first.failure_kind) == (State.FAILED, Outcome.FAILED, kind)


def test_who_reads_a_task_is_told_that_setup_left_more_than_could_be_listed(world):
    said = (line(1, "started"), result(2, setup_untracked=["deps/"], setup_untracked_cut=True))
    plays(world, Play(edits={"app.py": "good"}, says=said))
    add(world)

    Life(world).run()

    (told,) = [event.what for event in world.ledger.events() if event.kind == "attempt.note"]
    assert told.startswith("setup left more files than its runner could list")


def test_what_a_runner_noted_is_told_as_events_bounded_and_printable(world):
    notes = ["ignored:\x1b[2J FLEET_RESULT.usage", 5, "x" * 600, *["again"] * 30]
    says = (line(1, "started"), result(2, notes=notes))
    plays(world, Play(edits={"app.py": "good"}, says=says))
    add(world)

    Life(world).run()

    told = [event.what for event in world.ledger.events() if event.kind == "attempt.note"]
    assert told[:3] == ["ignored:[2J FLEET_RESULT.usage", "x" * 500, "again"]
    assert len(told) == 20


@pytest.mark.parametrize("notes", ["text", {"a": "b"}, [["deep"]], None])
def test_notes_that_are_no_texts_are_none(world, notes):
    says = (line(1, "started"), result(2, notes=notes))
    plays(world, Play(edits={"app.py": "good"}, says=says))
    add(world)

    Life(world).run()

    assert ends(world) == [State.MERGED]
    assert "attempt.note" not in {event.kind for event in world.ledger.events()}


def run_until_running(world, life):
    while State.RUNNING not in ends(world):
        life.tick()
        life.perform()
    life.tick()


def test_a_silent_container_is_swapped_and_another_attempt_goes_on_from_its_work(world):
    plays(world, HANGS)
    add(world)
    life = Life(world)
    run_until_running(world, life)

    world.clock.advance(LATE)
    life.run()

    first = world.ledger.attempts("APP-1")[0]
    assert ends(world) == [State.SWAPPED, State.MERGED]
    assert first.cause is Cause.HEARTBEAT_LOST
    assert first.reason.startswith("no heartbeat for 7200 s (limit 60 s)")
    assert world.target["half.txt"] == "half"


def test_an_agent_that_only_talks_is_swapped(world):
    plays(world, HANGS)
    add(world)
    life = Life(world)
    run_until_running(world, life)

    for minute in range(1, 25):
        world.clock.advance(timedelta(seconds=50))
        name = next(iter(world.runtime.running), None)
        if ends(world) == [State.RUNNING] and name:
            world.runtime.says(name, line(minute + 1, "progress", message="soon"))
        life.perform()
        life.tick()
    life.run()

    first = world.ledger.attempts("APP-1")[0]
    assert (first.state, first.cause) == (State.SWAPPED, Cause.STALLED)
    assert "though alive" in first.reason


def test_what_a_stopped_container_says_is_no_success(world):
    plays(world, HANGS)
    add(world)
    life = Life(world)
    run_until_running(world, life)
    world.clock.advance(LATE)
    life.tick()
    world.runtime.says(next(iter(world.runtime.running)), result(2))

    life.run()

    assert ends(world)[0] is State.SWAPPED


def test_a_container_that_vanished_is_lost(world):
    plays(world, HANGS)
    add(world)
    life = Life(world)
    run_until_running(world, life)

    world.runtime.vanish(next(iter(world.runtime.running)))
    life.run()

    assert ends(world) == [State.LOST, State.MERGED]


def test_a_clean_stop_salvages_the_work_and_counts_for_nothing(world):
    plays(world, HANGS)
    add(world)
    life = Life(world)
    run_until_running(world, life)

    life.coordinator.stop()
    life.run()

    assert ends(world) == [State.CANCELLED]
    assert world.worktrees.files(world.worktrees.branches["fleet/app-1"])["half.txt"] == "half"
    Life(world).run()
    assert ends(world) == [State.CANCELLED, State.MERGED]
    assert world.target["half.txt"] == "half"


def test_a_stop_dispatches_nothing_and_verifies_nothing(world):
    add(world)
    life = Life(world)

    life.coordinator.stop()
    life.run()

    assert ends(world) == []


def test_a_cancelled_task_is_stopped_and_ends(world):
    plays(world, HANGS)
    add(world)
    life = Life(world)
    run_until_running(world, life)

    intake.cancel("APP-1", a_pen(world))
    life.run()

    assert world.ledger.task("APP-1").resolution is Resolution.CANCELLED
    assert world.worktrees.branches.keys() == {"main"}
    assert list(world.worktrees.kept) == [world.ledger.attempts("APP-1")[0].id]
    assert_tidy(world)


def test_a_task_cancelled_while_it_is_verified_is_never_merged(world):
    add(world)
    life = Life(world)
    while not any(key.startswith("verify") for key in life.crew.ready):
        life.perform()
        life.tick()

    intake.cancel("APP-1", a_pen(world))
    life.run()

    assert (ends(world), "APP-1.txt" in world.target) == ([State.CANCELLED], False)
    assert world.ledger.pull_request(1).status is PullRequestStatus.REJECTED


def test_a_dead_coordinator_is_replaced_at_any_tick():
    for ticks in range(40):
        world = World()
        plays(world, red())
        add(world)
        life = Life(world)
        for tick in range(ticks):
            life.tick()
            if tick % 2 or tick < ticks - 1:
                life.perform()

        Life(world).run()

        assert ends(world) == [State.REJECTED, State.REJECTED, State.REJECTED], ticks
        assert set(world.runtime.starts.values()) == {1}, ticks
        assert_tidy(world)


@pytest.mark.parametrize("ticks", [6, 7, 9])
def test_a_coordinator_that_dies_again_and_again_gets_there(ticks):
    world = World()
    plays(world, red(), Play(edits={"app.py": "good"}))
    add(world)
    lives = 0
    while world.ledger.task("APP-1").open:
        lives += 1
        life = Life(world)
        for _ in range(ticks):
            life.tick()
            life.perform()
        assert lives < 60

    assert ends(world) == [State.REJECTED, State.MERGED]
    assert set(world.runtime.starts.values()) == {1}
    assert len(world.ledger.settlements()) == len(world.ledger.reservations()) == 2
    lines = [e for e in world.ledger.events() if e.seq is not None]
    assert len(lines) == len({(e.attempt, e.seq) for e in lines}) == 4


def test_somebody_elses_word_between_reading_and_writing_is_kept(world):
    add(world)
    life = Life(world)
    commit = world.ledger.commit
    said: list[bool] = []

    def overtaken(writes):
        if not said:
            said.append(True)
            intake.change("APP-1", lambda task: task, a_pen(world), kind="task.comment", what="hi")
        commit(writes)

    world.ledger.commit = overtaken
    life.run()

    assert world.ledger.task("APP-1").resolution is Resolution.MERGED
    assert "hi" in [event.what for event in world.ledger.events(task="APP-1")]


def test_a_retry_asked_for_while_the_task_is_put_away_is_not_lost(world):
    plays(world, red(), red(), red())
    add(world)
    life = Life(world)
    while not any(key.startswith("retire") for key in life.crew.ready):
        life.perform()
        life.tick()

    intake.retry("APP-1", a_pen(world), fresh=True)
    life.run()

    assert world.ledger.task("APP-1").resolution is Resolution.MERGED


@pytest.mark.parametrize("lines", [True, False])
def test_a_busy_ledger_is_asked_again_and_the_trace_not_doubled(world, lines):
    add(world)
    life = Life(world)
    commit = world.ledger.commit
    refused: list[object] = []

    def busy(writes):
        told = any(isinstance(w, Log) and w.event.seq is not None for w in writes)
        if told is lines and len(refused) < 2:
            refused.append(writes)
            raise TransientError("the ledger is locked")
        commit(writes)

    world.ledger.commit = busy
    life.run()

    traced = [e["seq"] for e in world.traces.entries["app-1-1-0badcafe"] if "seq" in e]
    assert (ends(world), traced) == ([State.MERGED], [1, 2])


def test_a_line_that_was_told_twice_is_heard_once(world):
    says = (line(1, "started"), line(2, "lesson", title="x"), line(2, "lesson", title="x"))
    plays(world, Play(edits={"a": "b"}, says=(*says, line(1, "started") + result(3))))
    add(world)

    Life(world).run()

    told = [event.seq for event in world.ledger.events() if event.seq is not None]
    traced = [e["seq"] for e in world.traces.entries["app-1-1-0badcafe"] if "seq" in e]
    assert (told, traced) == ([1, 2, 3], [1, 2, 3])


def test_a_gap_and_a_dropped_line_are_recorded(world):
    plays(world, Play(edits={"a": "b"}, says=(line(1, "started") + b"junk\n" + result(5),)))
    add(world)

    Life(world).run()

    said = [e.what for e in world.ledger.events() if e.kind in {"agent.gap", "agent.dropped"}]
    assert said == ["lines 2 to 4 are missing", "1 lines were no event lines"]


def test_a_flood_of_junk_without_an_end_of_line_costs_one_line(world):
    flood = (b"x" * 70_000,) * 40
    plays(world, Play(edits={"a": "b"}, says=(*flood, b"\n" + line(1, "started"), result(2))))
    add(world)

    Life(world).run()

    assert ends(world) == [State.MERGED]


def test_a_line_cut_anywhere_is_put_together(world):
    whole = line(1, "started") + line(2, "lesson", title="ä") + result(3)
    plays(world, Play(edits={"a": "b"}, says=tuple(bytes([byte]) for byte in whole)))
    add(world)

    Life(world).run()

    assert ends(world) == [State.MERGED]
    assert [e.seq for e in world.ledger.events() if e.seq is not None] == [1, 2, 3]


@pytest.mark.parametrize(
    ("says", "code", "cost", "estimated"),
    [
        ((line(1, "usage", cost_usd=0.5), result(2)), 0, 500_000, False),
        ((result(1),), 0, 2_000_000, True),
        ((line(1, "usage", cost_usd=0.5), result(2, "crash")), 1, 2_000_000, True),
        ((line(1, "usage", cost_usd=9), result(2, "crash")), 1, 9_000_000, True),
        # it failed, but came to its own end and told what it had used until then
        ((line(1, "usage", cost_usd=0.5), result(2, "self_check")), 1, 500_000, False),
        # it may have been refused in a later round than the one it told of
        ((result(1, "rate_limit", usage={"cost_usd": 0.5}),), 1, 2_000_000, True),
        ((result(1, "rate_limit", usage=None),), 1, 2_000_000, True),
        ((result(1, "setup", usage=None),), 1, 0, False),
    ],
)
def test_money_is_settled_once_and_never_too_low(says, code, cost, estimated):
    world = World(profiles={"local": a_profile(max_cost_micros=2_000_000)})
    plays(world, Play(edits={"a": "b"}, says=says, code=code))
    add(world, max_retries=0)

    Life(world).run()

    settled = world.ledger.settlements()[0]
    assert (settled.micros, settled.estimated) == (cost, estimated)


def test_only_what_was_asked_for_is_done(world):
    add(world)
    add(world)

    Life(world, Order(keys=frozenset({"APP-2"}))).run()

    assert (ends(world), ends(world, "APP-2")) == ([], [State.MERGED])


def test_merges_only_dispatches_nothing(world):
    add(world, review=Review.REQUIRED)
    add(world)
    Life(world, Order(keys=frozenset({"APP-1"}))).run()
    review.approve(1, a_pen(world))

    Life(world, Order(merges_only=True)).run()

    assert (ends(world), ends(world, "APP-2")) == ([State.MERGED], [])


def test_no_room_means_no_start_and_the_reason_is_said(world):
    add(world)
    life = Life(world)
    life.room = "2 GB of disk are free, 5 are wanted"

    life.run()

    assert [wait.reason for wait in life.plan.waits] == [life.room]


def test_an_order_with_an_end_goes_on_until_then(world):
    life = Life(world, Order(until=world.clock.now() + timedelta(hours=1)))
    life.tick()
    assert not life.done

    world.clock.advance(timedelta(hours=1))

    life.run(ticks=5)


def test_a_project_that_left_the_configuration_holds_nothing_up():
    world = World(projects={"APP": a_project(), "OLD": a_project("OLD")})
    add(world, project="OLD", review=Review.REQUIRED)
    add(world, project="APP")
    Life(world, Order(keys=frozenset({"OLD-1"}))).run()
    review.approve(1, a_pen(world))
    del world.fleet.projects["OLD"]

    Life(world).run()

    assert (ends(world), ends(world, "OLD-1")) == ([State.MERGED], [State.VERIFIED])
    assert "OLD is not in fleet.yaml" in world.ledger.pull_request(1).reason


def test_the_real_crew_does_the_same(world):
    plays(world, red(), Play(edits={"app.py": "good"}))
    add(world)
    life = Life(world)
    from fleet.app.crew import Crew

    pools = ("start", "check", "merge", "git", "stop", "learn")
    life.coordinator._crew = Crew(dict.fromkeys(pools, 2))

    life.coordinator.run()

    assert (ends(world), world.target["app.py"]) == ([State.REJECTED, State.MERGED], "good")
    assert_tidy(world)


def test_shelves_for_sessions_go_with_the_task(world):
    world.packets.shelves["APP-1"] = ""
    add(world)

    Life(world).run()

    assert world.packets.shelves == {}
