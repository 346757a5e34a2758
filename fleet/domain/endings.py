"""Why an attempt ended, in words for whoever goes on with its task."""

from collections.abc import Mapping
from types import MappingProxyType

from fleet.domain.attempt import Attempt, Red, State
from fleet.domain.swap import Cause

_BY_CAUSE: Mapping[Cause, str] = MappingProxyType(
    {
        Cause.HEARTBEAT_LOST: "its container gave no sign of life any more",
        Cause.STALLED: "it was alive and made no progress",
        Cause.OVERTIME: "its time was over",
        Cause.LOOPING: "it did the same again and again without any progress",
        Cause.RATE_LIMIT: "its account had asked its vendor too often",
        Cause.QUOTA: "the quota of its account was used up",
        Cause.OVERLOADED: "its vendor was overloaded",
        Cause.NETWORK: "its vendor could not be reached",
        Cause.AUTH: "its account was not let in",
        Cause.BILLING: "its account had no credit",
        Cause.CREDENTIAL: "the credential of its account could not be used",
        Cause.CONFIG: "its profile or account is not in the fleet's files any more",
        Cause.CONTEXT_TOO_LONG: "the task did not fit into the context of its model",
        Cause.MODEL_NOT_FOUND: "its account does not have its model",
        Cause.RESERVATION: "the money held for it was used up",
        Cause.ACCOUNT_BUDGET: "its account's budget of the day was used up",
        Cause.ACCOUNT_REQUESTS: "its account's requests of the day were used up",
        Cause.PROJECT_BUDGET: "the project's budget of the day was used up",
        Cause.TASK_BUDGET: "the budget of the task was used up",
        Cause.RUN_BUDGET: "the budget of the run was used up",
        Cause.OVERGROWN: "its files took more of the disk than an attempt may have",
        Cause.WINDOW_CLOSED: "its account may not be used at this hour",
        Cause.RED: "its work was rejected",
    }
)
_BY_RED: Mapping[Red, str] = MappingProxyType(
    {
        Red.CHECK: "the checks were red on its work",
        Red.REVIEW: "a reviewer rejected its work",
        Red.POLICY: "its changes are not allowed",
        Red.UNCHANGED: "it changed nothing",
        Red.MERGED_TIP: "its work was red once merged with the target",
        Red.CONFLICT: "its work conflicts with the target",
    }
)
_BY_STATE: Mapping[State, str] = MappingProxyType(
    {
        State.MERGED: "its work was merged, and the task was taken up again",
        State.LOST: "its container vanished",
        State.PAUSED: "it asked for an approval",
        State.CANCELLED: "it was stopped by people",
    }
)


def ending(attempt: Attempt) -> str:
    """Answer why the attempt ended: words of fleet alone, whatever anybody else said of it."""
    if attempt.red is not None:
        return _BY_RED[attempt.red]
    if attempt.cause is not None:
        return _BY_CAUSE[attempt.cause]
    return _BY_STATE.get(attempt.state, "it failed")
