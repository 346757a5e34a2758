"""Launch: worktree and branch, packet, container started by its fixed name."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fleet.app import health, receipts
from fleet.app.desk import Desk
from fleet.app.reach import reach_of
from fleet.app.tools import Tools
from fleet.domain.agent import AGENTS
from fleet.domain.attempt import Attempt, Outcome, State
from fleet.domain.errors import CredentialError, DiskFullError, FleetError, TransientError
from fleet.domain.handoff import Handoff, Work, handoff_of, predecessors
from fleet.domain.image import how_to_have
from fleet.domain.packet import Given, context_of, packet_of
from fleet.domain.plan import Launch
from fleet.domain.profile import LOCAL, Fleet, Profile, Project
from fleet.domain.swap import Cause
from fleet.ports import ContainerSpec, Mount, Workspace


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


def record(action: Launch, desk: Desk) -> None:
    """Move a leased attempt to PREPARING before anything happens in the world."""
    if action.attempt.state is State.LEASED:
        desk.move(action.attempt, State.PREPARING)


def carry_out(action: Launch, tools: Tools) -> Launched | LaunchFailed:
    """Find or create worktree, packet and container; raises TransientError to be tried again."""
    attempt, task = action.attempt, action.task
    project = tools.project(task.project)
    if attempt.state is State.PREPARING and _has_container(attempt, tools):
        # an earlier try got that far: its agent may have worked, so nothing may refuse it now
        space = tools.worktrees.prepare(project, attempt.id, branch=task.branch, fresh=False)
        return Launched(attempt=attempt.id, base=space.base, notes=space.notes)
    refusal = _refusal(attempt, project, tools)
    if refusal is not None:
        return refusal
    given = Given(
        attempt=attempt,
        task=task,
        project=project,
        profile=tools.fleet.profiles[attempt.profile],
        account=tools.fleet.accounts[attempt.account],
        session=tools.session,
    )
    try:
        # before the worktree is made: a refusal leaves nothing behind
        tools.secrets.check(given.account)
        space = tools.worktrees.prepare(
            project, attempt.id, branch=task.branch, fresh=attempt.fresh
        )
        tools.runtime.start(_spec(given, space, tools))
    except TransientError:
        raise
    except FleetError as error:
        return failed(attempt, error)
    return Launched(attempt=attempt.id, base=space.base, notes=space.notes)


def failed(attempt: Attempt, error: Exception) -> LaunchFailed:
    """Answer what a failure to start means; a full disk is not the task's end."""
    match error:
        case DiskFullError() | OSError():
            kind = "disk"
        case CredentialError():
            # not the task's end: the pool takes another account, or waits for this one
            kind = Cause.CREDENTIAL.value
        case _:
            kind = "workspace"
    said = str(error) if isinstance(error, FleetError) else f"{type(error).__name__}: {error}"
    return LaunchFailed(attempt=attempt.id, kind=kind, reason=said)


def _refusal(attempt: Attempt, project: Project, tools: Tools) -> LaunchFailed | None:
    """Answer why the attempt cannot be started at all, None when it may be tried."""
    profile, image = tools.fleet.profiles.get(attempt.profile), project.image
    kind, reason = "agent_missing", ""
    if profile is None or profile.agent not in AGENTS:
        reason = f"profile {attempt.profile} is gone, or its agent is unknown"
    elif attempt.account not in tools.fleet.accounts:
        kind, reason = Cause.CREDENTIAL.value, f"account {attempt.account} is gone"
    elif tools.runtime.image_id(image) is None:
        kind, reason = "image", f"image {image} is missing: {how_to_have(image)}"
    else:
        reason = _lacking(image, AGENTS[profile.agent].program, tools)
    return LaunchFailed(attempt=attempt.id, kind=kind, reason=reason) if reason else None


def _lacking(image: str, program: str, tools: Tools) -> str:
    """Say that the image has no such program, "" when it has or does not say."""
    # every agent image has `command`: the engine is not asked once more
    has = None if program == "command" else tools.runtime.image_agents(image)
    if has is None or program in has:
        return ""
    remedy = f"run `fleet image build --agents {program}`, or name another image"
    return f"{program} is not in image {image}: {remedy}"


def _has_container(attempt: Attempt, tools: Tools) -> bool:
    known = tools.runtime.containers()
    return any(c.name == attempt.container and (c.running or c.exit is not None) for c in known)


