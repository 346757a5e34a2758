"""What is kept of an ended task, within which limits, once; its end waits for none of it."""

from dataclasses import replace

import pytest

from fleet.app.desk import Pen
from fleet.app.learning import learn_from
from fleet.app.stations import intake, learn
from fleet.domain.attempt import Red, State
from fleet.domain.errors import DiskFullError, TransientError, WorkspaceError
from fleet.domain.lesson import Autosave, LessonStatus, MemoryRules, Origin
from fleet.domain.plan import Retire
from fleet.domain.result import Usage, VerdictStatus
from fleet.domain.swap import Cause
from fleet.domain.task import Resolution, Review
from fleet.domain.teaching import MOST_OF_A_DAY, REFUSED
from fleet.ports import Append, Log, Save
from tests.builders import SHA, a_lesson, a_recall, a_task, a_verdict, an_attempt, an_event
from tests.memory_world import Life, Play, World, line, result

RED = an_attempt(state=State.REJECTED, red=Red.CHECK, reason="red: test", cleaned=True)
GREEN = an_attempt(number=2, state=State.MERGED, summary="Pinned it", head=SHA, cleaned=True)
OUTPUT = "ImportError: no module named requests"
FAILED = a_verdict(RED.id, status=VerdictStatus.FAILED, exit_code=1, stdout=OUTPUT)


class Killed(BaseException):
    """The process is gone."""


class Frail:
    """A ledger that breaks at its commit of that number, before or after it is written."""

    def __init__(self, ledger, *, at, error, after=False):
        self._ledger, self._left = ledger, at
        self._error, self._after = error, after

    def __getattr__(self, name):
        return getattr(self._ledger, name)

    def commit(self, writes):
        self._left -= 1
        if self._left == 0 and not self._after:
            raise self._error
        self._ledger.commit(writes)
        if self._left == 0:
            raise self._error


def a_world(**rules):
    return World(memory=MemoryRules(**rules))


def breaking(world, **how):
    """Answer the world's tools, by which commits of the memory break."""
    return replace(world.tools, memory=replace(world.memory, ledger=Frail(world.ledger, **how)))


def ended(world, *attempts, fate=Resolution.MERGED, **task):
    """Let a task with these attempts stand at its end."""
    row = a_task(attempts[0].task, **task) if attempts else a_task(**task)
    world.ledger.commit([Save(row=row), *(Save(row=attempt) for attempt in attempts)])
    saved = world.ledger.task(row.key)
    return Retire(task=saved, attempts=attempts, fate=fate, reason="merged")


def proposes(world, attempt, *titles, **data):
    for number, title in enumerate(titles, start=1):
        told = {"title": title, "remedy": f"do as {title} says"} | data
        event = an_event("agent.lesson", attempt=attempt.id, task=attempt.task, data=told)
        world.ledger.commit([Log(event=replace(event, seq=number))])


def titles(world):
    return [lesson.title for lesson in world.ledger.lessons()]


def events(world, kind):
    return [event for event in world.ledger.events() if event.kind == kind]


def test_red_then_merged_is_proposed_as_a_lesson_of_its_project_and_role():
    world = a_world()
    action = ended(world, RED, GREEN, role="developer")
    world.ledger.commit([Append(row=FAILED)])

    assert learn_from(action, world.tools) == ()

    (lesson,) = world.ledger.lessons()
    assert (lesson.title, lesson.remedy) == (f"test red: {OUTPUT}", "Pinned it")
    assert (lesson.origin, lesson.status) == (Origin.RULE, LessonStatus.PROPOSED)
    assert (lesson.project, lesson.role, lesson.task) == ("APP", "developer", "APP-1")
    assert [event.kind for event in events(world, "lesson.proposed")] == ["lesson.proposed"]


def test_only_autosave_lets_a_lesson_be_used_that_nobody_accepted():
    world = a_world(autosave=Autosave.PROBATION)

    learn_from(ended(world, RED, GREEN), world.tools)

    assert [lesson.status for lesson in world.ledger.lessons()] == [LessonStatus.PROBATION]


def test_what_an_agent_proposes_stands_in_for_the_rule():
    world = a_world()
    action = ended(world, RED, GREEN)
    proposes(world, GREEN, "Pin the client")

    learn_from(action, world.tools)

    (lesson,) = world.ledger.lessons()
    assert (lesson.title, lesson.origin, lesson.author) == ("Pin the client", Origin.AGENT, "local")


