"""The repository map reaches an attempt in its packet; without one it starts all the same."""

import json

from fleet.domain.attempt import State
from fleet.domain.lesson import MemoryRules
from tests.app.pooled import HANGS, add, rest
from tests.memory_world import Life, World


def a_world(**rules):
    world = World(memory=MemoryRules(**rules))
    # one that works on and on: its packet is not cleaned away
    world.runtime.agent = lambda packet: HANGS
    add(world)
    return world


def told(world):
    (packet,) = world.packets.folders.values()
    return json.loads(packet["packet.json"])["context"]["map"]


def test_an_attempt_is_told_the_map_of_what_it_begins_with():
    world = a_world()
    world.maps.said[world.worktrees.branches["main"]] = "src/desk.py: Desk"

    rest(Life(world))

    assert told(world) == "src/desk.py: Desk"


def test_a_map_is_bounded_as_fleet_yaml_says():
    world = a_world(map_bytes=7)

    rest(Life(world))

    assert told(world) == "folders"


def test_without_room_for_a_map_nobody_is_asked_for_one():
    world = a_world(map_bytes=0)

    rest(Life(world))

    assert (told(world), world.maps.asked) == ("", 0)


def test_an_attempt_starts_without_a_map_where_none_can_be_made(caplog):
    world = a_world()
    world.maps.broken = True

    rest(Life(world))

    (attempt,) = world.ledger.attempts("APP-1")
    assert (attempt.state, told(world)) == (State.RUNNING, "")
    assert "no repository map" in caplog.text
