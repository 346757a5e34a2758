"""Launch: worktree and branch, packet, container started by its fixed name."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from fleet.app.desk import Desk
from fleet.app.reach import reach_of
from fleet.app.tools import Tools
from fleet.domain.agent import AGENTS
from fleet.domain.attempt import Attempt, State
from fleet.domain.budget import MICROS, dollars
from fleet.domain.errors import CredentialError, DiskFullError, FleetError, TransientError
from fleet.domain.plan import Launch
from fleet.domain.profile import LOCAL, Account, Profile, Project
from fleet.domain.task import Task
from fleet.ports import ContainerSpec, Mount, Workspace

_STOP_GRACE = 5
_QUIET = 0.9


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
    project = tools.fleet.projects[task.project]
    if attempt.state is State.PREPARING and _has_container(attempt, tools):
        # an earlier try got that far: its agent may have worked, so nothing may refuse it now
        space = tools.worktrees.prepare(project, attempt.id, branch=task.branch, fresh=False)
        return Launched(attempt=attempt.id, base=space.base, notes=space.notes)
    refusal = _refusal(attempt, project, tools)
    if refusal is not None:
        return refusal
    profile, account = tools.fleet.profiles[attempt.profile], tools.fleet.accounts[attempt.account]
    try:
        # before the worktree is made: a refusal leaves nothing behind
        tools.secrets.check(account)
        space = tools.worktrees.prepare(
            project, attempt.id, branch=task.branch, fresh=attempt.fresh
        )
        given = Given(task=task, profile=profile, account=account, space=space)
        tools.runtime.start(_spec(attempt, given, tools))
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
            kind = "credential"
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
        kind, reason = "credential", f"account {attempt.account} is gone"
    elif tools.runtime.image_id(image) is None:
        kind, reason = "image", f"image {image} is missing: run `fleet image build`"
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


def settle(finding: Launched | LaunchFailed, desk: Desk) -> None:
    """Move to RUNNING, or to FAILED where the container could not be started."""
    attempt = desk.attempt(finding.attempt)
    if attempt is None or attempt.state is not State.PREPARING:
        return
    match finding:
        case Launched():
            moved = desk.move(attempt, State.RUNNING, base=finding.base)
            for note in finding.notes:
                desk.log("attempt.note", moved, what=note)
        case LaunchFailed():
            kind = finding.kind
            desk.move(attempt, State.FAILED, reason=finding.reason, failure_kind=kind)


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a container is started for, with what, and where."""

    task: Task
    profile: Profile
    account: Account
    space: Workspace


def _spec(attempt: Attempt, given: Given, tools: Tools) -> ContainerSpec:
    space, profile = given.space, given.profile
    project = tools.fleet.projects[given.task.project]
    packet = _packet(attempt, given, tools)
    tools.trace(attempt.id, {"kind": "asked", "packet": packet})
    folder = tools.packets.write(
        attempt.id,
        {
            "packet.json": json.dumps(packet),
            "context.json": json.dumps(_context(attempt, given.task, profile, tools=tools)),
            "passwd": f"agent:x:{space.uid}:{space.gid}:agent:/home/agent:/bin/sh\n",
            "group": f"agent:x:{space.gid}:\n",
        },
        uid=space.uid,
        gid=space.gid,
    )
    reach = reach_of(attempt, profile, account=given.account, tools=tools)
    return ContainerSpec(
        name=attempt.container,
        image=project.image,
        command=(),
        uid=space.uid,
        gid=space.gid,
        limits=profile.limits,
        mounts=(
            *_mounts(space, folder, profile),
            *_shelf(given, tools),
            *_secret(attempt, given, tools),
        ),
        environment=_environment(profile) | reach.environment,
        labels={"fleet.attempt": attempt.id, "fleet.purpose": "agent"},
        network=reach.network,
        dns=reach.dns,
    )


