"""Money: whole micro-dollars, never below what was told, never forgotten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.domain.agent import Meter
from fleet.domain.budget import Price, cost, dollars, metered, micros, requests_of, settle
from fleet.domain.errors import ConfigError
from fleet.domain.result import Usage

counts = st.integers(0, 10**12)
prices = st.builds(Price, input=counts, cached_input=counts, output=counts)
usages = st.builds(
    Usage,
    input_tokens=counts,
    cached_tokens=counts,
    output_tokens=counts,
    turns=counts,
    cost_micros=st.none() | counts,
)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [("0", 0), ("3", 3_000_000), (0.1, 100_000), ("0.000001", 1), ("1e3", 10**9), (2.5, 2_500_000)],
)
def test_dollars_become_micro_dollars(amount, expected):
    assert micros(amount) == expected


@pytest.mark.parametrize("amount", ["", "abc", "-1", "nan", "inf", "-0.01", "1,5", float("nan")])
def test_what_is_no_amount_is_refused(amount):
    with pytest.raises(ConfigError, match="no amount of dollars"):
        micros(amount)


@pytest.mark.parametrize("amount", ["0.0000001", 1e-9])
def test_an_amount_below_what_can_be_counted_is_not_taken_for_nothing(amount):
    with pytest.raises(ConfigError, match="less than can be counted"):
        micros(amount)


@given(st.integers(0, 10**15))
def test_an_amount_survives_being_shown(amount):
    assert dollars(amount) == amount / 1_000_000
    assert dollars(None) is None


def test_what_the_agent_told_goes_before_the_price():
    usage = Usage(input_tokens=10**6, cost_micros=7)

    assert cost(usage, Price(input=3_000_000, cached_input=0, output=0)) == 7


def test_a_price_counts_cached_input_apart():
    price = Price(input=3_000_000, cached_input=300_000, output=15_000_000)
    usage = Usage(input_tokens=1_000_000, cached_tokens=400_000, output_tokens=100_000)

    assert cost(usage, price) == 1_800_000 + 120_000 + 1_500_000


def test_a_part_of_a_micro_dollar_is_rounded_up():
    assert cost(Usage(output_tokens=1), Price(input=0, cached_input=0, output=1)) == 1


def test_cost_is_unknown_without_word_and_price():
    assert cost(Usage(output_tokens=5), None) is None


@given(usages, st.none() | prices)
def test_cost_is_never_negative(usage, price):
    assert (cost(usage, price) or 0) >= 0


@given(counts, usages, st.none() | prices, st.booleans())
def test_a_settlement_is_never_below_what_was_told(reserved, usage, price, known):
    settled, _ = settle(reserved, usage, price=price, known=known)

    assert settled >= (cost(usage, price) or 0)
    assert settled >= 0


@given(counts, usages, st.none() | prices)
def test_unknown_usage_costs_the_whole_reservation(reserved, usage, price):
    settled, estimated = settle(reserved, usage, price=price, known=False)

    assert settled >= reserved
    assert estimated is (reserved > 0)


@given(counts, usages, prices)
def test_known_usage_costs_just_that(reserved, usage, price):
    assert settle(reserved, usage, price=price, known=True) == (cost(usage, price), False)


def test_tokens_without_cost_and_price_cost_the_reservation():
    assert settle(500, Usage(output_tokens=1), price=None, known=True) == (500, True)


def test_nothing_used_costs_nothing_where_that_is_known():
    assert settle(500, Usage(), price=None, known=True) == (0, False)


def test_a_cost_of_nothing_is_not_believed_where_there_is_a_price():
    usage = Usage(output_tokens=10, cost_micros=0)

    assert cost(usage, Price(input=0, cached_input=0, output=2_000_000)) == 20
    assert cost(usage, None) == 0


LIVE, END = Meter.LIVE, Meter.END


@pytest.mark.parametrize(
    ("kind", "meter", "told", "known"),
    [
        ("none", END, True, True),
        ("none", LIVE, False, False),
        ("self_check", END, True, True),
        ("self_check", LIVE, False, False),
        # refused at the first call: who tells while it works has used nothing
        ("rate_limit", LIVE, False, True),
        ("auth", LIVE, True, True),
        ("rate_limit", END, False, False),
        ("setup", END, False, True),
        # refused in a later round: who tells only at the end had told of earlier rounds
        *((kind, END, True, False) for kind in ("rate_limit", "overloaded", "context_too_long")),
        ("context_too_long", LIVE, True, True),
        # stopped while it worked: the same
        *((kind, LIVE, True, True) for kind in ("limit", "budget", "loop")),
        *((kind, END, True, False) for kind in ("limit", "budget", "loop")),
        *((kind, LIVE, True, False) for kind in ("stopped", "timeout", "hang", "oom", "crash")),
        ("approval_required", LIVE, True, False),
        ("", LIVE, True, False),
        ("of a later runner", LIVE, False, False),
    ],
)
def test_usage_is_known_where_the_agent_came_to_its_end_and_told(kind, meter, told, known):
    assert metered(kind, meter, told=told) is known


@pytest.mark.parametrize(
    ("kind", "turns", "requests"),
    [("crash", 0, 1), ("", 0, 1), ("none", 0, 1), ("none", 7, 7), ("setup", 0, 0), ("setup", 2, 2)],
)
def test_who_told_of_no_request_made_one_unless_it_never_came_to_that(kind, turns, requests):
    assert requests_of(Usage(turns=turns), kind) == requests
