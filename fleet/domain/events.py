"""Event rows of the ledger: what happened, to what, by whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Event:
    """A line of history; `id` is given by the ledger and only rises.

    `seq` is the number of an event line told by an attempt's container, unique with `attempt`,
    so that a line is applied once however often it is read; None for what fleet itself did.
    """

    kind: str
    at: datetime
    who: str = "fleet"
    task: str | None = None
    attempt: str | None = None
    seq: int | None = None
    what: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0
