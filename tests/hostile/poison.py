"""Lessons that an agent might propose to do harm, and honest ones that sound like them."""

import json
from pathlib import Path

_TOLD = json.loads((Path(__file__).resolve().parents[1] / "data" / "poison.json").read_text())


def _all(kind: str) -> tuple[str, ...]:
    return tuple(text for texts in _TOLD[kind].values() for text in texts)


# what an agent that was taken over might leave for the others; each must never reach one
ATTACKS = _all("attacks")
# lessons with the same words that do no harm; each must get through
HONEST = _all("honest")
