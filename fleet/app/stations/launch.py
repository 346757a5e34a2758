"""Launch: worktree and branch, packet, container started by its fixed name."""

import json
import logging
from dataclasses import dataclass, replace

from fleet.app import clearance
from fleet.app.desk import Desk
from fleet.app.reach import reach_of
from fleet.app.stations.keeping import keep_lost
from fleet.app.stations.outfit import environment_of, mounts_of, skill_files
from fleet.app.stations.remind import remind
from fleet.app.tools import Tools
from fleet.domain.attempt import Attempt, State
from fleet.domain.errors import (
    ConfigError,
    CredentialError,
    DiskFullError,
    FleetError,
    HalfStartedError,
)
from fleet.domain.etc import etc_files
from fleet.domain.handoff import Handoff, Work, handoff_of, predecessors
from fleet.domain.packet import Given, context_of, packet_of
from fleet.domain.plan import Launch
from fleet.domain.retold import told_on
from fleet.domain.swap import Cause
from fleet.ports import ContainerSpec, Workspace

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Launched:
    """The container runs; `base` is the SHA the worktree started at."""

    attempt: str
    base: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LaunchFailed:
    """The container could not be started; `kind` says whether a retry makes sense."""

    attempt: str
    kind: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Withdrawn:
    """It never started and its slot is not its own any more; it counts for nothing."""

    attempt: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Delayed:
    """It cannot be started for now, which is nobody's fault; it is tried again."""

    attempt: str
    reason: str


Finding = Launched | LaunchFailed | Withdrawn | Delayed


def record(action: Launch, desk: Desk) -> None:
    """Move a leased attempt to PREPARING before anything happens in the world."""
    if action.attempt.state is State.LEASED:
        desk.move(action.attempt, State.PREPARING)


def carry_out(action: Launch, tools: Tools) -> Finding:
    """Find or create worktree, packet and container; what it raises `failed` explains."""
    attempt, task = action.attempt, action.task
    if attempt.state is State.PREPARING and _has_container(attempt, tools):
        # an earlier try got that far: its agent may have worked, so nothing may refuse it now
        project = tools.project(attempt.project)
        space = tools.worktrees.prepare(project, attempt.id, branch=task.branch, fresh=False)
        return Launched(attempt=attempt.id, base=space.base, notes=space.notes)
    gone = clearance.withdrawn(action, tools)
    if gone:
        return Withdrawn(attempt=attempt.id, reason=gone)
    given = Given(
        attempt=attempt,
        task=task,
        project=tools.project(attempt.project),
        profile=tools.fleet.profiles[attempt.profile],
        account=tools.fleet.accounts[attempt.account],
        session=tools.session,
    )
    refused = _refusal(given, tools)
    if refused:
        return refused
    guided = replace(given, guidance=tools.reviewed.guidance(given.project))
    return _started(guided, tools)


def _refusal(given: Given, tools: Tools) -> LaunchFailed | None:
    """Answer why it cannot be started at all, before anything is made: nothing is left behind."""
    refused = clearance.refused(given.profile, given.project, tools)
    try:
        tools.secrets.check(given.account)
    except CredentialError as error:
        # not the task's end: the pool takes another account, or waits for this one
        refused = refused or (Cause.CREDENTIAL.value, str(error))
    if refused is None:
        return None
    kind, reason = refused
    return LaunchFailed(attempt=given.attempt.id, kind=kind, reason=reason)


def _started(given: Given, tools: Tools) -> Launched | LaunchFailed:
    attempt, branch = given.attempt, given.task.branch
    before = predecessors(attempt, tools.ledger.attempts(given.task.key))
    keep_lost(before, given.project, branch=branch, worktrees=tools.worktrees)
    space = tools.worktrees.prepare(given.project, attempt.id, branch=branch, fresh=attempt.fresh)
    try:
        tools.runtime.start(_spec(given, space, tools))
    except HalfStartedError as error:
        # its agent may be at work where nobody sees it: no other may be let into this worktree
        return LaunchFailed(attempt=attempt.id, kind=State.LOST.value, reason=str(error))
    notes = (*space.notes, *given.guidance.notes)
    return Launched(attempt=attempt.id, base=space.base, notes=notes)


def failed(attempt: Attempt, error: Exception) -> LaunchFailed | Delayed:
    """Answer what a failure to start means; a host without room is not the task's end."""
    said = str(error) if isinstance(error, FleetError) else f"{type(error).__name__}: {error}"
    match error:
        case DiskFullError() | OSError() | CredentialError() | ConfigError():
            return Delayed(attempt=attempt.id, reason=said)
        case _:
            return LaunchFailed(attempt=attempt.id, kind="workspace", reason=said)


