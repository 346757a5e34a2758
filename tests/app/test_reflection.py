"""What agents left for others is kept; what recurs becomes one task that a person reviews."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fleet.app import views
from fleet.app.stations import reflect
from fleet.app.stations.intake import change
from fleet.domain.attempt import Red, State
from fleet.domain.errors import ConfigError
from fleet.domain.lesson import MemoryRules
from fleet.domain.reflection import LEFT_NOTHING
from fleet.domain.task import Resolution, Review
from fleet.ports import Save
from tests.app.pooled import (
    FIRST,
    STARTED,
    a_pen,
    a_world,
    add,
    failing,
    happened,
    plays,
    rest,
)
from tests.builders import NOW, a_profile, a_project, a_task, an_account, an_attempt
from tests.memory_world import Life, Play, World, result

SINCE = NOW - timedelta(days=7)
LEFT = {
    "for_constitution": ["Pin what you install."],
    "technical_decisions": [{"decision": "cents", "reason": "floats round"}],
}
ODD = {
    "for_constitution": ["a\x1b[2J\nb", 7, "x" * 900, *["more"] * 20],
    "technical_decisions": ["odd", {"reason": "why"}, {"decision": "d", "reason": 7}],
}
RULES = a_profile("rules-evaluator", roles=("evaluator",))
MODEL = a_profile("claude-architect", agent="claude", roles=("evaluator",))


def an_ended_world(**diagnostics):
    world = a_world(an_account("alice", agent="claude"))
    add(world)
    plays(world, Play(edits={"a": "b"}, says=(STARTED, result(2, None, **diagnostics)), code=0))
    rest(Life(world))
    return world


def left_in(world):
    return [entry for entry in world.traces.entries[FIRST] if entry["kind"] == "reflection"]


def test_what_an_agent_left_stands_in_trace_event_and_task():
    world = an_ended_world(**LEFT)

    (entry,) = left_in(world)
    (event,) = happened(world, "attempt.reflection")
    view = views.task_view("APP-1", world.ledger, world.fleet, now=NOW, halted="")
    assert {key: entry[key] for key in LEFT} == LEFT
    assert (event.attempt, dict(event.data)) == (FIRST, LEFT)
    assert {key: view["attempts"][0][key] for key in LEFT} == LEFT


def test_what_an_agent_left_is_bounded_and_on_one_line():
    world = an_ended_world(**ODD)

    (event,) = happened(world, "attempt.reflection")
    rules = event.data["for_constitution"]
    assert rules[0] == "a[2J b"
    assert len(rules[1].encode()) <= 600
    assert len(rules) == 9
    assert event.data["technical_decisions"] == [{"decision": "d", "reason": ""}]


@pytest.mark.parametrize("told", [{}, {"for_constitution": [], "technical_decisions": 7}])
def test_who_left_nothing_is_not_mentioned(told):
    world = an_ended_world(**told)

    assert happened(world, "attempt.reflection") == left_in(world) == []
    assert LEFT_NOTHING.empty


def test_what_a_failed_attempt_left_is_kept_too():
    world = a_world(an_account("alice", agent="claude"))
    add(world)
    plays(world, failing("crash", **LEFT))

    rest(Life(world))

    assert happened(world, "attempt.reflection")[0].attempt == FIRST


def a_memory_world(*profiles, accounts=(), project="MEM", **fields):
    return World(
        profiles={profile.name: profile for profile in (a_profile(), *profiles)},
        accounts={account.name: account for account in (an_account(), *accounts)},
        projects={"APP": a_project(), "MEM": a_project("MEM", review=Review.AUTO)},
        memory=MemoryRules(project=project),
        **fields,
    )


def failed_alike(world, *keys):
    for key in keys:
        told = {"red": Red.CHECK, "diagnosis": "KeyError: 'rate'", "ended": NOW, "cleaned": True}
        world.ledger.commit([Save(row=a_task(key))])
        world.ledger.commit([Save(row=an_attempt(key, 1, state=State.REJECTED, **told))])


def reflecting(world, **options):
    return reflect.reflecting(world.ledger, world.fleet, since=SINCE, **options)


def asked(world):
    wanted = reflecting(world)
    return wanted, reflect.ask(wanted, world.fleet, a_pen(world))


def test_what_recurs_becomes_a_task_that_a_person_reviews():
    world = a_memory_world(RULES)
    failed_alike(world, "APP-1", "APP-2")

    _, task = asked(world)

    assert (task.key, task.project, task.role) == ("MEM-1", "MEM", "evaluator")
    assert (task.profile, task.review) == ("rules-evaluator", Review.REQUIRED)
    assert "KeyError: 'rate'" in task.goal


def test_the_same_digest_makes_no_second_task_while_the_first_is_open_or_was_merged():
    world = a_memory_world(RULES)
    failed_alike(world, "APP-1", "APP-2")
    first, task = asked(world)

    again = reflecting(world)
    assert (first.known, again.known) == (None, task)
    # two who ask at once
    assert reflect.ask(first, world.fleet, a_pen(world)).key == task.key

    ended(world, task, Resolution.MERGED)
    assert reflecting(world).known.key == task.key
    ended(world, task, Resolution.FAILED)
    assert reflecting(world).known is None
    failed_alike(world, "APP-3")
    assert asked(world)[1].key == "MEM-2"


def ended(world, task, how):
    change(task.key, lambda row: replace(row, resolution=how), a_pen(world), kind="x", what="")


def test_where_nothing_recurs_there_is_nothing_to_ask():
    world = a_memory_world(RULES)
    failed_alike(world, "APP-1")

    assert reflecting(world) is None


def test_what_ended_before_does_not_count():
    world = a_memory_world(RULES)
    failed_alike(world, "APP-1", "APP-2")

    assert reflect.reflecting(world.ledger, world.fleet, since=NOW + timedelta(seconds=1)) is None


@pytest.mark.parametrize(
    ("profiles", "accounts", "wanted", "chosen"),
    [
        ((RULES, MODEL), (), None, "rules-evaluator"),
        ((RULES, MODEL), (an_account("ann", agent="claude"),), None, "claude-architect"),
        ((RULES, MODEL), (an_account("ann", agent="claude"),), "rules-evaluator", None),
    ],
)
def test_a_model_with_an_account_evaluates_else_the_rules(profiles, accounts, wanted, chosen):
    world = a_memory_world(*profiles, accounts=accounts)
    failed_alike(world, "APP-1", "APP-2")

    assert reflecting(world, profile=wanted).profile == (wanted or chosen)


@pytest.mark.parametrize(
    ("profiles", "project", "profile", "remedy"),
    [
        ((RULES,), None, None, "project: in fleet.yaml"),
        ((MODEL,), "MEM", None, "rules-evaluator.yaml"),
        ((RULES,), "MEM", "nobody", "profiles: local, rules-evaluator"),
    ],
)
def test_a_reflection_that_nobody_could_review_or_do_is_refused(profiles, project, profile, remedy):
    world = a_memory_world(*profiles, project=project)

    with pytest.raises(ConfigError, match=remedy):
        reflecting(world, profile=profile)