def test_a_proposal_that_nobody_asked_for_is_kept_too():
    world = a_world()
    action = ended(world, GREEN)
    proposes(world, GREEN, "Pin the client")

    learn_from(action, world.tools)

    assert titles(world) == ["Pin the client"]


def test_a_failed_task_leaves_what_its_agents_propose():
    world = a_world()
    action = ended(world, RED, fate=Resolution.FAILED)
    proposes(world, RED, "The build needs a network")

    learn_from(action, world.tools)

    assert titles(world) == ["The build needs a network"]


def test_a_cancelled_task_teaches_nothing():
    world = a_world()
    action = ended(world, RED, fate=Resolution.CANCELLED)
    proposes(world, RED, "The build needs a network")

    learn_from(action, world.tools)

    assert titles(world) == []


@pytest.mark.parametrize(
    ("attempts", "fate"),
    [((GREEN,), Resolution.MERGED), ((RED,), Resolution.FAILED), ((), Resolution.FAILED)],
)
def test_where_nothing_is_to_be_learnt_no_model_is_asked_and_nothing_written(attempts, fate):
    world = a_world()
    action = ended(world, *attempts, fate=fate)
    before = world.ledger.latest_event()

    assert learn_from(action, world.tools) == ()

    assert (world.embedder.asked, world.ledger.latest_event()) == (0, before)


def test_a_swap_and_many_turns_tell_no_cause_and_leave_nothing_by_rule():
    world = a_world()
    swapped = an_attempt(state=State.SWAPPED, cause=Cause.LOOPING, reason="the same call again")
    long = replace(GREEN, usage=Usage(turns=90))

    learn_from(ended(world, swapped, long), world.tools)

    assert titles(world) == []


def test_what_was_merged_and_taken_back_is_no_remedy_where_the_task_failed_after_all():
    world = a_world()
    again = replace(RED, id="app-1-3", number=3)
    action = ended(world, RED, GREEN, again, fate=Resolution.FAILED)
    world.ledger.commit([Append(row=FAILED)])

    learn_from(action, world.tools)

    assert titles(world) == []


def test_a_lesson_names_only_files_that_stand():
    world = a_world()
    action = ended(world, GREEN)
    proposes(world, GREEN, "Mind the cart", files=["app.py", "gone.py", "scripts/*.sh"])

    learn_from(action, world.tools)

    assert world.ledger.lesson("L-1").files == ("app.py", "scripts/*.sh")


def test_a_target_that_cannot_be_read_costs_the_files_and_not_the_lesson():
    world = a_world()
    action = ended(world, GREEN)
    proposes(world, GREEN, "Mind the cart", files=["app.py"])
    world.faults.plan("tip", WorkspaceError("the repository is gone"))

    assert learn_from(action, world.tools) == ()

    assert (titles(world), world.ledger.lesson("L-1").files) == (["Mind the cart"], ())


def test_a_project_that_fleet_yaml_has_no_more_still_teaches():
    world = a_world()
    action = ended(world, RED, GREEN)
    world.fleet.projects.clear()

    learn_from(action, world.tools)

    assert len(titles(world)) == 1


def test_a_task_teaches_three_lessons_and_the_newest_first():
    world = a_world()
    action = ended(world, RED, GREEN)
    proposes(world, RED, "one", "two")
    proposes(world, GREEN, "three", "four", "five", "six")

    learn_from(action, world.tools)

    assert titles(world) == ["six", "five", "four"]
    refused = events(world, REFUSED)
    assert [event.what for event in refused] == [
        "a lesson was not kept: APP-1 has 3 lessons already"
    ] * 2
    assert {event.attempt for event in refused} == {RED.id}


def test_a_profile_that_wrote_its_lessons_of_the_day_keeps_no_more():
    world = a_world()
    kept = [
        a_lesson(n, origin=Origin.AGENT, author="local", title=f"old {n}")
        for n in range(1, MOST_OF_A_DAY + 1)
    ]
    world.ledger.commit([Save(row=lesson) for lesson in kept])
    action = ended(world, GREEN)
    proposes(world, GREEN, "one more")

    learn_from(action, world.tools)

    assert "one more" not in titles(world)
    assert events(world, REFUSED)[0].what.endswith("profile local has 20 lessons of today already")