def _shelf(given: Given, tools: Tools) -> Iterator[Mount]:
    """Answer where a CLI's session outlives a pause; `command` has none."""
    agent, space = given.profile.agent, given.space
    if agent != LOCAL.agent:
        source = tools.packets.shelf(given.task.key, agent, uid=space.uid, gid=space.gid)
        yield Mount(source=source, target="/fleet/state", writable=True)


def _secret(attempt: Attempt, given: Given, tools: Tools) -> Iterator[Mount]:
    """Lay out the account's secret, last of all: it is there for as short as can be."""
    if given.account.secret:
        uid, gid = given.space.uid, given.space.gid
        source = tools.secrets.write(attempt.id, given.account, uid=uid, gid=gid)
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


def _packet(attempt: Attempt, given: Given, tools: Tools) -> dict[str, Any]:
    task, profile = given.task, given.profile
    project = tools.fleet.projects[task.project]
    accepted = [f"acceptance: {text}" for text in task.accept]
    guarded = [f"do not change: {path}" for path in (*project.check_files, *project.protected)]
    return {
        "task_id": task.key,
        "session_id": tools.session,
        "trace_id": attempt.id,
        "goal": task.goal or task.title,
        "messages": _messages(attempt, task, profile, tools=tools),
        "constraints": accepted + guarded,
        "context": {
            "title": task.title,
            "role": task.role,
            "attempt": attempt.number,
            "branch": task.branch,
            "agent": {
                "name": profile.agent,
                "command": list(profile.command),
                "model": profile.model,
                "base_url": given.account.base_url,
                "teams": profile.teams,
                "price": _price(profile),
            },
            "needs_secret": given.account.secret,
            "setup": [list(argv) for argv in project.setup],
            "check": list(project.checks[0].command) if project.checks else None,
            "self_check_rounds": profile.self_check_rounds,
            "limits": _limits(profile, project),
        },
    }


def _price(profile: Profile) -> dict[str, float] | None:
    """Answer the profile's price in dollars per million tokens, None where it has none."""
    if profile.price is None:
        return None
    return {key: micros / MICROS for key, micros in asdict(profile.price).items()}


def _limits(profile: Profile, project: Project) -> dict[str, Any]:
    return {
        "attempt_timeout_seconds": profile.attempt_timeout,
        "setup_timeout_seconds": project.setup_timeout,
        "check_timeout_seconds": project.checks[0].timeout_seconds if project.checks else 600,
        "stop_grace_seconds": _STOP_GRACE,
        "heartbeat_seconds": min(10.0, profile.heartbeat_lost_after / 3),
        # the runner gives up before the coordinator does: it can say what hung
        "quiet_seconds": profile.stall_after * _QUIET,
        "max_turns": profile.max_turns,
        "max_cost_usd": dollars(profile.max_cost_micros) or None,
    }


def _messages(
    attempt: Attempt, task: Task, profile: Profile, *, tools: Tools
) -> list[dict[str, str]]:
    """Word what earlier attempts and people said; the newest comes last."""
    messages = []
    if profile.instructions:
        messages.append({"role": "system", "content": profile.instructions})
    earlier = [a for a in tools.ledger.attempts(task.key) if a.number < attempt.number]
    for old in earlier[-3:]:
        if old.diagnosis or old.reason:
            said = f"Attempt {old.number} ended {old.state}: {old.reason}\n{old.diagnosis}"
            messages.append({"role": "user", "content": said.strip()})
    for action in tools.ledger.pending_actions():
        if action.task == task.key and action.answer:
            content = f"Your request {action.id} ({action.category}): {action.answer}"
            messages.append({"role": "user", "content": content})
    messages += [{"role": "user", "content": comment} for comment in task.comments]
    return messages


def _context(attempt: Attempt, task: Task, profile: Profile, *, tools: Tools) -> dict[str, Any]:
    return {
        "session_id": tools.session,
        "trace_id": attempt.id,
        "workspace_root": "/workspace",
        "safe_mode": profile.safe_mode,
        "approved_categories": [*profile.approved_categories, *task.granted],
        "max_retries": task.max_retries,
        "attempt": attempt.number,
    }
