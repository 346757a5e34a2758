"""What one start of a CLI has said so far, and whether it is to be cut short."""

from collections import deque
from dataclasses import replace

from fleet_agent.clis.model import (
    Activity,
    Answered,
    Called,
    Denied,
    Failure,
    FailureKind,
    Heard,
    Idle,
    Said,
    Session,
    Trouble,
)
from fleet_agent.clis.usage import Scope, Spent, Usage
from fleet_agent.packet import Limits
from fleet_agent.repeats import Repeats
from fleet_agent.state import SESSION_ID

# how long a CLI may try again by itself before another agent had better take over
PATIENCE_SECONDS = 8.0
# who works without a word for so many times as long as anybody may be silent may spin for ever
_SILENT_WORK = 3
_MOST_IDLE_STEPS = 3
_MOST_FACTS = 500
_MOST_DENIALS = 100
_LONGEST_WORDS = 8192


class Notebook:
    """Grows with what a CLI says; times are monotonic seconds.

    `before` is what the session had used before this start.
    """

    def __init__(self, limits: Limits, *, now: float, before: Usage | None = None) -> None:
        self.session: str | None = None
        self.said: str | None = None
        self.usage: Usage | None = None
        self.of_session: Usage | None = None
        self.denied: Denied | None = None
        self._start: Usage | None = None
        self._limits = limits
        self._before = before
        self._facts: deque[Heard] = deque(maxlen=_MOST_FACTS)
        self._weighty: list[Heard] = []
        self._idle = 0
        self._repeats = Repeats()
        self._in_parts = False
        self._trouble: Failure | None = None
        self._trouble_at = self._heard_at = self._worked_at = now

    @property
    def facts(self) -> tuple[Heard, ...]:
        """What was said without activity and calls, oldest first.

        The oldest of too many are forgotten, but no refused tool and no error that stands.
        """
        return (*self._weighty, *self._facts)

    def stirred(self, now: float) -> None:
        """Note that the CLI said anything at all."""
        self._heard_at = now

    def worked(self, at: float) -> None:
        """Note when the CLI, or what it started, was last seen to work."""
        self._worked_at = at

    def take(self, event: Heard, *, now: float) -> None:
        """Note what a line said."""
        if not isinstance(event, Activity | Called | Answered):
            self._keep(event)
        self._repeats.take(event)
        self._idle = self._idle_after(event)
        self._in_parts = self._in_parts and _of_words(event)
        if isinstance(event, Trouble):
            # the first of several counts: a CLI that tries again and again is in trouble since then
            self._trouble_at = now if self._trouble is None else self._trouble_at
            self._trouble = event.failure
            return
        self._trouble = None
        match event:
            case Session(id=session) if SESSION_ID.fullmatch(session):
                self.session = session
            case Said():
                self._say(event)
            case Spent():
                self._spent(event)
            case Denied():
                self.denied = event
            case _:
                pass

    def _keep(self, event: Heard) -> None:
        if len(self._facts) == _MOST_FACTS and len(self._weighty) < _MOST_DENIALS:
            oldest = self._facts.popleft()
            if isinstance(oldest, Denied) or (isinstance(oldest, Trouble) and oldest.final):
                self._weighty.append(oldest)
        self._facts.append(event)

    def _say(self, event: Said) -> None:
        before = self.said if self._in_parts and event.part else None
        self.said = f"{before or ''}{event.text}"[:_LONGEST_WORDS]
        self._in_parts = event.part

    def _idle_after(self, event: Heard) -> int:
        if isinstance(event, Idle):
            return self._idle + 1
        # words alone are no work: an answer that is cut off again and again leaves some each time
        return self._idle if _of_words(event) else 0

    def _spent(self, event: Spent) -> None:
        match event.scope:
            case Scope.STEP:
                self.usage = self.usage.plus(event.usage) if self.usage else event.usage
            case Scope.START:
                self._start = _risen(event.usage, self._start)
                self.usage = self._start
            case Scope.SESSION:
                self.of_session = _risen(event.usage, self.of_session)
                used = self.of_session.minus(self._before) if self._before else self.of_session
                # a total may tell no turns; what was counted step by step stands
                turns = max(used.turns, self.usage.turns if self.usage else 0)
                self.usage = replace(used, turns=turns)

    def reason_to_cut(self, now: float) -> Failure | None:
        """Return why the CLI is to be ended now, None while it may go on."""
        if self._idle >= _MOST_IDLE_STEPS:
            message = f"the model did nothing in {self._idle} steps in a row"
            return Failure(FailureKind.HANG, message)
        loop = self._repeats.loop()
        if loop:
            return loop
        trouble = self._trouble
        if trouble and self._hopeless(trouble, now):
            return trouble
        return self._too_quiet(now)

    def _too_quiet(self, now: float) -> Failure | None:
        limit, silent = self._limits.quiet, now - self._heard_at
        if silent > limit * _SILENT_WORK:
            message = f"not a word for {silent:.0f} s, though its processes work"
            return Failure(FailureKind.HANG, message)
        if min(silent, now - self._worked_at) > limit:
            return Failure(FailureKind.HANG, f"not a word for {silent:.0f} s, and no work")
        return None

    def _hopeless(self, trouble: Failure, now: float) -> bool:
        wait = trouble.retry_after_seconds or 0
        return wait > PATIENCE_SECONDS or now - self._trouble_at > PATIENCE_SECONDS


def _risen(total: Usage, before: Usage | None) -> Usage:
    """Return a total with no count below what was told before: one that falls is a wrong one."""
    if before is None:
        return total
    costs = [cost for cost in (total.cost_micros, before.cost_micros) if cost is not None]
    return Usage(
        max(total.input_tokens, before.input_tokens),
        max(total.cached_tokens, before.cached_tokens),
        max(total.output_tokens, before.output_tokens),
        max(total.turns, before.turns),
        max(costs, default=None),
    )


def _of_words(event: Heard) -> bool:
    return isinstance(event, Said) or (isinstance(event, Activity) and event.kind == "message")
