"""Outcomes are counted for the lessons an attempt was given: once, whoever writes meanwhile."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.app.crediting import credit
from fleet.app.desk import Pen
from fleet.app.remembering import change, forgotten
from fleet.app.stations import intake, reverts
from fleet.domain.attempt import Red, State
from fleet.domain.credit import counted
from fleet.domain.errors import FleetError, StaleLeaseError
from fleet.domain.lesson import Evidence, LessonStatus, MemoryRules
from fleet.domain.task import Resolution, Review
from fleet.ports import Append, Save
from tests.builders import NOW, a_lesson, a_recall, a_task, an_attempt
from tests.memory_world import Life, Play, World

RED = an_attempt(state=State.REJECTED, red=Red.CHECK, cleaned=True)
MERGED = an_attempt(state=State.MERGED, cleaned=True)


def a_world(*attempts, lesson=None, **given):
    """Answer a world where these attempts were given a lesson."""
    world = World()
    world.ledger.commit([Save(row=lesson or a_lesson()), Save(row=a_task())])
    world.ledger.commit([Save(row=attempt) for attempt in attempts])
    world.ledger.commit([Append(row=a_recall(attempt, **given)) for attempt in attempts])
    return world


def ends(world, *attempts, fate=Resolution.MERGED, memory=None):
    credit(a_task(), attempts, fate, memory or world.memory)


def counts(world, identity="L-1"):
    lesson = world.ledger.lesson(identity)
    return lesson.helpful, lesson.harmful


def worse(lesson):
    return counted(lesson, helpful=False, at=NOW)


def kinds(world):
    return [event.kind for event in world.ledger.events()]


class Interrupted:
    """A ledger at which somebody else writes just before its first commits."""

    def __init__(self, ledger, *others):
        self._ledger, self._others = ledger, list(others)

    def __getattr__(self, name):
        return getattr(self._ledger, name)

    def commit(self, writes):
        if self._others:
            self._others.pop(0)()
        self._ledger.commit(writes)


def interrupted(world, *others):
    return replace(world.memory, ledger=Interrupted(world.ledger, *others))


def test_merged_counts_for_the_lesson_with_row_and_event():
    world = a_world(MERGED)

    ends(world, MERGED)

    assert counts(world) == (1, 0)
    (row,) = world.ledger.credits("L-1")
    assert (row.attempt, row.evidence, row.at) == (MERGED.id, Evidence.VERIFIED, NOW)
    (event,) = world.ledger.events()
    assert (event.kind, event.task, event.attempt) == ("lesson.credited", "APP-1", MERGED.id)
    assert event.data == {"lesson": "L-1", "evidence": "verified"}
    assert event.what == "L-1 verified: 1 helpful, 0 harmful"


def test_red_counts_against_it():
    world = a_world(RED)

    ends(world, RED, fate=Resolution.FAILED)

    assert counts(world) == (0, 1)


def test_an_outcome_is_counted_once_however_often_a_task_ends():
    world = a_world(MERGED)

    for _ in range(3):
        ends(world, MERGED)

    assert (counts(world), len(world.ledger.credits()), len(kinds(world))) == ((1, 0), 1, 1)


def test_a_lesson_that_was_held_out_is_left_alone():
    world = a_world(MERGED, given=False)

    ends(world, MERGED)

    assert (counts(world), kinds(world)) == ((0, 0), [])


def test_what_the_task_itself_taught_is_not_praised_by_its_retry():
    world = a_world(MERGED, lesson=a_lesson(task="APP-1"))

    ends(world, MERGED)

    assert (counts(world), world.ledger.credits()) == ((0, 0), ())


def test_of_a_forgotten_lesson_nothing_is_counted():
    world = a_world(MERGED)
    change("L-1", world.memory, kind="lesson.forgotten", who="ann", to=forgotten)

    ends(world, MERGED)

    assert world.ledger.credits() == ()


def test_the_third_harmful_outcome_quarantines_it_with_the_reason():
    world = a_world(RED, lesson=a_lesson(harmful=2))

    ends(world, RED, fate=Resolution.FAILED)

    lesson = world.ledger.lesson("L-1")
    assert lesson.status is LessonStatus.QUARANTINED
    assert lesson.reason.startswith("3 harmful outcomes and 0 helpful")
    assert kinds(world) == ["lesson.credited", "lesson.quarantined"]
    assert world.ledger.events()[-1].data["lesson"] == "L-1"


class Counting:
    """A ledger that counts how often it was asked for credits."""

    def __init__(self, ledger):
        self._ledger, self.asked = ledger, 0

    def __getattr__(self, name):
        return getattr(self._ledger, name)

    def credits(self, lesson=None):
        self.asked += 1
        return self._ledger.credits(lesson)


def test_all_that_a_task_says_of_a_lesson_is_counted_in_one_step():
    attempts = [
        an_attempt(number=number, state=State.REJECTED, red=Red.CHECK, cleaned=True)
        for number in (1, 2, 3, 4)
    ]
    world = a_world(*attempts)
    ledger = Counting(world.ledger)

    ends(world, *attempts, fate=Resolution.FAILED, memory=replace(world.memory, ledger=ledger))

    assert (counts(world), len(world.ledger.credits()), ledger.asked) == ((0, 4), 4, 1)
    assert kinds(world).count("lesson.quarantined") == 1
    assert world.ledger.lesson("L-1").version == 2


def test_a_change_by_somebody_else_at_the_same_time_is_kept_beside_the_credit():
    world = a_world(MERGED)

    def harmed():
        change("L-1", world.memory, kind="lesson.credited", who="ann", to=worse)

    ends(world, MERGED, memory=interrupted(world, harmed, harmed))

    assert counts(world) == (1, 2)


def test_two_who_count_the_same_outcome_at_once_count_it_once():
    world = a_world(MERGED)

    ends(world, MERGED, memory=interrupted(world, lambda: ends(world, MERGED)))

    assert (counts(world), len(world.ledger.credits())) == ((1, 0), 1)


def test_a_lesson_that_others_change_all_the_time_is_given_up_in_words():
    world = a_world(MERGED)

    def stale():
        raise StaleLeaseError("somebody was faster")

    with pytest.raises(FleetError, match="lesson L-1 is changed by others all the time"):
        ends(world, MERGED, memory=interrupted(world, *[stale] * 100))


SAYS: dict[Evidence | None, dict[str, Any]] = {
    Evidence.VERIFIED: {"state": State.MERGED},
    Evidence.RED: {"state": State.REJECTED, "red": Red.CHECK},
    None: {"state": State.SWAPPED},
}
ends_of_attempts = st.tuples(st.sampled_from(list(SAYS)), st.sets(st.sampled_from("123")))


@given(st.lists(ends_of_attempts, max_size=8), st.lists(st.integers(0, 7), max_size=12))
def test_whatever_ends_and_however_often_counters_are_the_rows(told, again):
    """Each task has one attempt, ends once, and some of them again after a kill."""
    world = World()
    world.ledger.commit([Save(row=a_lesson(n)) for n in (1, 2, 3)])
    attempts = [
        an_attempt(f"APP-{number}", **SAYS[evidence])
        for number, (evidence, _) in enumerate(told, start=1)
    ]
    for attempt, (_, lessons) in zip(attempts, told, strict=True):
        recalls = [Append(row=a_recall(attempt, f"L-{n}")) for n in lessons]
        world.ledger.commit([Save(row=a_task(attempt.task)), Save(row=attempt), *recalls])

    for place in (*range(len(told)), *(n for n in again if n < len(told))):
        attempt = attempts[place]
        credit(a_task(attempt.task), (attempt,), Resolution.MERGED, world.memory)

    for number in "123":
        said = [evidence for evidence, lessons in told if number in lessons and evidence]
        helpful = said.count(Evidence.VERIFIED)
        assert counts(world, f"L-{number}") == (helpful, len(said) - helpful)
        assert len(world.ledger.credits(f"L-{number}")) == len(said)


def add(world, title):
    wish = intake.Wish(title=title, review=Review.AUTO)
    pen = Pen(ledger=world.ledger, clock=world.clock, who="ann")
    intake.add(wish, world.fleet, pen)
    Life(world).run()
    return pen


def a_taught_world():
    world = World(memory=MemoryRules(held_out=0.0))
    taught = a_lesson(title="Round every bill to whole cents", task="OLD-1")
    world.ledger.commit([Save(row=taught)])
    return world


def test_a_lesson_given_on_the_whole_way_is_credited_by_what_came_of_it():
    world = a_taught_world()
    tries = iter([Play(edits={"app.py": "red"}), Play(edits={"app.py": "good"})])
    world.runtime.agent = lambda _: next(tries)

    add(world, "Round the bill to whole cents")

    assert world.ledger.task("APP-1").resolution is Resolution.MERGED
    assert [each.evidence for each in world.ledger.credits("L-1")] == [
        Evidence.RED,
        Evidence.VERIFIED,
    ]
    assert counts(world) == (1, 1)


def test_a_merge_that_is_taken_back_speaks_against_the_lesson_once_it_is():
    world = a_taught_world()
    pen = add(world, "Round the bill to whole cents")
    assert counts(world) == (1, 0)

    reverts.revert(1, world.fleet, pen)
    assert counts(world) == (1, 0)
    Life(world).run()

    assert world.ledger.task("APP-2").resolution is Resolution.MERGED
    assert counts(world) == (1, 1)
    (back,) = (each for each in world.ledger.credits() if each.evidence is Evidence.REVERTED)
    assert back.attempt == "app-1-1-0badcafe"
