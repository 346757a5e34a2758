"""One try at a task: its states, the only roads between them, and `advance`."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from fleet.domain.errors import IllegalMoveError
from fleet.domain.result import Usage
from fleet.domain.swap import Cause


class State(StrEnum):
    """Where an attempt stands; it only moves forward."""

    LEASED = "leased"
    PREPARING = "preparing"
    RUNNING = "running"
    COLLECTED = "collected"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    MERGED = "merged"
    REJECTED = "rejected"
    FAILED = "failed"
    LOST = "lost"
    SWAPPED = "swapped"
    PAUSED = "paused"
    CANCELLED = "cancelled"


ROADS: dict[State, frozenset[State]] = {
    State.LEASED: frozenset({State.PREPARING, State.FAILED, State.LOST, State.CANCELLED}),
    State.PREPARING: frozenset(
        {State.RUNNING, State.FAILED, State.LOST, State.SWAPPED, State.CANCELLED}
    ),
    State.RUNNING: frozenset({State.COLLECTED}),
    State.COLLECTED: frozenset(
        {
            State.VERIFYING,
            State.FAILED,
            State.LOST,
            State.SWAPPED,
            State.PAUSED,
            State.CANCELLED,
        }
    ),
    State.VERIFYING: frozenset({State.VERIFIED, State.REJECTED, State.FAILED, State.CANCELLED}),
    State.VERIFIED: frozenset({State.MERGED, State.REJECTED, State.CANCELLED}),
    State.MERGED: frozenset(),
    State.REJECTED: frozenset(),
    State.FAILED: frozenset(),
    State.LOST: frozenset(),
    State.SWAPPED: frozenset(),
    State.PAUSED: frozenset(),
    State.CANCELLED: frozenset(),
}

LIVE = frozenset(state for state, roads in ROADS.items() if roads)
# profile and account of the attempts that fleet makes itself: no agent has them
BY_FLEET = "fleet"
HOLDS_SLOT = frozenset({State.LEASED, State.PREPARING, State.RUNNING})


class Outcome(StrEnum):
    """Why an attempt stopped running, written with the move to COLLECTED."""

    FINISHED = "finished"
    FAILED = "failed"
    LOST = "lost"
    SWAP = "swap"
    PAUSED = "paused"
    CANCELLED = "cancelled"


class Red(StrEnum):
    """What made an attempt end REJECTED; a conflict has its own cap and is not counted red."""

    CHECK = "check"
    REVIEW = "review"
    POLICY = "policy"
    UNCHANGED = "unchanged"
    MERGED_TIP = "merged_tip"
    CONFLICT = "conflict"


# the work did not go together with that of others: who goes on begins at the target
WITH_OTHERS = frozenset({Red.CONFLICT, Red.MERGED_TIP})


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try by one agent in one container.

    `version` is the lease's fencing token: who holds an older one changes nothing. `stopping` names
    the outcome a stop was sent for; from then on nothing the container says counts as success.
    `hindered` says why it could not be started, or its work not be committed, at the last try.
    `claims` counts the agent's own progress reports since it last did anything else.
    `cause` is why it is ended by a swap, None where it is not. `last_turn` is when the agent last
    told of a finished turn. `last_work` is when its processes were last seen to work, whatever
    they told. `ran_seconds` is for how long it had run at its last beat, by a clock that nobody
    sets; None before. `failure_kind` is `none` once the agent's result told of success.
    `reserved_micros` is money in micro-dollars held until the attempt is collected. `others` are
    the tasks whose merged work it was in conflict with, or red together with.
    """

    id: str
    task: str
    project: str
    number: int
    profile: str
    account: str
    branch: str
    state: State
    created: datetime
    reserved_micros: int = 0
    fresh: bool = False
    base: str | None = None
    head: str | None = None
    started: datetime | None = None
    ended: datetime | None = None
    last_beat: datetime | None = None
    last_progress: datetime | None = None
    last_seq: int = 0
    claims: int = 0
    last_turn: datetime | None = None
    last_work: datetime | None = None
    ran_seconds: float | None = None
    stopping: Outcome | None = None
    cause: Cause | None = None
    outcome: Outcome | None = None
    reason: str = ""
    hindered: str = ""
    red: Red | None = None
    failure_kind: str = ""
    self_check_red: bool = False
    summary: str = ""
    diagnosis: str = ""
    usage: Usage = field(default_factory=Usage)
    approved_sha: str | None = None
    others: tuple[str, ...] = ()
    cleaned: bool = False
    version: int = 0

    @property
    def live(self) -> bool:
        """Tell whether it has not come to an end."""
        return self.state in LIVE

    @property
    def by_fleet(self) -> bool:
        """Tell whether fleet made it itself: no agent, no container, no money."""
        return self.profile == BY_FLEET

    @property
    def holds_slot(self) -> bool:
        """Tell whether it still holds its lease, its slot and its money."""
        return self.state in HOLDS_SLOT

    @property
    def container(self) -> str:
        """Answer the fixed name of its container."""
        return f"fleet-{self.id}"


def attempt_id(task: str, number: int, home8: str) -> str:
    """Answer the id `app-12-3-<home8>`, unique across homes."""
    return f"{task.lower()}-{number}-{home8}"


def advance(attempt: Attempt, to: State, *, at: datetime, reason: str = "") -> Attempt:
    """Move the attempt along a road; raises IllegalMoveError where there is none."""
    if to not in ROADS[attempt.state]:
        raise IllegalMoveError(f"attempt {attempt.id}: no road from {attempt.state} to {to}")
    moved = replace(attempt, state=to, reason=reason or attempt.reason)
    if to is State.RUNNING:
        return replace(moved, started=at, last_beat=at, last_progress=at)
    if to not in LIVE:
        return replace(moved, ended=at)
    return moved


_ENDS = {
    Outcome.FINISHED: State.VERIFYING,
    Outcome.FAILED: State.FAILED,
    Outcome.LOST: State.LOST,
    Outcome.SWAP: State.SWAPPED,
    Outcome.PAUSED: State.PAUSED,
    Outcome.CANCELLED: State.CANCELLED,
}


def end_of(outcome: Outcome, *, self_check_red: bool) -> State:
    """Answer where a COLLECTED attempt goes: on to VERIFYING, or to the end its outcome names.

    The container's own self-check is advice: a red one is verified all the same.
    """
    if outcome is Outcome.FAILED and self_check_red:
        return State.VERIFYING
    return _ENDS[outcome]
