"""What people reviewed reaches an attempt: in its packet, and as a mount that it cannot write."""

import json

from fleet.domain.guidance import UNGUIDED, Guidance, Skill
from tests.app.pooled import FIRST, HANGS, a_world, add, happened, rest
from tests.builders import an_account
from tests.memory_world import Life

SKILL = Skill(name="deploy", description="How.", files={"SKILL.md": "x", "a/b": "y"})
GUIDANCE = Guidance(constitution="Pin.", bible="Tabs.", skills=(SKILL,), notes=("it was cut",))


def a_guided_world(said):
    world = a_world(an_account("alice", agent="claude"))
    world.reviewed.said = said
    add(world)
    # one that works on and on: its packet is not cleaned away
    world.runtime.agent = lambda packet: HANGS
    return world


def told(world):
    return json.loads(world.packets.folders[FIRST]["packet.json"])["context"]


def mounted(world):
    return {mount.target: mount for mount in world.runtime.specs[FIRST].mounts}


def test_an_attempt_is_told_what_was_reviewed():
    world = a_guided_world(GUIDANCE)

    rest(Life(world))

    context, files = told(world), world.packets.folders[FIRST]
    assert (context["constitution"], context["bible"]) == ("Pin.", "Tabs.")
    assert context["skills"] == [{"name": "deploy", "description": "How."}]
    assert (files["skills/deploy/SKILL.md"], files["skills/deploy/a/b"]) == ("x", "y")
    assert mounted(world)["/fleet/skills"].source.endswith(f"{FIRST}/skills")
    assert not mounted(world)["/fleet/skills"].writable
    assert [event.what for event in happened(world, "attempt.note")] == ["it was cut"]


def test_without_anything_reviewed_nothing_is_mounted():
    world = a_guided_world(UNGUIDED)

    rest(Life(world))

    assert told(world)["skills"] == []
    assert "/fleet/skills" not in mounted(world)


def test_an_attempt_waits_while_what_binds_it_cannot_be_read():
    world = a_guided_world(None)
    life = Life(world)

    rest(life)

    (attempt,) = world.ledger.attempts("APP-1")
    assert "it cannot be started: the constitution cannot be read" in attempt.hindered
    assert world.runtime.specs == {}
