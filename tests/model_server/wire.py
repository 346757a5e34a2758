"""What every wire has in common: a request as read, an answer, and how a step is called."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from tests.model_server.steps import Turn
from tests.model_server.troubles import Refusal

Json = dict[str, Any]
EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True)
class Tool:
    """A tool as offered: `freeform` takes text, not JSON; `space` is its name's first half."""

    name: str
    freeform: bool = False
    space: str | None = None


@dataclass(frozen=True)
class Asked:
    """A request as any vendor would understand it.

    `shown` counts the turns of the model that its history holds; `streamed` says whether events
    are wanted or one document.
    """

    model: str
    shown: int
    messages: int
    tools: tuple[Tool, ...]
    streamed: bool

    @property
    def aside(self) -> bool:
        """A question beside the work, such as for a title: no tool is offered."""
        return not self.tools


@dataclass(frozen=True)
class Answer:
    """What is sent: the body in the pieces that a stream has."""

    status: int
    pieces: tuple[bytes, ...]
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Wire:
    """A vendor's protocol: reads a request, words a turn, words a refusal."""

    name: str
    read: Callable[[str, Json], Asked]
    words: Callable[[Asked, Turn], Answer]
    refuses: Callable[[Asked, Refusal], Answer]


def document(status: int, body: Json, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer one JSON document."""
    return Answer(status, (json.dumps(body).encode(),), headers=headers or {})


def events(*told: Json, named: bool = True) -> tuple[bytes, ...]:
    """Answer server-sent events; `named` repeats a field `type` as the event's name."""
    return tuple(
        (f"event: {one['type']}\n" if named else "").encode()
        + f"data: {json.dumps(one)}\n\n".encode()
        for one in told
    )


def runs_of(speakers: list[str], speaker: str) -> int:
    """Count how often the speaker began to speak."""
    return sum(1 for who, _ in groupby(speakers) if who == speaker)
