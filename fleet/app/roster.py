"""Who does what: for each action its station's record and work, for each finding its settlement."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from fleet.app.desk import Desk
from fleet.app.stations import (
    collect,
    dispatch,
    found,
    landing,
    launch,
    learn,
    merge,
    propose,
    trying,
    verify,
    watch,
)
from fleet.app.tools import Terms, Tools
from fleet.domain.attempt import Red, State
from fleet.domain.errors import ConfigError, DiskFullError, FleetError
from fleet.domain.merge import PullRequestStatus
from fleet.domain.plan import (
    Action,
    Clean,
    Collect,
    Conclude,
    Dispatch,
    Follow,
    Launch,
    Propose,
    Retire,
    Stop,
    Verify,
)
from fleet.domain.tries import Land, Try
from fleet.domain.wire import Line
from fleet.ports import Exit

Finding = (
    launch.Launched
    | launch.LaunchFailed
    | launch.Withdrawn
    | launch.Delayed
    | collect.Gathered
    | collect.Hindered
    | verify.Unchanged
    | verify.Ruled
    | verify.Verified
    | verify.Impossible
    | found.Tried
    | found.InConflict
    | found.Voided
    | found.Held
    | found.Landed
    | found.Unmoved
    | found.Unsure
    | propose.Proposed
    | propose.Clashing
    | propose.Pointless
    | learn.Cleaned
    | learn.Retired
)

Work = tuple[str, Callable[[], object]]


def record(action: Action, desk: Desk, terms: Terms) -> None:
    """Write down what is about to be done, before it is done."""
    match action:
        case Dispatch():
            dispatch.record(action, desk, fleet=terms.fleet, home8=terms.home8)
        case Launch():
            launch.record(action, desk)
        case Stop():
            watch.record_stop(action, desk)
        case Conclude():
            _conclude(action, desk)
        case Follow() | Collect() | Verify() | Propose() | Try() | Land() | Clean() | Retire():
            pass
        case _:
            assert_never(action)


def _conclude(action: Conclude, desk: Desk) -> None:
    attempt = action.attempt
    red = {"red": Red.REVIEW, "diagnosis": action.reason} if action.to is State.REJECTED else {}
    desk.move(attempt, action.to, reason=action.reason, **red)
    pull = next((p for p in desk.snapshot.pulls if p.attempt == attempt.id), None)
    if pull is not None and action.to is State.CANCELLED:
        desk.save(replace(pull, status=PullRequestStatus.REJECTED, reason=action.reason))


def needs_engine(action: Action) -> bool:
    """Tell whether an action can do nothing while the container engine does not answer."""
    match action:
        case Launch() | Follow() | Stop() | Verify() | Try() | Clean():
            return True
        case Dispatch() | Conclude() | Collect() | Propose() | Land() | Retire():
            return False
        case _:
            assert_never(action)


def work(action: Action, tools: Tools, exits: Mapping[str, Exit | None]) -> Work | None:
    """Answer the pool and the work of an action; None for what is done once it is recorded."""
    match action:
        case Launch() | Stop() | Collect() | Clean():
            return _on_attempt(action, tools, exits)
        case Verify() | Propose() | Try() | Land() | Retire():
            return _on_branch(action, tools)
        case Dispatch() if action.after is not None:
            return "report", lambda: dispatch.carry_out(action, tools)
        case Dispatch() | Conclude() | Follow():
            return None
        case _:
            assert_never(action)


def _on_attempt(
    action: Launch | Stop | Collect | Clean, tools: Tools, exits: Mapping[str, Exit | None]
) -> Work:
    match action:
        case Launch():
            return "start", lambda: launch.carry_out(action, tools)
        case Stop():
            return "stop", lambda: watch.carry_out_stop(action, tools)
        case Collect():
            ended = exits.get(action.attempt.id)
            return "git", lambda: collect.carry_out(action, ended, tools)
        case Clean():
            return "git", lambda: learn.clean(action, tools)
        case _:
            assert_never(action)


def _on_branch(action: Verify | Propose | Try | Land | Retire, tools: Tools) -> Work:
    match action:
        case Verify():
            return "check", lambda: verify.carry_out(action, tools)
        case Propose():
            return "git", lambda: propose.carry_out(action, tools)
        case Try():
            return "merge", lambda: trying.attempt(action, tools)
        case Land():
            return "git", lambda: landing.land(action, tools)
        case Retire():
            return "learn", lambda: learn.retire(action, tools)
        case _:
            assert_never(action)


def fold(
    findings: Iterable[Finding | watch.Told], desk: Desk, terms: Terms
) -> dict[str, list[Line]]:
    """Fold all findings into the desk; answer what each attempt's container newly said."""
    told: dict[str, list[Line]] = {}
    for finding in findings:
        if isinstance(finding, watch.Told):
            new = watch.settle(finding, desk, fleet=terms.fleet)
            told.setdefault(finding.attempt, []).extend(new)
        else:
            settle(finding, desk, terms)
    return told


def settle(finding: Finding, desk: Desk, terms: Terms) -> None:
    """Fold a finding into the desk; one that comes too late changes nothing."""
    match finding:
        case launch.Launched() | launch.LaunchFailed() | launch.Withdrawn() | launch.Delayed():
            launch.settle(finding, desk)
        case collect.Gathered() | collect.Hindered():
            collect.settle(finding, desk, terms)
        case verify.Unchanged() | verify.Ruled() | verify.Verified() | verify.Impossible():
            verify.settle(finding, desk, fleet=terms.fleet)
        case found.Tried() | found.InConflict() | found.Voided() | found.Held():
            merge.settle(finding, desk)
        case found.Landed() | found.Unmoved() | found.Unsure():
            landing.settle(finding, desk)
        case propose.Proposed() | propose.Clashing() | propose.Pointless():
            propose.settle(finding, desk, terms)
        case learn.Cleaned() | learn.Retired():
            learn.settle(finding, desk)
        case _:
            assert_never(finding)


def failed(action: Action, error: Exception) -> Finding | None:
    """Answer what a failure that will not pass by itself means; None: try again after a while."""
    said = str(error) if isinstance(error, FleetError) else f"{type(error).__name__}: {error}"
    match action:
        case Launch():
            return launch.failed(action.attempt, error)
        case Collect():
            return collect.Hindered(attempt=action.attempt.id, reason=said)
        case Verify() if not isinstance(error, DiskFullError):
            return verify.Impossible(attempt=action.attempt.id, reason=said)
        case Propose() | Try() | Land():
            return _not_merged(action, error, said)
        case _:
            return None


def _not_merged(action: Propose | Try | Land, error: Exception, said: str) -> Finding | None:
    match action:
        case Propose():
            waits = isinstance(error, DiskFullError | ConfigError)
            return None if waits else propose.failed(action, said)
        case Try():
            return trying.held(action, said)
        case Land():
            return landing.failed(action, said)
        case _:
            assert_never(action)
