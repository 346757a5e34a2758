"""Weighing: what the worktrees of running attempts take of the disk, looked at again and again."""

import logging
import math
from collections.abc import Mapping, Sequence
from functools import partial

from fleet.app.crew import Crew
from fleet.app.tools import Tools
from fleet.domain.attempt import Attempt
from fleet.domain.errors import FleetError, TooSlowError
from fleet.domain.guarding import EVERY, Weighed, counted, uncounted, unseen

log = logging.getLogger(__name__)


class _Row:
    """One attempt: when it is due, and what is known of it."""

    def __init__(self, due: float) -> None:
        self.due = due
        self.weighed = Weighed()


class Weighing:
    """The newest known size of each running attempt; each is looked at in its own time."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._next = 0.0
        # who stands in it, the decider says; whoever weighs writes into the rows alone
        self._rows: dict[str, _Row] = {}

    @property
    def sizes(self) -> Mapping[str, float]:
        """Answer bytes by the attempt's id."""
        return {attempt: row.weighed.size for attempt, row in self._rows.items()}

    def look(self, crew: Crew, running: Sequence[Attempt]) -> None:
        """Let the crew weigh those that are due."""
        now, rows = self._tools.clock.monotonic(), self._rows
        # nobody fills a disk before the first look, and most are through by then
        self._rows = {each.id: rows.get(each.id) or _Row(now + EVERY) for each in running}
        due = [(self._rows[each.id], each) for each in running if self._rows[each.id].due <= now]
        if due and now >= self._next:
            # whoever looks sets the next instant
            self._next = math.inf
            # the quickest first: none of them waits for one that takes minutes
            due.sort(key=lambda pair: pair[0].weighed.took)
            crew.hand("weigh", "weigh", partial(self._weigh, due))

    def _weigh(self, due: Sequence[tuple[_Row, Attempt]]) -> None:
        clock = self._tools.clock
        try:
            for row, attempt in due:
                row.weighed = self._newly(attempt, row.weighed)
                row.due = clock.monotonic() + row.weighed.pause
        finally:
            # not each at its own instant: a report wakes the decider
            self._next = clock.monotonic() + EVERY

    def _newly(self, attempt: Attempt, weighed: Weighed) -> Weighed:
        clock = self._tools.clock
        began = clock.monotonic()
        try:
            size = self._tools.scales.weigh(attempt.id, attempt.task)
        except FleetError as error:
            told = {"attempt": attempt.id, "task": attempt.task, "reason": str(error)}
            log.warning("worktree not weighed", extra=told)
            failed = uncounted if isinstance(error, TooSlowError) else unseen
            return failed(weighed, took=clock.monotonic() - began)
        return counted(size, took=clock.monotonic() - began)
