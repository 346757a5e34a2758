"""Task keys, branches and cycles."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.errors import ConfigError
from fleet.domain.task import Priority, Resolution, branch_of, cycle_through, parse_key
from tests.builders import a_task

keys = st.sampled_from([f"APP-{number}" for number in range(1, 8)])


@pytest.mark.parametrize(
    ("text", "key"), [("APP-12", "APP-12"), (" app-1\n", "APP-1"), ("A1B2-999999999", None)]
)
def test_a_key_is_read_whatever_its_case(text, key):
    assert parse_key(text) == (key or text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "APP",
        "APP-",
        "APP-0",
        "APP-01",
        "-1",
        "1APP-1",
        "APP-1-2",
        "APP-1;rm",
        "ÄPP-1",
        "APP-1234567890",
        "APP-\N{ARABIC-INDIC DIGIT ONE}",
    ],
)
def test_what_is_no_key_is_refused_with_an_example(text):
    with pytest.raises(ConfigError, match="APP-12"):
        parse_key(text)


@given(st.text())
def test_any_text_is_a_key_or_refused(text):
    try:
        key = parse_key(text)
    except ConfigError:
        return
    assert branch_of(key).isascii()
    assert parse_key(key) == key


def test_a_branch_is_named_after_its_task():
    assert a_task("APP-12").branch == "fleet/app-12"


def test_priorities_are_ordered():
    assert [p.rank for p in Priority] == [0, 1, 2, 3]
    assert Priority.CRITICAL.rank < Priority.LOW.rank


def test_a_task_is_open_until_it_is_resolved():
    assert a_task().open
    assert not any(a_task(resolution=end).open for end in Resolution)


@pytest.mark.parametrize(
    ("edges", "cycle"),
    [
        ({}, ()),
        ({"APP-1": ["APP-1"]}, ("APP-1", "APP-1")),
        ({"APP-1": ["APP-2"], "APP-2": ["APP-1"]}, ("APP-1", "APP-2", "APP-1")),
        ({"APP-1": ["APP-2"], "APP-2": ["APP-3"]}, ()),
        ({"APP-1": ["APP-2"], "APP-2": ["APP-3"], "APP-3": ["APP-2"]}, ()),
        ({"APP-1": ["APP-2", "APP-3"], "APP-2": ["APP-3"]}, ()),
    ],
)
def test_a_cycle_is_found_and_named(edges, cycle):
    assert cycle_through("APP-1", edges) == cycle


@given(st.dictionaries(keys, st.lists(keys, max_size=4)), keys)
def test_a_cycle_follows_the_edges(edges, key):
    cycle = cycle_through(key, edges)

    assert not cycle or cycle[0] == cycle[-1] == key
    assert all(needed in edges[here] for here, needed in pairwise(cycle))
