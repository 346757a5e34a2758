"""Recall: who is given which lesson, before the attempt, and what is written down of it."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from fleet.adapters.exact_index import ExactIndex
from fleet.app.memory import Finder
from fleet.app.recalling import recall
from fleet.app.remembering import change, keep
from fleet.app.stations.remind import remind
from fleet.domain.errors import IndexDamagedError
from fleet.domain.lesson import Draft, LessonStatus, MemoryRules, Origin, Provenance, Scope
from fleet.ports import Save
from tests.app.pooled import a_world, add, rest
from tests.builders import a_lesson
from tests.memory_world import Life, World, green

ANN = Provenance(origin=Origin.PERSON, author="ann")
EVERYBODY = MemoryRules(held_out=0.0)
HERE_AND_ONE = {"k": 1, "project": "APP"}
HERE = Scope(project="APP", role="developer")
LOCKED = Draft(title="database is locked", remedy="begin writes with BEGIN IMMEDIATE")
OTHER = Draft(title="colours of buttons", remedy="take a palette from our theme")


def a_memory(rules=EVERYBODY, **fields):
    return World(memory=rules, **fields)


def teach(world, draft=LOCKED, *, status=LessonStatus.ACTIVE, scope=None):
    scope = scope or Scope(project="APP")
    return keep(draft, ANN, scope=scope, status=status, memory=world.memory).lesson


def recalled(world, text="the database is locked", scope=HERE, fits=lambda lesson: True):
    found = recall(text, scope, world.memory, fits=fits)
    return [each.lesson.id for each in found.lessons]


def test_what_fits_is_recalled_and_what_does_not_is_not():
    world = a_memory()
    teach(world, OTHER)
    teach(world, LOCKED)

    assert recalled(world) == ["L-2"]
    assert recalled(world, "publish release notes") == []


def test_candidates_below_the_floor_are_for_the_agent_to_search():
    world = a_memory()
    teach(world, OTHER)
    teach(world, LOCKED)

    found = recall("the database is locked", HERE, world.memory, fits=lambda lesson: True)

    assert [each.lesson.id for each in found.candidates] == ["L-2", "L-1"]


@pytest.mark.parametrize(
    ("status", "project", "role", "given"),
    [
        (LessonStatus.ACTIVE, "APP", None, True),
        (LessonStatus.ACTIVE, None, None, True),
        (LessonStatus.ACTIVE, "WEB", None, False),
        (LessonStatus.ACTIVE, "APP", "developer", True),
        (LessonStatus.ACTIVE, "APP", "tester", False),
        (LessonStatus.PROBATION, "APP", None, True),
        (LessonStatus.PROBATION, None, None, False),
        (LessonStatus.PROBATION, "WEB", None, False),
        (LessonStatus.PROPOSED, "APP", None, False),
        (LessonStatus.QUARANTINED, "APP", None, False),
    ],
)
def test_who_may_be_given_a_lesson(status, project, role, given):
    world = a_memory()
    teach(world, status=status, scope=Scope(project=project, role=role))

    assert recalled(world) == (["L-1"] if given else [])


def test_many_lessons_that_may_not_be_used_hide_none_that_may():
    world = a_memory()
    for number in range(200):
        flood = replace(LOCKED, title=f"database is locked {number}")
        teach(world, flood, status=LessonStatus.PROPOSED)
    teach(world, replace(LOCKED, title="database is so locked here"))

    assert recalled(world) == ["L-201"]


def test_at_most_so_many_are_given_and_none_where_recall_is_off():
    world = a_memory(MemoryRules(top_k=2, held_out=0))
    for word in ("red", "green", "blue", "black", "white"):
        remedy = " ".join(f"{word}{number}" for number in range(9))
        teach(world, Draft(title="database is locked", remedy=remedy))

    assert len(recalled(world)) == 2
    off = a_memory(MemoryRules(top_k=0))
    teach(off)
    off.embedder.asked = 0
    assert (recalled(off), off.embedder.asked) == ([], 0)


@pytest.mark.parametrize("down", [False, True])
def test_what_many_say_in_other_words_takes_one_place(down):
    world = a_memory()
    for number in range(12):
        reworded = replace(LOCKED, title=f"database is so locked {number}")
        teach(world, reworded, status=LessonStatus.PROBATION)
    teach(world, Draft(title="locked out by the theme", remedy="take a palette of colours"))
    world.embedder.down = down

    found = recall("the database is locked", HERE, world.memory, fits=lambda lesson: True)

    assert [each.lesson.id for each in found.lessons] == ["L-1", "L-13"]
    assert len(found.candidates) == 13


def test_without_a_lesson_no_model_is_asked():
    world = a_memory()

    assert recalled(world) == []
    assert world.embedder.asked == 0


def test_a_provider_that_is_down_leaves_the_search_by_words_and_says_so():
    world = a_memory()
    teach(world, LOCKED)
    teach(world, OTHER)
    world.embedder.down = True

    found = recall("the database is locked", HERE, world.memory, fits=lambda lesson: True)

    assert [each.lesson.id for each in found.lessons] == ["L-1"]
    assert "by words alone" in found.note


def test_what_another_process_writes_is_found_at_the_next_search():
    world = a_memory()
    teach(world, OTHER)
    assert recalled(world) == []
    keep(LOCKED, ANN, scope=Scope(), status=LessonStatus.ACTIVE, memory=elsewhere(world))

    assert recalled(world) == ["L-2"]


class Broken(ExactIndex):
    """An index that is damaged until it is made anew; a `stiff` one takes no changes."""

    def __init__(self) -> None:
        super().__init__()
        self.damaged = False
        self.stiff = False
        self.rebuilt = 0

    def put(self, space, entries):
        if not self.stiff:
            super().put(space, entries)

    def nearest(self, space, vector, *, k, project=None):
        if self.damaged:
            raise IndexDamagedError("the graph is gone")
        return super().nearest(space, vector, k=k, project=project)

    def rebuild(self, space, entries, told):
        self.damaged = False
        self.rebuilt += 1
        super().rebuild(space, entries, told)


def test_a_damaged_index_is_made_anew_without_embedding_again():
    world = a_memory()
    index = Broken()
    world.finder = Finder(world.ledger, world.embedder, index)
    teach(world)
    recalled(world)
    index.damaged, before = True, (world.embedder.asked, index.rebuilt)

    assert recalled(world) == ["L-1"]
    assert (world.embedder.asked, index.rebuilt) == (before[0] + 1, before[1] + 1)


def elsewhere(world):
    """Answer the memory of another process, which touches no index but its own."""
    return replace(world.memory, finder=Finder(world.ledger, world.embedder, ExactIndex()))


def found_of_locked(world):
    """Answer which lessons were found that are told or may be searched."""
    found = recall("the database is locked", HERE, world.memory, fits=lambda lesson: True)
    return {each.lesson.id for each in found.candidates if each.score > EVERYBODY.floor}


def begun_again(world, index):
    """Let another coordinator take over that index."""
    world.finder = Finder(world.ledger, world.embedder, index)


def test_lessons_that_another_process_added_are_put_at_the_next_start_and_nothing_is_made_anew():
    world, index = a_memory(), Broken()
    begun_again(world, index)
    teach(world, OTHER)
    teach(world, replace(OTHER, title="sounds of buttons"))
    recalled(world)
    before = index.rebuilt
    for number in range(5):
        draft = replace(LOCKED, title=f"database is locked {number}")
        scope = Scope(project="APP")
        status = LessonStatus.ACTIVE
        keep(draft, ANN, scope=scope, status=status, memory=elsewhere(world))

    begun_again(world, index)

    assert found_of_locked(world) == {f"L-{number}" for number in range(3, 8)}
    assert len(index.entries("words")) == 7
    assert index.rebuilt == before


def test_what_was_done_to_the_index_behind_its_back_is_undone_and_nothing_is_made_anew():
    world, index = a_memory(), Broken()
    begun_again(world, index)
    teach(world, OTHER)
    teach(world, LOCKED)
    recalled(world)
    before, whole = index.rebuilt, dict(index.entries("words"))
    index.put("words", {"L-99": whole["L-2"]})
    index.drop("words", ["L-2"])

    begun_again(world, index)

    assert recalled(world) == ["L-2"]
    assert index.entries("words") == whole
    assert index.rebuilt == before


def test_an_index_that_takes_no_changes_is_made_anew():
    world, index = a_memory(), Broken()
    begun_again(world, index)
    teach(world, OTHER)
    recalled(world)
    keep(LOCKED, ANN, scope=Scope(), status=LessonStatus.ACTIVE, memory=elsewhere(world))
    index.stiff, before = True, index.rebuilt

    begun_again(world, index)

    assert recalled(world) == ["L-2"]
    assert index.rebuilt == before + 1


def test_an_attempt_waits_for_a_slow_provider_for_a_while_only():
    world = a_memory()
    world.ledger.commit([Save(row=a_lesson(number)) for number in range(1, 201)])
    answers = world.embedder.embed

    def slowly(texts):
        world.clock.advance(timedelta(seconds=6))
        return answers(texts)

    world.embedder.embed = slowly

    found = recall("Lesson 199", HERE, world.memory, fits=lambda lesson: True)

    assert "72 lessons have no vector" in found.note
    assert len(world.ledger.embeddings("words")) == 128
    found = recall("Lesson 199", HERE, world.memory, fits=lambda lesson: True)
    assert found.note == ""


def test_others_search_while_a_slow_provider_embeds():
    world = a_memory()
    teach(world)
    recalled(world)
    world.ledger.commit([Save(row=a_lesson(2, title="slow"))])
    change(
        "L-2", world.memory, kind="lesson.added", who="ann", to=lambda one: replace(one, helpful=1)
    )
    answers, asked, go_on = world.embedder.embed, threading.Event(), threading.Event()

    def slowly(texts):
        if any("slow" in text for text in texts):
            asked.set()
            go_on.wait(20)
        return answers(texts)

    world.embedder.embed = slowly
    behind = threading.Thread(target=world.finder.catch_up)
    behind.start()
    asked.wait(20)
    (vector,) = answers(["database is locked"])
    near = threading.Thread(target=world.finder.nearest, args=(vector,), kwargs=HERE_AND_ONE)
    near.start()
    near.join(10)
    searched = not near.is_alive()
    go_on.set()
    behind.join()
    near.join()

    assert searched
    assert world.ledger.embeddings("words").keys() == {"L-1", "L-2"}


def test_many_threads_recall_at_once():
    world = a_memory()
    for number in range(30):
        teach(world, replace(LOCKED, title=f"database is locked by E{number}00"))
    found = []
    threads = [threading.Thread(target=lambda: found.append(recalled(world))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert all(each == found[0] and len(each) == 3 for each in found)


def launched(world, title="the database is locked"):
    """Let one attempt work; answer its packet's context."""
    add(world, goal=title)
    seen = heard(world)
    rest(Life(world))
    return seen[0]["context"]


