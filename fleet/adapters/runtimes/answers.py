"""What an engine's answers mean in fleet's words."""

import json
from collections.abc import Mapping
from typing import Any

from docker.errors import APIError, NotFound

from fleet.ports import Exit

_CONFLICT = 409


def agents_of(label: str | None) -> frozenset[str] | None:
    """Read the label: a JSON object of versions; whoever wrote another word there said nothing."""
    try:
        told = json.loads(label or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    return frozenset(name for name, version in told.items() if version is not None)


def exit_of(state: dict[str, Any]) -> Exit | None:
    """Answer how a container ended, None where it did not or is being removed."""
    # while it is being removed ("removing", "dead") its exit code is that of the removal's kill
    if state["Running"] or state["Status"] != "exited":
        return None
    return Exit(code=int(state["ExitCode"]), out_of_memory=bool(state["OOMKilled"]))


def name_of(row: Mapping[str, Any]) -> str:
    """Answer the name of a listed container, its id where it has none, as a dead one may."""
    return str((row["Names"] or [row["Id"]])[0]).removeprefix("/")


def conflicts(error: APIError) -> bool:
    """Tell whether the engine refuses for the sake of what stands there already."""
    return bool(error.status_code == _CONFLICT)


def gone(error: APIError) -> bool:
    """Tell whether there is no such thing, or soon none."""
    said = str(error.explanation or "")
    going = "is already in progress" in said or "marked for removal" in said
    return isinstance(error, NotFound) or (conflicts(error) and going)


def half_started(error: APIError) -> bool:
    """Tell whether the engine once began to start the container, died, and does not know it.

    Its containerd does: there the container's process stands, begun or waiting to, out of reach.
    """
    said = str(error.explanation or "").rstrip()
    # the second where it is not sure either that it could tidy that up
    return said.endswith((": already exists", "id already in use"))


def text_of(tail: bytes, *, limit: int) -> str:
    """Answer the last `limit` bytes of a stream as text."""
    text = tail.decode(errors="replace")
    # a character cut in two at the limit is no fault of the container
    return text.lstrip("\ufffd") if len(tail) == limit else text
