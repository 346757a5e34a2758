"""Launch: worktree and branch, packet, container started by its fixed name."""

import json
from dataclasses import dataclass
from typing import Any

from fleet.app.desk import Desk
from fleet.app.tools import Tools
from fleet.domain.attempt import Attempt, State
from fleet.domain.errors import DiskFullError, FleetError, TransientError
from fleet.domain.plan import Launch
from fleet.domain.profile import Profile, Project
from fleet.domain.task import Task
from fleet.ports import ContainerSpec, Mount, Workspace

_STOP_GRACE = 5


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
    profile = tools.fleet.profiles.get(attempt.profile)
    if profile is None:
        reason = f"profile {attempt.profile} is gone"
        return LaunchFailed(attempt=attempt.id, kind="agent_missing", reason=reason)
    if tools.runtime.image_id(project.image) is None:
        reason = f"image {project.image} is missing: run `fleet image build`"
        return LaunchFailed(attempt=attempt.id, kind="image", reason=reason)
    try:
        space = tools.worktrees.prepare(
            project, attempt.id, branch=task.branch, fresh=attempt.fresh
        )
        tools.runtime.start(_spec(attempt, task, profile, space=space, tools=tools))
    except TransientError:
        raise
    except FleetError as error:
        return failed(attempt, error)
    return Launched(attempt=attempt.id, base=space.base, notes=space.notes)


def failed(attempt: Attempt, error: Exception) -> LaunchFailed:
    """Answer what a failure to start means; a full disk is not the task's end."""
    kind = "disk" if isinstance(error, DiskFullError | OSError) else "workspace"
    said = str(error) if isinstance(error, FleetError) else f"{type(error).__name__}: {error}"
    return LaunchFailed(attempt=attempt.id, kind=kind, reason=said)


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


def _spec(
    attempt: Attempt, task: Task, profile: Profile, *, space: Workspace, tools: Tools
) -> ContainerSpec:
    project = tools.fleet.projects[task.project]
    packet = _packet(attempt, task, profile, tools=tools)
    tools.trace(attempt.id, {"kind": "asked", "packet": packet})
    folder = tools.packets.write(
        attempt.id,
        {
            "packet.json": json.dumps(packet),
            "context.json": json.dumps(_context(attempt, task, profile, tools=tools)),
            "passwd": f"agent:x:{space.uid}:{space.gid}:agent:/home/agent:/bin/sh\n",
            "group": f"agent:x:{space.gid}:\n",
        },
        uid=space.uid,
        gid=space.gid,
    )
    return ContainerSpec(
        name=attempt.container,
        image=project.image,
        command=(),
        uid=space.uid,
        gid=space.gid,
        limits=profile.limits,
        mounts=_mounts(space, folder, profile),
        environment=_environment(profile),
        labels={"fleet.attempt": attempt.id, "fleet.purpose": "agent"},
    )


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


def _packet(attempt: Attempt, task: Task, profile: Profile, *, tools: Tools) -> dict[str, Any]:
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
            },
            "setup": [list(argv) for argv in project.setup],
            "check": list(project.checks[0].command) if project.checks else None,
            "self_check_rounds": profile.self_check_rounds,
            "limits": _limits(profile, project),
        },
    }


def _limits(profile: Profile, project: Project) -> dict[str, Any]:
    return {
        "attempt_timeout_seconds": profile.attempt_timeout,
        "setup_timeout_seconds": project.setup_timeout,
        "check_timeout_seconds": project.checks[0].timeout_seconds if project.checks else 600,
        "stop_grace_seconds": _STOP_GRACE,
        "heartbeat_seconds": min(10.0, profile.heartbeat_lost_after / 3),
        "max_turns": profile.max_turns,
        "max_cost_usd": (profile.max_cost_micros / 1_000_000) or None,
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