def heard(world):
    """Answer a list of the packets that agents read from now on."""
    seen = []

    def agent(packet):
        seen.append(packet)
        return green(packet)

    world.runtime.agent = agent
    return seen


def a_pool(rules=EVERYBODY):
    world = a_world()
    world.fleet = replace(world.fleet, memory=rules)
    return world


def test_an_attempt_is_told_what_fits_and_it_is_written_down_with_its_score():
    world = a_pool()
    lesson = teach(world)

    context = launched(world)

    assert [one["id"] for one in context["lessons"]] == ["L-1"]
    assert context["lessons"][0]["remedy"] == lesson.remedy
    (row,) = world.ledger.recalls()
    assert (row.lesson, row.task, row.place, row.given) == ("L-1", "APP-1", 1, True)
    assert row.score > world.fleet.memory.floor
    (event,) = [e for e in world.ledger.events() if e.kind == "memory.recalled"]
    assert event.what == f"L-1 ({row.score:.2f})"


def test_a_task_that_is_held_out_is_told_nothing_and_that_is_written_down():
    world = a_pool(MemoryRules(held_out=1.0))
    teach(world)

    context = launched(world)

    assert (context["lessons"], context["lesson_candidates"]) == ([], [])
    assert [row.given for row in world.ledger.recalls()] == [False]