def _has_container(attempt: Attempt, tools: Tools) -> bool:
    known = tools.runtime.containers()
    return any(c.name == attempt.container and (c.running or c.exit is not None) for c in known)


def settle(finding: Finding, desk: Desk) -> None:
    """Move to RUNNING; where the container could not be started, to the end that fits.

    A credential that cannot be used ends it as SWAPPED: another account may have a good one. One
    that the engine half started is LOST. What passes by itself leaves it where it is, with the
    reason.
    """
    attempt = desk.attempt(finding.attempt)
    if attempt is None or attempt.state is not State.PREPARING:
        return
    match finding:
        case Launched():
            moved = desk.move(attempt, State.RUNNING, base=finding.base, hindered="")
            for note in finding.notes:
                desk.log("attempt.note", moved, what=note)
        case Delayed(reason=said):
            _delay(attempt, said, desk)
        case Withdrawn(reason=said):
            desk.move(attempt, State.CANCELLED, reason=said)
        case LaunchFailed():
            _end(attempt, finding, desk)


def _end(attempt: Attempt, finding: LaunchFailed, desk: Desk) -> None:
    said, kind = finding.reason, finding.kind
    match kind:
        case Cause.CREDENTIAL.value:
            told = {"failure_kind": kind, "cause": Cause.CREDENTIAL}
            desk.move(attempt, State.SWAPPED, reason=said, **told)
        case State.LOST.value:
            desk.move(attempt, State.LOST, reason=said)
        case _:
            desk.move(attempt, State.FAILED, reason=said, failure_kind=kind)


def _delay(attempt: Attempt, reason: str, desk: Desk) -> None:
    """Say once why it is not started yet."""
    said = f"it cannot be started: {reason}"
    if attempt.hindered != said:
        desk.save(replace(attempt, hindered=said))
        desk.log("attempt.hindered", attempt, what=said)


def _spec(given: Given, space: Workspace, tools: Tools) -> ContainerSpec:
    attempt, profile = given.attempt, given.profile
    folder = _told(given, space, tools)
    reach = reach_of(attempt, profile, account=given.account, tools=tools)
    return ContainerSpec(
        name=attempt.container,
        image=given.project.image,
        command=(),
        uid=space.uid,
        gid=space.gid,
        limits=profile.limits,
        mounts=mounts_of(given, space, folder, tools),
        environment=environment_of(profile) | reach.environment,
        labels={"fleet.attempt": attempt.id, "fleet.purpose": "agent"},
        network=reach.network,
        dns=reach.dns,
    )


def _told(given: Given, space: Workspace, tools: Tools) -> str:
    """Write what the agent is told; answer the folder."""
    attempt, uid, gid = given.attempt, space.uid, space.gid
    reminder = remind(attempt, given.task, tools)
    informed = replace(
        given,
        handoff=_handoff(given, space, tools),
        lessons=reminder.lessons,
        candidates=reminder.candidates,
        map=_map(given, space, tools),
    )
    packet = packet_of(informed, tools.ledger.pending_actions(given.task.key))
    tools.trace(attempt.id, {"kind": "asked", "packet": packet})
    files = {
        "packet.json": json.dumps(packet),
        "context.json": json.dumps(context_of(given)),
        **etc_files(uid, gid),
        **skill_files(given),
    }
    return tools.packets.write(attempt.id, files, uid=uid, gid=gid)


def _map(given: Given, space: Workspace, tools: Tools) -> str:
    """Answer the map of what lies in the worktree; an attempt can do without."""
    limit = tools.fleet.memory.map_bytes
    if not limit:
        return ""
    try:
        return tools.maps.map_of(given.project, space.base, limit=limit)
    except FleetError as error:
        told = {"attempt": given.attempt.id, "reason": str(error)}
        log.warning("no repository map", extra=told)
        return ""


def _handoff(given: Given, space: Workspace, tools: Tools) -> Handoff | None:
    """Answer what the attempt takes over, by git and the ledger; None where nobody had the task."""
    task, project = given.task, given.project
    before = predecessors(given.attempt, tools.ledger.attempts(task.key))
    if not before:
        return None
    target = tools.worktrees.tip(project)
    changes = tools.worktrees.diff(project, target, space.base)
    work = Work(head=space.base, target=target, changes=changes)
    ledger = tools.ledger
    events = told_on(ledger.events(task=task.key), task.project, ledger.lessons())
    return handoff_of(task, given.attempt, before, work=work, events=events)
