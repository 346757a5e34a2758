"""Plays: what a simulated agent does from its container's start on, drawn by dice."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from fleet.domain.agent import AGENTS, Meter
from fleet.domain.budget import dollars
from fleet.domain.profile import Profile
from fleet.domain.scenario import Behaviour, Span, Trouble
from fleet.domain.wire import Line
from fleet.ports import Exit

Kind = TypeVar("Kind")

_NEVER = math.inf
# how far an attempt has come when trouble meets it, as a share of its time
_MET = Span(least=0.05, most=0.9)
_NO_RESULT = frozenset({Trouble.CRASH, Trouble.VANISH})
_NO_END = frozenset({Trouble.HANG, Trouble.SILENT, Trouble.OVERTIME})
_TELLS_RESET = frozenset({Trouble.RATE_LIMIT, Trouble.QUOTA})


class Dice(Protocol):
    """What chance is taken from; `random.Random` is one."""

    def random(self) -> float:
        """Answer a number from 0 up to, not including, 1."""
        ...


def drawn(span: Span, dice: Dice) -> float:
    """Answer a number of the range, each as likely as any other."""
    return span.least + (span.most - span.least) * dice.random()


def picked(shares: Mapping[Kind, float], dice: Dice) -> Kind | None:
    """Answer one of the keys by its share of 1, None where chance falls on none of them."""
    rest = dice.random()
    for kind, share in shares.items():
        if rest < share:
            return kind
        rest -= share
    return None


@dataclass(frozen=True, kw_only=True)
class Play:
    """What an agent does; all times are seconds from its start.

    It calls its model every `call_every` until `works`, tells beats until `beats` and ends by
    itself at `lasts`. `resets` is what its vendor tells of a limit; `red` is what the checks say
    of its work.
    """

    meter: Meter
    call_every: float
    call_micros: int
    works: float
    beats: float
    lasts: float
    trouble: Trouble | None
    resets: float | None
    red: bool

    @property
    def exit(self) -> Exit | None:
        """Answer how its container ends by itself, None for one that vanishes."""
        if self.trouble is Trouble.VANISH:
            return None
        return Exit(code=0 if self.trouble is None else 1, out_of_memory=False)

    def calls(self, elapsed: float) -> int:
        """Answer how many calls of the model have ended by then."""
        return int(min(elapsed, self.works) // self.call_every)


def play_of(profile: Profile, behaviour: Behaviour, dice: Dice) -> Play:
    """Draw what an attempt of that profile does."""
    seconds = drawn(behaviour.seconds, dice)
    micros = drawn(behaviour.micros, dice)
    trouble = picked(behaviour.troubles, dice)
    met = seconds if trouble is None else seconds * drawn(_MET, dice)
    return Play(
        meter=AGENTS[profile.agent].meter,
        call_every=behaviour.call_every,
        call_micros=int(micros / max(1, seconds // behaviour.call_every)),
        works=_NEVER if trouble is Trouble.OVERTIME else met,
        beats=met if trouble is Trouble.SILENT else _NEVER,
        lasts=_NEVER if trouble in _NO_END else met,
        trouble=trouble,
        resets=drawn(behaviour.resets, dice) if trouble in _TELLS_RESET else None,
        red=dice.random() < behaviour.red,
    )


def lines_of(play: Play, before: float | None, now: float, *, seq: int) -> tuple[Line, ...]:
    """Answer what it says after `before` (None: it has said nothing yet) and up to `now`."""
    said: list[tuple[str, Mapping[str, object]]] = []
    if before is None:
        said.append(("started", {}))
    if play.calls(now) > play.calls(before or 0.0):
        said.append(("activity", {}))
        if play.meter is Meter.LIVE:
            said.append(("usage", _usage(play, now)))
    if now < play.beats:
        said.append(("beat", {"phase": "agent"}))
    if play.lasts <= now and play.trouble not in _NO_RESULT:
        said.append(("result", _result(play, now)))
    return tuple(_numbered(said, seq))


def _numbered(said: Iterable[tuple[str, Mapping[str, object]]], seq: int) -> Iterable[Line]:
    for number, (kind, data) in enumerate(said, start=seq + 1):
        yield Line(seq=number, type=kind, data=data)


def _usage(play: Play, now: float) -> dict[str, object]:
    calls = play.calls(now)
    return {"cost_usd": dollars(calls * play.call_micros), "turns": calls}


def _result(play: Play, now: float) -> dict[str, object]:
    kind = None if play.trouble is None else play.trouble.value
    return {
        "status": "success" if kind is None else "failure",
        "summary": "simulated",
        "diagnostics": {
            "failure_kind": kind,
            "message": f"simulated: {kind}" if kind else "",
            "retry_after_seconds": play.resets,
            "usage": _usage(play, now),
        },
    }
