"""Asks a CLI's module as the runner does, and plays recorded lines to it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fleet_agent.clis.model import Activity, Ask, End, RoundPlaces, Told
from fleet_agent.packet import AgentChoice, Limits, Packet

TRANSCRIPTS = Path(__file__).parent / "transcripts"
HOME = Path("/home/agent")
AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def an_ask(agent, *, model="some/model", turns=None, base_url=None, teams=False, **changes):
    limits = Limits(3600, 600, 600, 5, 10, 600, turns, None)
    packet = Packet(
        whole={},
        task_id="APP-12",
        agent=AgentChoice(agent, model, (), base_url, teams),
        setup=(),
        check=(),
        self_check_rounds=0,
        needs_secret=True,
        limits=limits,
    )
    ask: dict[str, Any] = {
        "prompt": "make it green",
        "system": "be brief",
        "session": None,
        "home": HOME,
        "secrets": {"api_key": "sk-secret\n"},
        "withheld": frozenset(),
        "mcp": ("fleet-agent", "mcp"),
        "places": RoundPlaces(Path("/tmp/p.json"), Path("/tmp/r.json"), Path("/tmp/s")),
    }
    return Ask(packet=packet, **(ask | changes))


def heard(parse, name):
    """Return what all lines of a transcript say."""
    lines = (TRANSCRIPTS / name).read_bytes().splitlines()
    return tuple(event for line in lines for event in parse(line))


def facts(events):
    return tuple(event for event in events if not isinstance(event, Activity))


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def an_end(events=(), *, exit_code=0, stderr=b""):
    return End(exit_code, b"", stderr, Told(), facts(events), at=AT)


def kind_of_end(cli, events=(), **end):
    """Return the kind of the failure, None where it is a success."""
    failure = cli.classify(an_end(events, **end))
    return failure and failure.kind
