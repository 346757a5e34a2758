"""The file of `fleet simulate`: what it becomes, and every mistake refused with its line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from fleet.config.scenario import load_scenario
from fleet.domain.errors import ConfigError
from fleet.domain.scenario import Behaviour, Span, Trouble, behaviour_of
from fleet.domain.task import Priority, Review

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "night.yaml"
SMALL = """\
starts: 2026-01-31 22:00
hours: 2
timezone: Europe/Berlin
limits: {parallel: 3, run_budget_usd: 12}
projects: [{key: APP, weight: 2, daily_budget_usd: 7.5, max_retries: 1}]
accounts: [{name: alice, agent: claude, parallel: 2, daily_budget_usd: 5}]
profiles: [{name: dev, agent: claude, roles: [developer], max_cost_usd: 1, stall_after: 5m}]
swap: {error: {cooldown: 2m}}
tasks: [{project: APP, count: 4, priorities: {high: 1, normal: 3}, budget_usd: 2}]
behaviours:
  - {account: alice, takes: [1m, 2m], costs_usd: [0.1, 0.2], call_every: 30s, troubles: {hang: 0.5}}
"""


def scenario(folder, text=SMALL):
    path = folder / "night.yaml"
    path.write_text(text)
    return load_scenario(path)


def refused(folder, text):
    with pytest.raises(ConfigError) as caught:
        scenario(folder, text)
    return str(caught.value)


def test_a_night_begins_by_the_clock_of_its_timezone(tmp_path):
    found = scenario(tmp_path)

    assert found.starts == datetime(2026, 1, 31, 21, tzinfo=UTC)
    assert found.ends - found.starts == timedelta(hours=2)


def test_the_pool_is_read_like_that_of_a_home(tmp_path):
    fleet = scenario(tmp_path).fleet

    assert (fleet.parallel, fleet.run_budget_micros) == (3, 12_000_000)
    assert fleet.swap.cooldown == 120
    assert fleet.accounts["alice"].daily_budget_micros == 5_000_000
    assert fleet.profiles["dev"].stall_after == 300
    project = fleet.projects["APP"]
    assert (project.weight, project.daily_budget_micros) == (2, 7_500_000)
    assert (project.max_retries, project.review) == (1, Review.AUTO)


def test_tasks_come_in_batches(tmp_path):
    (batch,) = scenario(tmp_path).batches

    assert (batch.project, batch.count, batch.role) == ("APP", 4, "developer")
    assert batch.budget_micros == 2_000_000
    assert (batch.priorities[Priority.HIGH], batch.priorities[Priority.LOW]) == (1, 0)


def test_the_first_behaviour_that_fits_counts_and_there_always_is_one(tmp_path):
    found = scenario(tmp_path)

    alice = behaviour_of(found, profile="dev", account="alice")
    other = behaviour_of(found, profile="dev", account="local")

    assert alice.seconds == Span(least=60, most=120)
    assert alice.micros == Span(least=100_000, most=200_000)
    assert (alice.call_every, alice.troubles[Trouble.HANG]) == (30, 0.5)
    assert isinstance(other, Behaviour)
    assert not any(other.troubles.values())


def test_every_trouble_can_be_written_down(tmp_path):
    shares = ", ".join(f"{each.value}: 0.01" for each in Trouble)

    found = scenario(tmp_path, SMALL.replace("hang: 0.5", shares))

    assert set(found.behaviours[0].troubles.values()) == {0.01}


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("22:00", "25:00", "1: starts: expected an instant such as"),
        ("2026-01-31", "2026-02-31", "1: starts: expected an instant such as"),
        ("hours: 2", "hours: 0", "2: hours: expected greater than 0"),
        ("Europe/Berlin", "Europe/Berln", "3: timezone: unknown timezone"),
        ("weight: 2", "wieght: 2", "5: projects[0].wieght: unknown key; did you mean 'weight'?"),
        ("agent: claude, parallel", "agent: cloude, parallel", "6: unknown agent 'cloude'"),
        ("name: dev, agent: claude", "name: dev, agent: cloude", "7: unknown agent 'cloude'"),
        ("stall_after: 5m", "fallback: [dav]", "7: unknown profile 'dav'"),
        ("stall_after: 5m", "escalate_to: dev", "7: escalate_to goes in a circle: dev -> dev"),
        ("cooldown: 2m", "cooldown: 2", "8: swap.error.cooldown: expected a duration"),
        ("project: APP", "project: APQ", "9: unknown project 'APQ'; did you mean 'APP'?"),
        ("count: 4", "count: 4, role: tester", "9: unknown role 'tester'"),
        ("count: 4", "count: 4, profile: dave", "9: unknown profile 'dave'"),
        ("{high: 1, normal: 3}", "{normal: 0}", "9: tasks[0].priorities: expected at least one"),
        ("account: alice", "account: alise", "11: unknown account 'alise'"),
        ("account: alice", "profile: dve", "11: unknown profile 'dve'"),
        ("[1m, 2m]", "[2m, 1m]", "11: behaviours[0]: takes: expected the smaller value first"),
        ("call_every: 30s", "call_every: 10s", "11: behaviours[0]: call_every: expected at least"),
        ("hang: 0.5", "hnag: 0.5", "unknown key; did you mean 'hang'?"),
        ("hang: 0.5", "hang: 1.5", "behaviours[0].troubles.hang: expected less than or equal"),
        ("hang: 0.5", "hang: 0.7, loop: 0.7", "shares that add up to at most 1, found 1.4"),
    ],
)
def test_a_mistake_is_refused_with_its_line_and_what_was_expected(tmp_path, was, now, said):
    assert said in refused(tmp_path, SMALL.replace(was, now))


def test_names_that_stand_twice_are_refused(tmp_path):
    text = SMALL.replace("accounts: [", "accounts: [{name: alice, agent: codex}, ")

    assert "6: 'alice' stands twice in accounts" in refused(tmp_path, text)


def test_all_mistakes_are_named_together(tmp_path):
    text = SMALL.replace("project: APP", "project: APQ").replace("account: alice", "account: eve")

    told = refused(tmp_path, text)

    assert "unknown project" in told
    assert "unknown account" in told


def test_a_circle_of_two_profiles_is_found_in_the_one_file(tmp_path):
    profiles = dedent("""\
        profiles:
          - {name: dev, agent: claude, roles: [developer], fallback: [other]}
          - {name: other, agent: claude, roles: [developer], fallback: [dev]}
        """)
    line = next(each for each in SMALL.splitlines() if each.startswith("profiles"))

    told = refused(tmp_path, SMALL.replace(line + "\n", profiles))

    assert "8: fallback goes in a circle: dev -> other -> dev" in told


def test_the_example_is_five_hundred_tasks_on_twelve_accounts_for_eight_hours():
    found = load_scenario(EXAMPLE)

    assert sum(batch.count for batch in found.batches) == 500
    assert len(found.fleet.accounts.keys() - {"local"}) == 12
    assert found.lasts == timedelta(hours=8)
