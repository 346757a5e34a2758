"""Takes apart a CLI's JSON lines: what has not the expected type counts as absent, never raises."""

import json
from collections.abc import Callable, Mapping, Sequence

from fleet_agent.clis.model import Activity, Heard
from fleet_agent.text import clean, last_line

Reader = Callable[[Mapping[str, object]], tuple[Heard, ...]]

LONGEST_SUMMARY = 200
LONGEST_WORDS = 8192
_MOST = 10**15
_NOTHING: Mapping[str, object] = {}


def object_of(line: bytes) -> Mapping[str, object] | None:
    """Return the JSON object on a line, None where there is none."""
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        return mapping(json.loads(line))
    except (ValueError, RecursionError):
        return None


def mapping(value: object) -> Mapping[str, object]:
    """Return an object; an empty one for anything else."""
    return value if isinstance(value, dict) else _NOTHING


def mappings(value: object) -> Sequence[Mapping[str, object]]:
    """Return the objects of a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: object, limit: int = LONGEST_WORDS) -> str:
    """Return a text, clean and cut; an empty one for anything else."""
    return clean(value, limit) if isinstance(value, str) else ""


def count(value: object) -> int:
    """Return a whole number from 0 on; 0 for anything else."""
    return value if type(value) is int and 0 <= value <= _MOST else 0


def dollars(value: object) -> int | None:
    """Return an amount in dollars as micro-dollars, None where it is none."""
    amount = _amount(value)
    return None if amount is None else round(amount * 1_000_000)


def milliseconds(value: object) -> float | None:
    """Return a length in milliseconds as seconds, None where it is none."""
    amount = _amount(value)
    return None if amount is None else amount / 1000


def _amount(value: object) -> float | None:
    """Return a number from 0 on; neither infinity nor what no float holds can be told on."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value <= _MOST else None


def activity(kind: str, told: str) -> Activity:
    """Return activity with a summary of one line."""
    return Activity(kind, clean(" ".join(told[: 4 * LONGEST_SUMMARY].split()), LONGEST_SUMMARY))


def plain(line: bytes) -> tuple[Activity, ...]:
    """Return a line of no known form as activity; an empty line is none."""
    summary = last_line(line, LONGEST_SUMMARY)
    return (Activity("output", summary),) if summary else ()


def read_by(readers: Mapping[str, Reader], told: Mapping[str, object]) -> tuple[Heard, ...]:
    """Return what a line says by the reader of its `type`; of no known type it is activity."""
    name = text(told.get("type"), LONGEST_SUMMARY)
    reader = readers.get(name)
    return reader(told) if reader else (activity("output", name),)
