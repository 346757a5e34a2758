"""Money: what ran is settled once, what was held is settled or given back, and the sums agree."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.chaos.evidence import Evidence, Row

_MICROS = 1_000_000
_KINDS = ("input", "cached", "output")


def money(evidence: Evidence) -> Iterator[str]:
    """Yield where money was lost, doubled, or booked on another day or under another name."""
    yield from _once(evidence)
    yield from _held(evidence)
    attempts = {attempt["id"]: attempt for attempt in evidence.rows["attempts"]}
    for settled in evidence.rows["settlements"]:
        attempt = attempts.get(settled["attempt"])
        if attempt is None:
            yield f"money: {settled['attempt']} is settled, there is no such attempt"
        else:
            yield from _rightly(settled, attempt, evidence.price(attempt["profile"]))
    yield from _told(evidence)
    yield from _days(evidence)


def _once(evidence: Evidence) -> Iterator[str]:
    times = Counter(row["attempt"] for row in evidence.rows["settlements"])
    for attempt in evidence.rows["attempts"]:
        ran = attempt["outcome"] is not None and attempt["profile"] != "fleet"
        if times[attempt["id"]] != int(ran):
            word = "ran" if ran else "never ran"
            yield f"money: {attempt['id']} {word}, settled {times[attempt['id']]} times"


def _held(evidence: Evidence) -> Iterator[str]:
    """Yield what was reserved otherwise than once, or is held for ever."""
    held = Counter(row["attempt"] for row in evidence.rows["reservations"])
    sums = {row["attempt"]: row["micros"] for row in evidence.rows["reservations"]}
    for attempt in evidence.rows["attempts"]:
        key = attempt["id"]
        wanted = int(attempt["profile"] != "fleet")
        if held[key] != wanted:
            yield f"money: {key} has {held[key]} reservations"
        elif wanted and sums[key] != attempt["reserved_micros"]:
            yield f"money: {key} holds {attempt['reserved_micros']}, {sums[key]} are reserved"
        if attempt["state"] in {"leased", "preparing", "running"}:
            yield f"money: {key} still holds {attempt['reserved_micros']}"


def _rightly(settled: Row, attempt: Row, price: Row) -> Iterator[str]:
    key = settled["attempt"]
    usage = json.loads(settled["usage"])
    if usage != json.loads(attempt["usage"]):
        yield f"money: {key} is settled for another usage than it told"
    cost = _cost(usage, price)
    due = max(cost, attempt["reserved_micros"]) if settled["estimated"] else cost
    if settled["micros"] != due:
        yield f"money: {key} is settled with {settled['micros']}, {due} are due"
    for name in ("task", "project", "account"):
        if settled[name] != attempt[name]:
            yield f"money: {key} is settled for {name} {settled[name]}, not {attempt[name]}"


def _cost(usage: Row, price: Row) -> int:
    """Answer micro-dollars: as told, else by the price in dollars of a million tokens."""
    if usage["cost_micros"] or not price:
        return int(usage["cost_micros"] or 0)
    fresh = usage["input_tokens"] - usage["cached_tokens"]
    read = fresh * price["input"] + usage["cached_tokens"] * price["cached_input"]
    whole: float = read + usage["output_tokens"] * price["output"]
    return math.ceil(whole)


def _told(evidence: Evidence) -> Iterator[str]:
    """Hold settlements against what the agents' own results said that they cost."""
    settled = {row["attempt"]: row["micros"] for row in evidence.rows["settlements"]}
    profiles = {row["id"]: row["profile"] for row in evidence.rows["attempts"]}
    for event in evidence.rows["events"]:
        if event["kind"] != "agent.result":
            continue
        told = json.loads(event["data"]).get("diagnostics", {}).get("usage") or {}
        profile = profiles.get(event["attempt"], "")
        due = _due(told, evidence.price(profile))
        if due > settled.get(event["attempt"], 0):
            yield f"money: {event['attempt']} told of {due}, less was settled"


def _due(told: Row, price: Row) -> int:
    named = {f"{name}_tokens": told.get(f"{name}_tokens", 0) for name in _KINDS}
    return _cost({"cost_micros": round((told.get("cost_usd") or 0) * _MICROS), **named}, price)


def _days(evidence: Evidence) -> Iterator[str]:
    """Hold the sums of days, as they are asked for, against the sums of when it was settled."""
    booked: defaultdict[str, int] = defaultdict(int)
    spent: defaultdict[str, int] = defaultdict(int)
    for row in evidence.rows["settlements"]:
        booked[row["day"]] += row["micros"]
        booked[f"project {row['project_day']}"] += row["micros"]
        day = row["at"][:10]
        spent[day] += row["micros"]
        spent[f"project {day}"] += row["micros"]
    for day in sorted({*booked, *spent}):
        if booked[day] != spent[day]:
            yield f"money: {booked[day]} are booked for {day}, {spent[day]} were spent"
