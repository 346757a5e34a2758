"""A credential reaches its container and nothing else; one that is missing stops nobody else."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from fleet.app.coordinator import Order
from fleet.app.desk import Pen
from fleet.app.stations import intake, review
from fleet.domain.agent import Credential, CredentialKind
from fleet.domain.attempt import State
from fleet.domain.budget import Price
from fleet.domain.errors import CredentialError, EngineDownError, WorkspaceError
from fleet.domain.pending import ActionStatus
from fleet.domain.swap import Cause
from fleet.domain.task import Review
from tests.builders import NOW, a_profile, an_account
from tests.memory_world import Life, Play, World, green, line, result

KEY = "sk-ant-api03-0123456789abcdef"
CREDENTIAL = Credential(kind=CredentialKind.API_KEY, env="ALICE_KEY")
PRICE = Price(input=3_000_000, cached_input=300_000, output=15_000_000)
FIRST = "app-1-1-0badcafe"


def a_claude(name="alice", **fields):
    return an_account(name, agent="claude", credential=CREDENTIAL, **fields)


@pytest.fixture
def world():
    profile = a_profile("dev", agent="claude", command=(), stall_after=100.0, price=PRICE)
    world = World(profiles={"dev": profile}, accounts={"alice": a_claude(base_url="http://gate")})
    world.secrets.kept["alice"] = KEY
    return world


def a_pen(world):
    return Pen(ledger=world.ledger, clock=world.clock, who="ann")


def add(world, **wish):
    wanted = intake.Wish(title="Do it", review=Review.AUTO, **wish)
    return intake.add(wanted, world.fleet, a_pen(world))


def states(world, key="APP-1"):
    return [attempt.state for attempt in world.ledger.attempts(key)]


def reasons(life):
    return [wait.reason for wait in life.plan.waits]


def forward(life, *, until):
    """Let everything happen until it holds."""
    for _ in range(50):
        if until():
            return
        life.tick()
        life.perform()
    raise AssertionError("it never came to that")


def leased(life):
    """Let the launch be handed out, but not done."""
    while not life.crew.ready:
        life.tick()


def test_the_container_is_given_the_secret_and_told_of_it(world):
    add(world)

    Life(world).run()

    assert states(world) == [State.MERGED]
    mounts = {mount.target: mount for mount in world.runtime.specs[FIRST].mounts}
    assert not mounts["/fleet/secret"].writable
    asked = world.traces.entries[FIRST][0]["packet"]["context"]
    assert asked["needs_secret"] is True
    assert asked["limits"]["quiet_seconds"] == 90.0
    told = {key: asked["agent"][key] for key in ("base_url", "teams", "price")}
    price = {"input": 3.0, "cached_input": 0.3, "output": 15.0}
    assert told == {"base_url": "http://gate", "teams": False, "price": price}


def test_an_agent_without_a_credential_is_given_no_folder():
    world = World()
    add(world)

    Life(world).run()

    assert "/fleet/secret" not in {m.target for m in world.runtime.specs[FIRST].mounts}
    assert world.traces.entries[FIRST][0]["packet"]["context"]["needs_secret"] is False


def test_the_secret_is_gone_as_soon_as_the_runner_has_started(world):
    world.runtime.agent = lambda packet: Play(says=(), code=None)
    add(world)
    life = Life(world)
    forward(life, until=lambda: states(world) == [State.RUNNING])
    assert world.secrets.folders == {FIRST: KEY}

    world.runtime.says(f"fleet-{FIRST}", line(1, "started"))
    forward(life, until=lambda: not world.secrets.folders)

    assert states(world) == [State.RUNNING]


@pytest.mark.parametrize("says", [(), (line(1, "beat"),)])
def test_the_secret_is_gone_when_the_container_ends_without_a_word(world, says):
    world.runtime.agent = lambda packet: Play(says=says, code=137)
    add(world)

    Life(world).run()

    assert set(states(world)) == {State.FAILED}
    assert world.secrets.folders == {}


def test_the_secret_is_gone_even_where_the_work_cannot_be_collected(world):
    world.runtime.agent = lambda packet: Play(says=(), code=137)
    world.faults.plan("collect", *[WorkspaceError("in the way")] * 5)
    add(world)
    life = Life(world)

    forward(life, until=lambda: any(a.hindered for a in world.ledger.attempts()))

    assert (states(world), world.secrets.folders) == ([State.RUNNING], {})


def test_a_secret_that_the_agent_prints_reaches_neither_ledger_nor_trace(world):
    said = (
        line(1, "started", agent="claude"),
        line(2, "progress", message=f"my key is {KEY}"),
        line(3, "lesson", title="t", tags=[KEY], files=[]),
        result(4, stdout_tail=f"ANTHROPIC_API_KEY={KEY}\n", message=KEY),
    )
    world.runtime.agent = lambda packet: Play(edits={"a": "b"}, says=said)
    add(world)

    Life(world).run()

    written = repr(world.ledger.events()) + repr(world.ledger.attempts())
    assert "my key is [redacted]" in written
    assert KEY not in written + json.dumps(world.traces.entries)
    assert KEY not in repr(world.packets.folders) + repr(world.runtime.specs)


@pytest.mark.parametrize(("kind", "found"), [("crash", ""), ("approval_required", "s-1")])
def test_only_a_pause_leaves_a_session_to_the_next_attempt(world, kind, found):
    lying = []

    def agent(packet):
        lying.append(world.packets.shelves["APP-1"])
        world.packets.shelves["APP-1"] = "s-1"
        first = packet["context"]["attempt"] == 1
        return Play(says=(line(1, "started"), result(2, kind)), code=1) if first else green(packet)

    world.runtime.agent = agent
    add(world)
    Life(world).run()
    if kind == "approval_required":
        review.answer("A-1", ActionStatus.APPROVED, a_pen(world), reason="go ahead")
        Life(world).run()

    assert lying == ["", found]


def test_a_missing_credential_makes_its_tasks_wait_and_nobody_elses(world):
    accounts = world.fleet.accounts | {"local": an_account()}
    profiles = world.fleet.profiles | {"fix": a_profile("fix", roles=("fixer",))}
    world.fleet = replace(world.fleet, accounts=accounts, profiles=profiles)
    world.secrets.kept.clear()
    add(world)
    add(world, role="fixer")

    life = Life(world)
    life.run()

    assert (states(world), states(world, "APP-2")) == ([], [State.MERGED])
    assert reasons(life) == ["dev/alice: account alice: no credential (export it)"]


def test_another_account_stands_in_for_one_without_a_credential(world):
    accounts = {"alice": a_claude(), "bob": a_claude("bob")}
    world.fleet = replace(world.fleet, accounts=accounts)
    world.secrets.kept = {"bob": KEY}
    add(world)

    Life(world).run()

    assert [a.account for a in world.ledger.attempts("APP-1")] == ["bob"]


def test_a_credential_that_comes_later_lets_its_task_go_on(world):
    world.secrets.kept.clear()
    add(world)
    life = Life(world, Order(until=NOW + timedelta(hours=1)))
    life.tick()
    assert states(world) == []

    world.secrets.kept["alice"] = KEY
    forward(life, until=lambda: states(world) == [State.MERGED])


def test_a_credential_that_goes_between_plan_and_start_is_not_the_tasks_end(world):
    add(world)
    life = Life(world)
    leased(life)
    kept = world.secrets.kept.pop("alice")
    life.run()

    (attempt,) = world.ledger.attempts("APP-1")
    assert (attempt.state, attempt.cause) == (State.SWAPPED, Cause.CREDENTIAL)
    assert (world.runtime.starts, world.secrets.folders) == ({}, {})
    assert list(world.worktrees.branches) == ["main"]
    assert "no credential" in reasons(life)[0]
    # nobody has to open an account whose credential is back
    world.secrets.kept["alice"] = kept
    Life(world).run()
    assert states(world) == [State.SWAPPED, State.MERGED]


def test_an_account_that_is_gone_from_the_files_is_not_the_tasks_end(world):
    add(world)
    life = Life(world)
    leased(life)
    world.fleet = replace(world.fleet, accounts={"bob": a_claude("bob")})
    world.secrets.kept["bob"] = KEY

    Life(world).run()

    first, second = world.ledger.attempts("APP-1")
    assert (first.state, first.reason) == (State.CANCELLED, "account alice is gone")
    assert second.account == "bob"


def test_an_image_without_the_program_is_refused_before_a_container_starts(world):
    world.runtime.image_has = frozenset({"command", "codex"})
    add(world)

    Life(world).run()

    (attempt,) = world.ledger.attempts("APP-1")
    assert (attempt.failure_kind, world.runtime.starts) == ("agent_missing", {})
    assert "claude is not in image" in world.ledger.task("APP-1").reason
    assert "fleet image build --agents claude" in world.ledger.task("APP-1").reason


def test_an_image_that_does_not_say_what_it_has_is_tried(world):
    world.runtime.image_has = None
    add(world)

    Life(world).run()

    assert states(world) == [State.MERGED]


def test_the_next_life_deletes_what_no_container_will_read(world):
    world.faults.plan("start", EngineDownError("gone"))
    add(world)
    life = Life(world)
    forward(life, until=lambda: world.secrets.folders)
    assert world.runtime.running == {}

    Life(world)
    assert world.secrets.folders == {}
    Life(world).run()

    assert (states(world), world.secrets.folders) == ([State.MERGED], {})


def test_the_next_life_leaves_what_a_container_has_not_read_yet(world):
    world.runtime.agent = lambda packet: Play(says=(), code=None)
    add(world)
    forward(Life(world), until=lambda: states(world) == [State.RUNNING])

    life = Life(world)
    assert world.secrets.folders == {FIRST: KEY}
    world.runtime.says(f"fleet-{FIRST}", line(1, "started"))
    forward(life, until=lambda: not world.secrets.folders)


def test_a_secret_that_cannot_be_deleted_is_tried_again_when_the_attempt_is_cleaned(world):
    tries = []
    drop = world.secrets.drop

    def refuses_twice(attempt):
        tries.append(attempt)
        if len(tries) <= 2:
            raise CredentialError("busy")
        drop(attempt)

    world.secrets.drop = refuses_twice
    add(world)

    Life(world).run()

    assert (states(world), world.secrets.folders) == ([State.MERGED], {})