def settle(finding: Launched | LaunchFailed, desk: Desk, *, fleet: Fleet) -> None:
    """Move to RUNNING; where the container could not be started, to FAILED.

    A credential that cannot be used ends it as SWAPPED: another account may have a good one.
    """
    attempt = desk.attempt(finding.attempt)
    if attempt is None or attempt.state is not State.PREPARING:
        return
    match finding:
        case Launched():
            moved = desk.move(attempt, State.RUNNING, base=finding.base)
            for note in finding.notes:
                desk.log("attempt.note", moved, what=note)
        case LaunchFailed(kind=Cause.CREDENTIAL.value as kind, reason=said):
            told = {"failure_kind": kind, "cause": Cause.CREDENTIAL}
            health.note(desk.move(attempt, State.SWAPPED, reason=said, **told), desk, fleet=fleet)
        case LaunchFailed(kind=kind, reason=said):
            desk.move(attempt, State.FAILED, reason=said, failure_kind=kind)


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
        mounts=(
            *_mounts(space, folder, profile),
            *_shelf(given, space, tools),
            *_secret(given, space, tools),
        ),
        environment=_environment(profile) | reach.environment,
        labels={"fleet.attempt": attempt.id, "fleet.purpose": "agent"},
        network=reach.network,
        dns=reach.dns,
    )


def _told(given: Given, space: Workspace, tools: Tools) -> str:
    """Write what the agent is told; answer the folder."""
    attempt, uid, gid = given.attempt, space.uid, space.gid
    informed = replace(given, handoff=_handoff(given, space, tools))
    packet = packet_of(informed, tools.ledger.pending_actions())
    receipts.trace(attempt, tools)
    tools.trace(attempt.id, {"kind": "asked", "packet": packet})
    files = {
        "packet.json": json.dumps(packet),
        "context.json": json.dumps(context_of(given)),
        "passwd": f"agent:x:{uid}:{gid}:agent:/home/agent:/bin/sh\n",
        "group": f"agent:x:{gid}:\n",
    }
    return tools.packets.write(attempt.id, files, uid=uid, gid=gid)


def _handoff(given: Given, space: Workspace, tools: Tools) -> Handoff | None:
    """Answer what the attempt takes over, by git and the ledger; None where nobody had the task."""
    task, project = given.task, given.project
    before = predecessors(given.attempt, tools.ledger.attempts(task.key))
    if not before:
        return None
    target = tools.worktrees.tip(project)
    changes = tools.worktrees.diff(project, target, space.base)
    work = Work(head=space.base, target=target, changes=changes)
    events = tools.ledger.events(task=task.key)
    return handoff_of(task, given.attempt, before, work=work, events=events)


def _shelf(given: Given, space: Workspace, tools: Tools) -> Iterator[Mount]:
    """Answer where a CLI's session outlives a pause; `command` has none."""
    agent = given.profile.agent
    if agent != LOCAL.agent:
        if not _after_a_pause(given, tools):
            # what lies there was put there by an agent, not by its runner
            tools.packets.drop_shelves(given.task.key)
        source = tools.packets.shelf(given.task.key, agent, uid=space.uid, gid=space.gid)
        yield Mount(source=source, target="/fleet/state", writable=True)


def _after_a_pause(given: Given, tools: Tools) -> bool:
    """Tell whether the last attempt that ran paused: only then did its runner keep a session."""
    attempts = tools.ledger.attempts(given.task.key)
    earlier = [old for old in attempts if old.number < given.attempt.number and old.started]
    return bool(earlier) and earlier[-1].outcome is Outcome.PAUSED


def _secret(given: Given, space: Workspace, tools: Tools) -> Iterator[Mount]:
    """Lay out the account's secret, last of all: it is there for as short as can be."""
    if given.account.secret:
        uid, gid = space.uid, space.gid
        source = tools.secrets.write(given.attempt.id, given.account, uid=uid, gid=gid)
        yield Mount(source=source, target="/fleet/secret")


def _mounts(space: Workspace, folder: str, profile: Profile) -> tuple[Mount, ...]:
    return (
        Mount(source=space.path, target="/workspace", writable=True),
        Mount(source=space.git_file, target="/workspace/.git"),
        Mount(source=space.git_dir, target="/fleet/git", writable=True),
        *(Mount(source=objects, target=objects) for objects in space.objects),
        Mount(source=f"{folder}/packet.json", target="/fleet/packet.json"),
        Mount(source=f"{folder}/context.json", target="/fleet/context.json"),
        Mount(source=f"{folder}/passwd", target="/etc/passwd"),
        Mount(source=f"{folder}/group", target="/etc/group"),
        *(Mount(source=source, target=target) for source, target in profile.files),
    )


def _environment(profile: Profile) -> dict[str, str]:
    name, mail = f"fleet {profile.name}", "fleet@localhost"
    return {
        "HOME": "/home/agent",
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": mail,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": mail,
    }
