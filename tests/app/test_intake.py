"""What people want of a task, and say of its questions, is written down whole or refused."""

import pytest

from fleet.adapters.memory import ManualClock, MemoryLedger
from fleet.app.desk import Desk, Pen
from fleet.app.stations import intake, review
from fleet.app.stations.intake import Wish
from fleet.domain.attempt import State
from fleet.domain.errors import ConfigError, FleetError, NotFoundError
from fleet.domain.pending import ActionStatus
from fleet.domain.task import Kind, Resolution, Review
from tests.builders import NOW, a_fleet, a_project, a_pull, a_task, an_action, an_attempt
from tests.memory_world import CHECK, Life, Play, World


@pytest.fixture
def pen():
    clock = ManualClock(NOW)
    return Pen(ledger=MemoryLedger(clock=clock), clock=clock, who="ann")


def kept(pen, *rows):
    desk = Desk(pen.ledger.snapshot(), at=NOW)
    for row in rows:
        desk.save(row)
    pen.ledger.commit(desk.writes())


def add(pen, title="Do it", fleet=None, **wish):
    return intake.add(Wish(title=title, **wish), fleet or a_fleet(), pen)


def test_tasks_are_numbered_a_project(pen):
    fleet = a_fleet(projects={"APP": a_project(), "WEB": a_project("WEB")})

    keys = [add(pen, fleet=fleet, project=p).key for p in ("app", "APP", "web")]

    assert keys == ["APP-1", "APP-2", "WEB-1"]


def test_what_was_not_said_is_the_projects(pen):
    fleet = a_fleet(projects={"APP": a_project(max_retries=7, review=Review.AUTO)})

    task = add(pen, fleet=fleet)

    assert (task.max_retries, task.review) == (7, Review.AUTO)
    assert add(pen, fleet=fleet, max_retries=0).max_retries == 0


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"title": ""}, "title"),
        ({"title": " \n"}, "title"),
        ({"title": "two\nlines"}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"goal": "a\0b"}, "cannot be kept"),
        ({"goal": "\udcff"}, "cannot be kept"),
        ({"goal": "x" * 100_001}, "cannot be kept"),
        ({"accept": ("\udcff",)}, "cannot be kept"),
        ({"labels": ("a\0",)}, "cannot be kept"),
        ({"project": "NOPE"}, "fleet.yaml has: APP"),
        ({"role": "judge"}, "roles:"),
        ({"profile": "gone"}, "profiles: local"),
        ({"max_retries": -1}, "must be 0 to"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(pen, wish, said):
    with pytest.raises(ConfigError, match=said):
        add(pen, **wish)

    assert pen.ledger.tasks() == ()


def test_without_a_name_there_must_be_one_project(pen):
    fleet = a_fleet(projects={"APP": a_project(), "WEB": a_project("WEB")})

    with pytest.raises(ConfigError, match="APP, WEB"):
        add(pen, fleet=fleet)


@pytest.mark.parametrize("wish", [{"depends": ("APP-9",)}, {"parent": "APP-9"}])
def test_what_a_task_names_must_exist(pen, wish):
    with pytest.raises(NotFoundError, match="APP-9"):
        add(pen, **wish)


def test_an_atomic_task_has_no_children(pen):
    add(pen)
    add(pen, kind=Kind.TASK)

    with pytest.raises(ConfigError, match="atomic"):
        add(pen, parent="APP-1")
    assert add(pen, parent="APP-2").parent == "APP-2"


def test_dependencies_never_go_in_a_circle(pen):
    add(pen)
    second = add(pen, depends=("APP-1",))
    first = pen.ledger.task("APP-1")

    with pytest.raises(ConfigError, match="APP-1 -> APP-2 -> APP-1"):
        intake.depending(first, ("APP-2",), pen.ledger)
    assert intake.depending(second, (), pen.ledger).depends == ()


@pytest.mark.parametrize("state", [State.LEASED, State.RUNNING, State.VERIFIED])
def test_what_is_under_way_is_not_retried(pen, state):
    kept(pen, a_task(), an_attempt(state=state))

    with pytest.raises(FleetError, match="APP-1"):
        intake.retry("APP-1", pen, fresh=False)


def test_what_is_merged_is_not_retried_or_cancelled(pen):
    kept(pen, a_task(resolution=Resolution.MERGED))

    with pytest.raises(FleetError, match="merged"):
        intake.retry("APP-1", pen, fresh=False)
    with pytest.raises(FleetError, match="ended already"):
        intake.cancel("APP-1", pen)


def test_a_retry_closes_the_question_its_attempt_waits_with(pen):
    kept(pen, a_task(), an_attempt(state=State.VERIFYING), an_action())

    intake.retry("APP-1", pen, fresh=False)

    assert pen.ledger.attempts()[0].state is State.CANCELLED
    assert pen.ledger.pending_action("A-1").status is ActionStatus.CLEARED


def test_a_task_that_ends_takes_its_questions_along():
    world = World()
    world.runtime.agent = lambda packet: Play(edits={CHECK: "true"})
    pen = Pen(ledger=world.ledger, clock=world.clock, who="ann")
    intake.add(Wish(title="Do it"), world.fleet, pen)
    Life(world).run()

    intake.cancel("APP-1", pen)
    Life(world).run()

    assert world.ledger.pending_action("A-1").status is ActionStatus.CLEARED


def test_a_rejection_needs_a_reason(pen):
    kept(pen, a_task(), an_attempt(state=State.VERIFIED), a_pull())

    with pytest.raises(FleetError, match="--reason"):
        review.reject(1, pen, reason=" ")


def test_what_is_closed_or_answered_stays_so(pen):
    kept(pen, a_task(), an_attempt(state=State.VERIFIED), a_pull(), an_action())
    review.reject(1, pen, reason="no")
    review.answer("A-1", ActionStatus.REJECTED, pen)

    with pytest.raises(FleetError, match="rejected already"):
        review.approve(1, pen)
    with pytest.raises(FleetError, match="rejected already"):
        review.answer("A-1", ActionStatus.APPROVED, pen)


def test_an_approval_holds_for_just_the_sha_that_was_asked_about(pen):
    kept(pen, a_task(), an_attempt(state=State.VERIFYING), an_action(sha="f" * 40))

    review.answer("A-1", ActionStatus.APPROVED, pen)

    assert pen.ledger.attempts()[0].approved_sha == "f" * 40