def test_that_lessons_were_sought_by_words_alone_is_told_of_the_attempt():
    world = a_pool()
    teach(world)
    world.embedder.down = True

    assert [one["id"] for one in launched(world)["lessons"]] == ["L-1"]
    (note,) = [e for e in world.ledger.events() if e.kind == "attempt.note"]
    assert note.attempt == "app-1-1-0badcafe"
    assert "by words alone: the provider of vectors does not answer" in note.what


def test_a_task_that_is_held_out_may_search_nothing_either():
    world = a_pool(MemoryRules(held_out=1.0))
    teach(world, OTHER)

    context = launched(world)

    assert (context["lessons"], context["lesson_candidates"]) == ([], [])


def test_what_an_agent_may_search_is_written_down_with_its_score():
    world = a_pool()
    teach(world, OTHER)

    context = launched(world)

    assert [one["id"] for one in context["lesson_candidates"]] == ["L-1"]
    (event,) = [e for e in world.ledger.events() if e.kind == "memory.recalled"]
    assert (event.what, event.data["scores"]) == ("none", {})
    assert event.data["found"]["L-1"] < world.fleet.memory.floor


def test_the_best_lesson_is_told_first():
    world = a_pool(MemoryRules(floor=0.05, held_out=0.0))
    teach(world, replace(LOCKED, title="database of colours"))
    teach(world, LOCKED)

    context = launched(world)

    assert [one["id"] for one in context["lessons"]] == ["L-2", "L-1"]
    assert [row.place for row in world.ledger.recalls()] == [1, 2]


