"""Weighing: what the worktrees of running attempts take of the disk, looked at again and again."""

import logging
from collections.abc import Sequence
from functools import partial

from fleet.app.crew import Crew
from fleet.app.tools import Tools
from fleet.domain.attempt import Attempt
from fleet.domain.errors import FleetError

log = logging.getLogger(__name__)

EVERY = 15.0  # seconds between two looks
SHARE = 20  # a look that takes long is followed by so many times its length without one


class Weighing:
    """The newest known size of each running attempt, in bytes, by its id."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._due: float | None = None
        self.sizes: dict[str, int] = {}

    def look(self, crew: Crew, running: Sequence[Attempt]) -> None:
        """Let the crew weigh them when it is time, one look after the other."""
        now = self._tools.clock.monotonic()
        if not running:
            self._due, self.sizes = None, {}
        elif self._due is None:
            # nobody fills a disk before the first look, and most are through by then
            self._due = now + EVERY
        elif now >= self._due:
            # whoever looks sets the next instant
            self._due = float("inf")
            crew.hand("weigh", "weigh", partial(self._weigh, running))

    def _weigh(self, running: Sequence[Attempt]) -> None:
        clock, sizes = self._tools.clock, dict[str, int]()
        began = clock.monotonic()
        try:
            for attempt in running:
                size = self._size(attempt)
                if size is not None:
                    sizes[attempt.id] = size
        finally:
            now = clock.monotonic()
            self.sizes = sizes
            self._due = now + max(EVERY, SHARE * (now - began))

    def _size(self, attempt: Attempt) -> int | None:
        """Answer its size; the last known one where it cannot be found out."""
        try:
            return self._tools.scales.weigh(attempt.id, attempt.task)
        except FleetError as error:
            told = {"attempt": attempt.id, "task": attempt.task, "reason": str(error)}
            log.warning("worktree not weighed", extra=told)
            return self.sizes.get(attempt.id)
