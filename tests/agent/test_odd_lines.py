"""Whatever stands in a line of a CLI, its parser answers, and what it answers can be told on."""

import json
import math
from typing import Any

import pytest

from fleet_agent.clis import REGISTRY
from fleet_agent.clis.model import Trouble
from fleet_agent.clis.usage import Spent
from fleet_agent.findings import Findings
from fleet_agent.frame import frame
from tests.agent.asking import TRANSCRIPTS, an_end, of

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0.5,
    10**400,
    math.inf,
    math.nan,
    "x",
    "",
    [],
    [[]],
    {},
    {"x": 1},
)
# of which no recorded line tells
TOLD = {"qwen": [{"type": "system", "subtype": "retry", "data": {"delayMs": 1}}]}
AGENTS = sorted({path.name.partition("_")[0] for path in TRANSCRIPTS.glob("*_*.json*")})


def recorded(agent):
    """Yield the objects of an agent's transcripts, one of each shape."""
    shapes: dict[str, Any] = {}
    for path in TRANSCRIPTS.glob(f"{agent}_*.json*"):
        # a document is one object, however many lines it has
        whole = path.read_bytes()
        for line in [whole] if path.suffix == ".json" else whole.splitlines():
            if line.startswith(b"{"):
                told = json.loads(line)
                shapes.setdefault(str(sorted(map(str, places(told)))), told)
    yield from (*shapes.values(), *TOLD.get(agent, ()))


def places(value):
    """Yield the place of everything in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, below in inner:
        yield (key,)
        if isinstance(below, dict | list):
            yield from ((key, *rest) for rest in places(below))


def having(value, place, odd):
    """Answer the document with something odd in one place."""
    key, *rest = place
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[key] = having(value[key], rest, odd) if rest else odd
    return copy


@pytest.mark.parametrize("agent", AGENTS)
def test_nothing_odd_in_a_recorded_line_breaks_a_parser_or_what_is_told_of_it(agent):
    cli = REGISTRY[agent]
    lines = [
        json.dumps(having(told, place, odd)).encode()
        for told in recorded(agent)
        for place in places(told)
        for odd in ODD
    ]

    assert lines
    for line in lines:
        events = (*cli.parse(line), *cli.read(line))
        failures = [cli.classify(an_end(events)), *(each.failure for each in of(Trouble, events))]
        for failure in filter(None, failures):
            frame(Findings().result(failure, seconds=1.0))
        for spent in of(Spent, events):
            frame(spent.usage.fields())
