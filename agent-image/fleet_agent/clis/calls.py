"""Tells one call of a tool from another, and one result, by digests: a loop repeats both."""

import json
import re
from collections.abc import Mapping
from hashlib import blake2b

from fleet_agent.clis.lines import LONGEST_SUMMARY, mapping, text
from fleet_agent.clis.model import Answered, Called

_BYTES = 16
# a model words it anew for the same command
_SAID_OF_A_COMMAND = "description"
_COMMANDS = ("command", "cmd")
# whoever waits for something asks again and again, and may well be told the same
_WAITS = re.compile(r"(?<![a-z])(?:sleep|wait|watch|poll)(?![a-z])|\btail\s+-\w*[fF]")


def called(call: str, tool: str, given: object) -> Called:
    """Return the call of that id with its arguments."""
    arguments = mapping(given)
    commands = [arguments[name] for name in _COMMANDS if name in arguments]
    if commands:
        arguments = {key: one for key, one in arguments.items() if key != _SAID_OF_A_COMMAND}
    waits = any(_WAITS.search(str(one)) for one in (tool, *commands))
    return Called(call, tool, _digest(arguments or given, call), waits)


def answered(call: str, result: object) -> Answered:
    """Return the result of the call of that id."""
    return Answered(call, _digest(result, call))


def done(call: str, tool: str, given: object, *, result: object) -> tuple[Called, Answered]:
    """Return a call that was told together with its result."""
    return called(call, tool, given), answered(call, result)


def called_in(block: Mapping[str, object]) -> Called:
    """Return the call in a block `tool_use` of a message."""
    call, tool = (text(block.get(key), LONGEST_SUMMARY) for key in ("id", "name"))
    return called(call, tool, block.get("input"))


def answered_in(block: Mapping[str, object]) -> Answered:
    """Return the result in a block `tool_result` of a message."""
    call = text(block.get("tool_use_id"), LONGEST_SUMMARY)
    return answered(call, [block.get("is_error") is True, block.get("content")])


def _digest(value: object, call: str) -> str:
    try:
        written = json.dumps(value, sort_keys=True)
    except RecursionError:
        written = call  # too deep to be compared: like no other
    return blake2b(written.encode(), digest_size=_BYTES).hexdigest()
