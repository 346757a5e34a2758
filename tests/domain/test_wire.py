"""Event lines are untrusted: any bytes are heard or dropped, none raises."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.attempt import Outcome, State
from fleet.domain.result import Usage
from fleet.domain.wire import MAX_LINE, TYPES, Line, hear, parse, usage_from
from tests.builders import NOW, an_attempt

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
running = an_attempt(state=State.RUNNING)
LATER = NOW + timedelta(seconds=9)


def a_line(**fields):
    return json.dumps({"v": 1, "seq": 1, "type": "progress"} | fields).encode()


def told(kind, seq=1, **data):
    return Line(seq=seq, type=kind, data=data)


def test_a_line_is_taken_apart():
    assert parse(a_line(message="hi")) == Line(seq=1, type="progress", data={"message": "hi"})


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_type_of_the_contract_is_heard(kind):
    assert parse(a_line(type=kind)) is not None


@given(st.binary())
def test_no_bytes_raise(raw):
    parse(raw)


@given(st.dictionaries(st.sampled_from(["v", "seq", "type", "message"]), anything))
def test_no_values_raise(fields):
    raw = json.dumps(fields).encode()
    line = parse(raw)

    assert line is None or (line.type in TYPES and line.seq > 0)


@given(st.sampled_from(sorted(TYPES)), st.dictionaries(st.text(), anything))
def test_what_is_parsed_can_be_stored_and_heard(kind, fields):
    line = parse(a_line(**{**fields, "type": kind, "seq": 1, "v": 1}))
    if line is None:
        return

    json.dumps(line.data, allow_nan=False, ensure_ascii=False).encode()
    hear(running, line, at=NOW)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        a_line(v=2),
        a_line(v=None),
        a_line(type="nonsense"),
        a_line(type=["progress"]),
        a_line(type={}),
        a_line(type=None),
        a_line(seq=0),
        a_line(seq=-1),
        a_line(seq=True),
        a_line(seq=1.0),
        a_line(seq="1"),
        a_line(seq=10**12),
        a_line(message=float("nan")),
        a_line(message=float("-inf")),
        a_line(message="a\0b"),
        a_line(message="\ud800"),
        a_line(message="MARK").replace(b'"MARK"', b"1e999"),
        a_line(message="MARK").replace(b"MARK", b"\xed\xa0\x80"),
        a_line(message="MARK").replace(b"MARK", b"a\x00b"),
        a_line(message="MARK").replace(b'"MARK"', b"9" * 5000),
        a_line(message="MARK").replace(b'"MARK"', b"[" * 30000 + b"]" * 30000),
        a_line(message="MARK").replace(b'"MARK"', b"[" * 300 + b"]" * 300),
        a_line(message="a\0b").decode().encode("utf-16-le"),
        a_line(message="hi").decode().encode("utf-16-le"),
    ],
)
def test_hostile_lines_are_dropped(raw):
    assert parse(raw) is None


def test_a_line_is_heard_up_to_its_limit():
    room = MAX_LINE - len(a_line(message=""))

    assert parse(a_line(message="x" * room)) is not None
    assert parse(a_line(message="x" * (room + 1))) is None


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_any_line_is_a_sign_of_life(kind):
    heard = hear(running, told(kind, seq=7), at=LATER)

    assert (heard.last_beat, heard.last_seq) == (LATER, 7)


@pytest.mark.parametrize(
    ("kind", "moves"),
    [
        ("started", True),
        ("activity", True),
        ("check", True),
        ("result", True),
        ("progress", True),
        ("beat", False),
        ("usage", False),
        ("error", False),
        ("lesson", False),
        ("approval", False),
    ],
)
def test_only_work_counts_as_progress(kind, moves):
    assert (hear(running, told(kind), at=LATER).last_progress == LATER) is moves


@pytest.mark.parametrize(
    ("phase", "moves"),
    [("setup", True), ("check", True), ("agent", False), ("starting", False), (["check"], False)],
)
def test_a_long_silent_check_has_its_own_limit_and_is_no_stall(phase, moves):
    heard = hear(running, told("beat", phase=phase, last_activity_at=None), at=LATER)

    assert (heard.last_progress == LATER) is moves


@pytest.mark.parametrize(
    ("fields", "works"),
    [
        ({"working": True}, True),
        ({"working": False}, False),
        ({}, False),
        ({"working": 1}, False),
        ({"working": "true"}, False),
    ],
)
def test_a_beat_that_tells_of_work_is_told_apart_from_progress(fields, works):
    before = replace(running, last_work=NOW)

    heard = hear(before, told("beat", phase="agent", **fields), at=LATER)

    assert heard.last_work == (LATER if works else NOW)
    assert heard.last_progress == before.last_progress


@pytest.mark.parametrize(
    ("told_seconds", "known"),
    [(12.5, 12.5), (0, 0.0), (-1, 3.0), (True, 3.0), ("9", 3.0), (10**12, 3.0), (None, 3.0)],
)
def test_a_beat_tells_for_how_long_it_ran(told_seconds, known):
    before = replace(running, ran_seconds=3.0)

    heard = hear(before, told("beat", phase="agent", ran_seconds=told_seconds), at=LATER)

    assert heard.ran_seconds == known


def test_only_beats_tell_of_work():
    for kind in TYPES - {"beat"}:
        assert hear(running, told(kind, working=True), at=LATER).last_work is None


def test_the_agents_word_resets_the_stall_three_times_only():
    attempt = running
    for minute in range(1, 6):
        attempt = hear(attempt, told("progress"), at=NOW + timedelta(minutes=minute))

    assert attempt.last_progress == NOW + timedelta(minutes=3)

    attempt = hear(attempt, told("activity"), at=LATER)
    assert hear(attempt, told("progress"), at=NOW).last_progress == NOW


counts = st.dictionaries(
    st.sampled_from(["input_tokens", "cached_tokens", "output_tokens", "turns", "cost_usd"]),
    anything | st.integers(0, 10**9),
)


@given(st.lists(counts))
def test_usage_never_falls(reports):
    usage = Usage()
    for report in reports:
        before, usage = usage, usage_from(report, usage)
        assert usage.input_tokens >= before.input_tokens >= 0
        assert usage.cached_tokens >= before.cached_tokens >= 0
        assert usage.output_tokens >= before.output_tokens >= 0
        assert usage.turns >= before.turns >= 0
        assert (usage.cost_micros or 0) >= (before.cost_micros or 0)
        assert not (before.cost_micros is not None and usage.cost_micros is None)


@pytest.mark.parametrize(
    ("price", "micros"),
    [(0.5, 500_000), (0, 0), (None, None), (-1, None), ("3", None), (True, None), (1e9, None)],
)
def test_a_cost_is_told_in_dollars(price, micros):
    assert usage_from({"cost_usd": price}, Usage()).cost_micros == micros


@pytest.mark.parametrize(
    ("status", "kind", "heard"),
    [
        ("success", None, "none"),
        ("success", "crash", "crash"),
        ("failure", None, "crash"),
        ("failure", "none", "crash"),
        ("success", "none", "crash"),
        ("failure", "", "crash"),
        ("failure", "timeout", "timeout"),
        ("failure", 7, "crash"),
        (None, None, "crash"),
        (["success"], None, "crash"),
    ],
)
def test_only_a_plain_success_is_one(status, kind, heard):
    result = told("result", status=status, diagnostics={"failure_kind": kind})

    assert hear(running, result, at=NOW).failure_kind == heard


@pytest.mark.parametrize(("kind", "red"), [("self_check", True), ("limit", True), ("oom", False)])
def test_a_red_self_check_is_told_apart(kind, red):
    result = told("result", status="failure", diagnostics={"failure_kind": kind})

    assert hear(running, result, at=NOW).self_check_red is red


def test_a_results_texts_are_cut_and_cleaned():
    diagnostics = {"failure_kind": "x" * 100, "message": "a\x1b[31mb\nc" + "y" * 5000}
    result = told("result", status="failure", summary=5, diagnostics=diagnostics)

    heard = hear(running, result, at=NOW)

    assert heard.summary == ""
    assert heard.diagnosis.startswith("a[31mb\nc")
    assert (len(heard.diagnosis), len(heard.failure_kind)) == (4000, 40)


def test_a_result_repeats_the_usage():
    result = told("result", status="success", diagnostics={"usage": {"turns": 4, "cost_usd": 1}})

    usage = hear(running, result, at=NOW).usage

    assert (usage.turns, usage.cost_micros) == (4, 1_000_000)


@pytest.mark.parametrize(
    ("turns", "turned"), [(3, False), (2, False), (None, False), (4, True)], ids=str
)
def test_a_turn_ended_when_their_number_rose_and_only_then(turns, turned):
    before = hear(running, told("usage", turns=3), at=NOW)

    after = hear(before, told("usage", seq=2, turns=turns, cost_usd=9), at=LATER)

    assert (before.last_turn, after.last_turn) == (NOW, LATER if turned else NOW)


def test_the_last_turn_may_be_told_by_the_result_alone():
    result = told("result", status="success", diagnostics={"usage": {"turns": 1}})

    assert hear(running, result, at=NOW).last_turn == NOW
    assert hear(running, told("result", status="success"), at=NOW).last_turn is None


@pytest.mark.parametrize(
    ("kind", "counts"), [("hang", False), ("loop", False), ("timeout", False), ("crash", True)]
)
def test_what_the_runner_saw_of_a_standstill_is_no_progress(kind, counts):
    before = hear(running, told("activity"), at=NOW)

    after = hear(before, told("result", 2, diagnostics={"failure_kind": kind}), at=LATER)

    assert after.last_progress == (LATER if counts else NOW)


def test_the_last_words_of_one_that_is_stopped_are_no_progress():
    before = replace(hear(running, told("activity"), at=NOW), stopping=Outcome.SWAP)

    after = hear(before, told("result", 2, diagnostics={"failure_kind": "stopped"}), at=LATER)

    assert after.last_progress == NOW
