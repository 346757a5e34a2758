"""The pure parts under the event lines: frames, allowances, clean text, usage, memory counters."""

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet_agent.allowance import Allowance
from fleet_agent.clis.usage import Usage
from fleet_agent.frame import LINE_LIMIT, frame
from fleet_agent.system import oom_kills
from fleet_agent.text import clean, clean_tail, last_line
from fleet_agent.wire import Wire

VALUES = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner),
)


@pytest.mark.slow
@settings(max_examples=100)
@given(VALUES, st.integers(min_value=1, max_value=5000))
def test_every_frame_is_one_line_of_json_within_the_limit(value, times):
    line = frame({"type": "result", "value": [value] * times, "text": "é" * times * 20})

    assert len(line) <= LINE_LIMIT
    assert line.count(b"\n") == 1
    assert json.loads(line)["type"] == "result"


def test_a_short_event_is_not_changed():
    event: dict[str, object] = {"type": "progress", "message": "über\n"}

    assert json.loads(frame(event)) == event


def test_the_longest_texts_are_cut_first():
    told = json.loads(frame({"status": "failure", "tail": "x" * 200_000, "why": "y" * 1000}))

    assert (told["status"], told["why"]) == ("failure", "y" * 1000)
    assert told["tail"].endswith("[cut]")


@given(st.lists(st.floats(min_value=0, max_value=10), min_size=1, max_size=200))
def test_an_allowance_never_passes_more_than_burst_and_rate(steps):
    allowance = Allowance(rate=2, burst=3)
    at, passed = 0.0, 0
    for step in steps:
        at += step
        passed += allowance.take(at)

    assert passed <= 3 + 2 * at


def test_what_may_not_be_refused_is_paid_by_what_may():
    allowance = Allowance(rate=1, burst=2)
    for _ in range(4):
        allowance.owe(0.0)

    assert [allowance.take(at) for at in (0.0, 2.0, 3.5)] == [False, False, True]


def test_a_wire_drops_what_it_may_beyond_twenty_a_second_and_nothing_else():
    reader, writer = os.pipe()
    wire = Wire(writer)
    offered = sum(wire.offer("activity", {}) for _ in range(100))
    wire.emit("usage", {})
    wire.close("result", {})
    wire.emit("beat", {})
    os.close(writer)
    with os.fdopen(reader, "rb") as lines:
        types = [json.loads(line)["type"] for line in lines]

    assert 20 <= offered < 40
    assert types == ["activity"] * offered + ["usage", "result"]


@given(st.text(st.characters()), st.integers(min_value=10, max_value=50))
def test_clean_text_can_be_encoded_and_is_no_longer_than_asked(text, limit):
    cleaned = clean(text, limit)

    cleaned.encode()
    assert len(cleaned) <= limit
    assert all(character in "\n\t" or ord(character) >= 0x20 for character in cleaned)


@given(st.binary(max_size=300))
def test_any_bytes_become_a_clean_tail_and_a_last_line(data):
    assert len(clean_tail(data, 100)) <= 100
    assert "\n" not in last_line(data, 80)


def test_an_unknown_cost_makes_the_sum_unknown():
    known, unknown = Usage(turns=1, cost_micros=5), Usage(turns=2)

    assert known.plus(known).cost_micros == 10
    assert known.plus(unknown) == Usage(turns=3, cost_micros=None)


@pytest.mark.parametrize("name", ["memory.events", "memory/memory.oom_control"])
def test_memory_kills_are_counted_in_both_kinds_of_cgroup(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("low 0\noom 4\noom_kill 3\n")

    assert oom_kills(tmp_path) == 3


def test_without_a_cgroup_there_are_no_memory_kills(tmp_path):
    assert oom_kills(tmp_path) == 0
