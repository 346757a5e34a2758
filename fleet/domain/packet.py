"""The words an agent's container is given: TaskPacket and RunContext, as CONTRACT.md says."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fleet.domain.attempt import Attempt
from fleet.domain.budget import MICROS, dollars
from fleet.domain.policy import PendingAction
from fleet.domain.profile import Account, Profile, Project
from fleet.domain.task import Task

_STOP_GRACE = 5
_QUIET = 0.9
_EARLIER = 3  # attempts whose end is told


@dataclass(frozen=True, kw_only=True)
class Given:
    """What an attempt is started for, with what; `session` names the coordinator's life."""

    attempt: Attempt
    task: Task
    project: Project
    profile: Profile
    account: Account
    session: str


def packet_of(given: Given, messages: list[dict[str, str]]) -> dict[str, Any]:
    """Answer the TaskPacket; no secret is ever in it."""
    task, project = given.task, given.project
    accepted = [f"acceptance: {text}" for text in task.accept]
    guarded = [f"do not change: {path}" for path in (*project.check_files, *project.protected)]
    return {
        "task_id": task.key,
        "session_id": given.session,
        "trace_id": given.attempt.id,
        "goal": task.goal or task.title,
        "messages": messages,
        "constraints": accepted + guarded,
        "context": {
            "title": task.title,
            "role": task.role,
            "attempt": given.attempt.number,
            "branch": task.branch,
            "agent": _agent(given.profile, given.account),
            "needs_secret": given.account.secret,
            "setup": [list(argv) for argv in project.setup],
            "check": list(project.checks[0].command) if project.checks else None,
            "self_check_rounds": given.profile.self_check_rounds,
            "limits": _limits(given.profile, project),
        },
    }


def context_of(given: Given) -> dict[str, Any]:
    """Answer the RunContext."""
    profile, task = given.profile, given.task
    return {
        "session_id": given.session,
        "trace_id": given.attempt.id,
        "workspace_root": "/workspace",
        "safe_mode": profile.safe_mode,
        "approved_categories": [*profile.approved_categories, *task.granted],
        "max_retries": task.max_retries,
        "attempt": given.attempt.number,
    }


def messages_of(
    given: Given, attempts: Sequence[Attempt], actions: Sequence[PendingAction]
) -> list[dict[str, str]]:
    """Word what earlier attempts of the task and people said; the newest comes last."""
    messages = []
    if given.profile.instructions:
        messages.append({"role": "system", "content": given.profile.instructions})
    earlier = [old for old in attempts if old.number < given.attempt.number]
    for old in earlier[-_EARLIER:]:
        if old.diagnosis or old.reason:
            said = f"Attempt {old.number} ended {old.state}: {old.reason}\n{old.diagnosis}"
            messages.append({"role": "user", "content": said.strip()})
    for action in actions:
        if action.task == given.task.key and action.answer:
            content = f"Your request {action.id} ({action.category}): {action.answer}"
            messages.append({"role": "user", "content": content})
    messages += [{"role": "user", "content": comment} for comment in given.task.comments]
    return messages


def _agent(profile: Profile, account: Account) -> dict[str, Any]:
    return {
        "name": profile.agent,
        "command": list(profile.command),
        "model": profile.model,
        "base_url": account.base_url,
        "teams": profile.teams,
        "price": _price(profile),
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