def test_a_lesson_about_files_that_are_gone_is_not_told():
    world = a_pool()
    teach(world, replace(LOCKED, files=("src/gone.py",)))

    context = launched(world)

    assert context["lessons"] == context["lesson_candidates"] == []


def test_an_attempt_that_is_started_again_is_told_the_same():
    world = a_pool()
    teach(world)
    add(world, goal="the database is locked")
    life = Life(world)
    life.tick()
    life.tick()
    (attempt,) = world.ledger.attempts()
    remind(attempt, world.ledger.task("APP-1"), world.tools)  # and killed here
    teach(world, replace(LOCKED, title="the database is locked"))
    seen = heard(world)
    rest(Life(world))

    assert [one["id"] for one in seen[0]["context"]["lessons"]] == ["L-1"]
    assert [row.lesson for row in world.ledger.recalls()] == ["L-1"]


def test_a_lesson_that_was_put_away_meanwhile_is_not_told_again():
    world = a_pool()
    teach(world)
    add(world, goal="the database is locked")
    life = Life(world)
    life.tick()
    life.tick()
    (attempt,) = world.ledger.attempts()
    task = world.ledger.task("APP-1")
    assert [one["id"] for one in remind(attempt, task, world.tools).lessons] == ["L-1"]

    def away(lesson):
        return replace(lesson, status=LessonStatus.QUARANTINED)

    change("L-1", world.memory, kind="lesson.quarantined", who="ann", to=away)

    assert remind(attempt, task, world.tools).lessons == ()


def test_the_share_that_is_held_out_is_drawn_by_home_and_task():
    from fleet.domain.lesson import held_out

    drawn = [held_out(f"APP-{n}", "0badcafe", share=0.1) for n in range(2000)]

    assert 150 < sum(drawn) < 250
    assert drawn == [held_out(f"APP-{n}", "0badcafe", share=0.1) for n in range(2000)]
    assert drawn != [held_out(f"APP-{n}", "deadbeef", share=0.1) for n in range(2000)]
    assert not any(held_out(f"APP-{n}", "0badcafe", share=0.0) for n in range(2000))
