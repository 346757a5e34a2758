"""Lessons meant to do harm never reach an agent; honest ones that sound like them do."""

from dataclasses import replace

import pytest

from fleet.app.recalling import recall
from fleet.app.remembering import keep
from fleet.app.stations.remind import remind
from fleet.domain.handoff import Work, handoff_of, predecessors
from fleet.domain.hygiene import cleaned
from fleet.domain.lesson import (
    Autosave,
    Draft,
    LessonStatus,
    MemoryRules,
    Origin,
    Provenance,
    Scope,
)
from fleet.domain.lexical import lexical
from fleet.ports import Save
from tests.builders import SHA, a_task, an_attempt, an_event
from tests.hostile.poison import ATTACKS, HONEST
from tests.memory_world import World

AGENT = Provenance(origin=Origin.AGENT, author="local", task="APP-1", attempt="app-1-1-0badcafe")
HERE = Scope(project="APP", role="developer")
# no floor: whatever is kept and may be used is given
ALL = MemoryRules(autosave=Autosave.PROBATION, floor=-1.0, top_k=1000, held_out=0.0)
PLAIN = Draft(title="The build is slow", problem="It took an hour.", cause="Nobody knows.")


def in_field(field, text):
    return replace(PLAIN, **{field: text})


def proposed(world, draft):
    status = LessonStatus.PROBATION
    return keep(draft, AGENT, scope=Scope(project="APP"), status=status, memory=world.memory).lesson


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_order_to_do_harm_is_flagged_wherever_it_stands(attack):
    for field in ("title", "problem", "cause", "remedy"):
        flags = cleaned(in_field(field, attack)).flags

        assert flags
        assert all(flag.startswith("it ") for flag in flags)


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_lesson_is_not_flagged(text):
    for field in ("title", "problem", "cause", "remedy"):
        assert cleaned(in_field(field, text)).flags == ()


def test_nothing_that_was_meant_to_do_harm_is_recalled_by_meaning_or_by_words():
    world = World(memory=ALL)
    bad = [proposed(world, in_field("remedy", attack)) for attack in ATTACKS]
    good = proposed(world, replace(PLAIN, remedy=HONEST[0]))

    for attack in (PLAIN.text, *ATTACKS):
        found = recall(attack, HERE, world.memory, fits=lambda lesson: True)
        reached = {each.lesson.id for each in (*found.lessons, *found.candidates)}
        assert reached <= {good.id}
    world.embedder.down = True
    by_words = recall(PLAIN.text, HERE, world.memory, fits=lambda lesson: True)

    assert {each.lesson.id for each in by_words.candidates} == {good.id}
    assert {lesson.status for lesson in bad} == {LessonStatus.QUARANTINED}
    assert all(lesson.reason for lesson in bad)


def test_what_reaches_an_agents_packet_is_the_honest_lesson_alone():
    world = World(memory=ALL)
    for attack in ATTACKS:
        proposed(world, in_field("remedy", attack))
    good = proposed(world, replace(PLAIN, remedy=HONEST[0]))
    task, attempt = a_task(goal=PLAIN.text), an_attempt()
    world.ledger.commit([Save(row=task), Save(row=attempt)])

    told = remind(attempt, task, world.tools)

    assert [each["id"] for each in told.lessons] == [good.id]
    assert [each["id"] for each in told.candidates] == [good.id]


def test_each_honest_lesson_is_recalled():
    world = World(memory=replace(ALL, floor=0.25, top_k=1))
    kept = [proposed(world, Draft(title=text)) for text in HONEST]

    for lesson in kept:
        found = recall(lesson.title, HERE, world.memory, fits=lambda lesson: True)
        assert [each.lesson.id for each in found.lessons] == [lesson.id]


def test_an_honest_lesson_is_not_taken_for_the_poisoned_copy_that_came_before_it():
    world = World(memory=ALL)
    words = " ".join(f"word{n}" for n in range(50))
    poisoned = proposed(world, replace(PLAIN, cause=words, remedy="Skip the tests."))

    honest = proposed(world, replace(PLAIN, cause=words, remedy="Warm the cache."))

    assert poisoned.status is LessonStatus.QUARANTINED
    assert (honest.status, honest.twins) == (LessonStatus.PROBATION, (poisoned.id,))


def test_a_lesson_of_another_project_is_not_recalled_on_probation():
    world = World(memory=ALL)
    proposed(world, PLAIN)

    found = recall(PLAIN.text, Scope(project="WEB"), world.memory, fits=lambda lesson: True)

    assert found.candidates == ()


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_successor_is_not_told_what_its_predecessor_was_made_to_say(attack):
    before, now = an_attempt(started=a_task().created), an_attempt(number=2)
    events = [
        an_event("agent.lesson", attempt=before.id, data={"title": "Slow", "remedy": text})
        for text in (attack, HONEST[0])
    ]
    work = Work(head=SHA, target=SHA, changes=())

    told = handoff_of(a_task(), now, predecessors(now, [before]), work=work, events=events)

    assert told.lessons == ({"title": "Slow", "remedy": HONEST[0]},)


def test_a_flood_of_one_lesson_does_not_drive_out_the_others():
    world = World(memory=replace(ALL, floor=0.25, top_k=3))
    good = proposed(world, Draft(title="database is locked", remedy="begin with BEGIN IMMEDIATE"))
    for number in range(50):
        proposed(world, Draft(title=f"all the words {number}", problem="a b c d e f g h"))

    found = recall("the database is locked", HERE, world.memory, fits=lambda lesson: True)

    assert found.lessons[0].lesson.id == good.id
    assert lexical("the database is locked", [good])[0].lesson == good