def test_a_proposal_without_words_is_refused_and_the_others_are_kept():
    world = a_world()
    action = ended(world, GREEN)
    proposes(world, GREEN, "Pin the client", "\u200b\u200b")

    assert learn_from(action, world.tools) == ()

    assert titles(world) == ["Pin the client"]
    assert len(events(world, REFUSED)) == 1


def whole(world):
    """Answer all that learning leaves, without when it was."""
    lessons = [(x.id, x.title, x.helpful, x.harmful, x.status) for x in world.ledger.lessons()]
    credited = [(each.attempt, each.lesson, each.evidence) for each in world.ledger.credits()]
    told = [(event.kind, event.attempt, event.what) for event in world.ledger.events()]
    return lessons, credited, told


def a_rich_end(world):
    """Let a task end that has more to tell than may be kept, and was given a lesson."""
    world.ledger.commit([Save(row=a_lesson())])
    action = ended(world, RED, GREEN)
    given = [a_recall(attempt) for attempt in (RED, GREEN)]
    world.ledger.commit([Append(row=FAILED), *(Append(row=row) for row in given)])
    proposes(world, RED, "early")
    proposes(world, GREEN, "three", "four", "five")
    return action


def test_learning_again_changes_nothing():
    world = a_world()
    action = a_rich_end(world)
    learn_from(action, world.tools)
    once = whole(world)

    assert learn_from(action, world.tools) == ()

    assert whole(world) == once
    lessons, credited, _ = once
    assert [title for _, title, *_ in lessons] == ["Lesson 1", "five", "four", "three"]
    assert (lessons[0][2:4], len(credited)) == ((1, 1), 2)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 6))
def test_killed_at_any_write_and_done_again_doubles_and_loses_nothing(at, after):
    calm, world = a_world(), a_world()
    learn_from(a_rich_end(calm), calm.tools)
    action = a_rich_end(world)

    with pytest.raises(Killed):
        learn_from(action, breaking(world, at=at, error=Killed(), after=after))
    learn_from(action, world.tools)

    assert whole(world) == whole(calm)


def test_a_provider_that_is_down_costs_nothing_but_the_vector():
    world = a_world()
    world.embedder.down = True
    action = ended(world, RED, GREEN)

    assert learn_from(action, world.tools) == ()

    assert len(titles(world)) == 1


@pytest.mark.parametrize("error", [DiskFullError("no space is left"), OSError("no space is left")])
def test_a_failure_to_learn_is_noted_and_the_task_ends(error):
    world = a_world()
    action = ended(world, RED, GREEN)

    retired = learn.retire(action, breaking(world, at=1, error=error))

    assert (retired.fate, retired.note) == (
        Resolution.MERGED,
        "not all was learnt: no space is left",
    )


def test_a_failure_to_learn_hinders_no_credit():
    world = a_world()
    action = a_rich_end(world)

    notes = learn_from(action, breaking(world, at=1, error=DiskFullError("no space is left")))

    assert notes == ("not all was learnt: no space is left",)
    assert world.ledger.lesson("L-1").helpful == 1


def test_a_busy_ledger_is_waited_for():
    world = a_world()
    action = ended(world, RED, GREEN)

    with pytest.raises(TransientError):
        learn_from(action, breaking(world, at=1, error=TransientError("locked")))


def test_the_whole_way_teaches_and_asks():
    world = a_world()
    lesson = line(2, "lesson", title="Write green words", remedy="never write the word red")

    def agent(packet):
        if packet["context"]["attempt"] == 1:
            return Play(edits={"app.py": "red"})
        asked.append(packet["context"]["ask_lesson"])
        return Play(edits={"app.py": "good"}, says=(line(1, "started"), lesson, result(3)))

    asked: list[object] = []
    world.runtime.agent = agent
    wish = intake.Wish(title="Do it", review=Review.AUTO)
    intake.add(wish, world.fleet, Pen(ledger=world.ledger, clock=world.clock, who="ann"))

    Life(world).run()

    assert asked == [{"reason": "attempt 1 ended rejected: the checks were red on its work"}]
    (kept,) = world.ledger.lessons()
    assert (kept.title, kept.attempt) == ("Write green words", "app-1-2-0badcafe")
    assert world.ledger.task("APP-1").resolution is Resolution.MERGED
